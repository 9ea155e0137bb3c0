/**
 * Conformance of the finalizer with the case files of a folder (`npm run conformance -- finalizer DIR`): every case of
 * every file is replayed against the code that runs, the contracts on a chain and the warehouse on a PostgreSQL included.
 */
import { caseFile, type CaseFile } from './finalizer/case-files.ts'
import { callData, eventDecode, interfaceFile, networks, signatures } from './finalizer/encoding.ts'
import { sessionLifecycle, quorumModel } from './finalizer/contract.ts'
import { pendingView } from './finalizer/pending-view.ts'
import { queueMachine } from './finalizer/queue-machine.ts'
import { readiness, revertClassification } from './finalizer/rules.ts'
import { sendOutcomes } from './finalizer/send-outcomes.ts'
import type { CaseOutcome } from './index.ts'
import { replayFolder } from './shared/case-folder.ts'

type Results = Iterable<CaseOutcome> | AsyncIterable<CaseOutcome>

const FAMILIES: ReadonlyMap<string, (file: CaseFile) => Results> = new Map(
  Object.entries({
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
  }),
)

/** One result for each case, named by file and case; a file of no known family is a problem itself. */
export const run = (dir: string): AsyncIterable<CaseOutcome> =>
  replayFolder(dir, async function* ({ name, data }) {
    const file = caseFile(name, data)
    const replay = FAMILIES.get(file.family)
    if (replay === undefined) yield { name, problem: `"${file.family}" is not a family of cases` }
    else for await (const one of replay(file)) yield { name: `${name} ${one.name}`, problem: one.problem }
  })
