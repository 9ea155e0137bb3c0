/**
 * Conformance of the forger's rollup engine with the case files of a folder (`npm run conformance -- hermez DIR`).
 */
import { batches, rejects } from './hermez/batches.ts'
import { type CaseFile, caseFile, type Result } from './hermez/cases.ts'
import { fees, float40, keys, stateTree } from './hermez/primitives.ts'
import { txCodec } from './hermez/tx-codec.ts'
import { replayFolder } from './shared/case-folder.ts'

function results(file: CaseFile): Iterable<Result> {
  switch (file.family) {
    case 'batches':
      return batches(file)
    case 'rejects':
      return rejects(file)
    case 'float40':
      return float40(file)
    case 'fees':
      return fees(file)
    case 'state-tree':
      return stateTree(file)
    case 'tx-codec':
      return txCodec(file)
    case 'keys':
      return keys(file)
    case 'unknown':
      return [{ name: file.name, problem: 'not a known family of cases' }]
  }
}

/** One result for each case of each file below `dir`; a file of an unknown family is a problem itself. */
export const run = (dir: string): AsyncIterable<Result> =>
  replayFolder(dir, ({ name, data }) => results(caseFile(name, data)))
