/**
 * Conformance of the forger's rollup engine with the case files of a folder (`npm run conformance -- hermez DIR`).
 */
import { batches, rejects } from './hermez/batches.ts'
import { type CaseFile, caseFiles, type Result } from './hermez/cases.ts'
import { fees, float40, keys, stateTree } from './hermez/primitives.ts'
import { txCodec } from './hermez/tx-codec.ts'

const FAMILIES: Readonly<Record<string, (file: CaseFile) => Iterable<Result>>> = {
  batches,
  fees,
  float40,
  keys,
  rejects,
  'state-tree': stateTree,
  'tx-codec': txCodec,
}

/** One result for each case of each file below `dir`, problems included; a file of an unknown family is a problem itself. */
export async function* run(dir: string): AsyncIterable<Result> {
  for (const file of caseFiles(dir)) {
    const family = FAMILIES[file.family]
    if (family === undefined) yield { name: file.name, problem: 'not a known family of cases' }
    else yield* family(file)
  }
}
