/**
 * Conformance of the finalizer with the case files of a folder (`npm run conformance -- finalizer DIR`): every case of
 * every file is replayed against the code that runs, the contracts on a chain and the warehouse on a PostgreSQL included.
 */
import { caseFiles, type CaseFile } from './finalizer/case-files.ts'
import { callData, eventDecode, interfaceFile, networks, signatures } from './finalizer/encoding.ts'
import { sessionLifecycle, quorumModel } from './finalizer/contract.ts'
import { pendingView } from './finalizer/pending-view.ts'
import { queueMachine } from './finalizer/queue-machine.ts'
import { readiness, revertClassification } from './finalizer/rules.ts'
import { sendOutcomes } from './finalizer/send-outcomes.ts'
import type { CaseOutcome } from './index.ts'

type Results = Iterable<CaseOutcome> | AsyncIterable<CaseOutcome>

const FAMILIES: Readonly<Record<string, (file: CaseFile) => Results>> = {
  'event-decode': eventDecode,
  'call-data': callData,
  'revert-classification': revertClassification,
  readiness,
  'session-lifecycle': sessionLifecycle,
  'quorum-model': quorumModel,
  'send-outcomes': sendOutcomes,
  'queue-machine': queueMachine,
  'pending-view': pendingView,
  signatures,
  networks,
  abi: interfaceFile,
}

/** One result for each case; a file that cannot be read, or is of no known family, is a problem itself. */
export async function* run(dir: string): AsyncIterable<CaseOutcome> {
  for (const file of caseFiles(dir)) {
    const replay = FAMILIES[file.family]
    if (replay === undefined) yield { name: file.name, problem: `"${file.family}" is not a family of cases` }
    else yield* guarded(file, replay)
  }
}

/** A file without a single case proves nothing, and one that breaks off is a problem, not the end of the others. */
async function* guarded(file: CaseFile, replay: (file: CaseFile) => Results): AsyncIterable<CaseOutcome> {
  let cases = 0
  try {
    for await (const { name, problem } of replay(file)) {
      cases += 1
      yield { name: `${file.name} ${name}`, problem }
    }
  } catch (error) {
    yield { name: file.name, problem: error instanceof Error ? error.message : String(error) }
    return
  }
  if (cases === 0) yield { name: file.name, problem: 'it has no case' }
}
