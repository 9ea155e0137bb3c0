/**
 * A proof chain contract as a fact source: sessions that start, submissions, closings. Rows are keyed by what the contract
 * calls them, so reading a range twice changes nothing; the kernel's scanner owns cursor and reorganisations.
 */
import type { Clock } from '../../clock.ts'
import type { Family } from '../../entities/finalizer/session.ts'
import type { FactSource, RawLog, SkipLog } from '../chain/source.ts'
import { decodeProofLog, eventsAbi } from './contracts.ts'
import { forgetFacts, storeFacts, type ClosingFact, type Facts, type StartFact, type SubmissionFact } from './facts.ts'
import type { FamilyPlan } from './families.ts'

/** The name of a family's cursor. */
export const sourceName = (family: Family): string => `finalizer/${family}`

/** The source of one family; `chain` is the NAME its rows carry. */
export function proofSource(plan: FamilyPlan, chain: string, clock: Clock): FactSource<Facts> {
  const now = (): Date => new Date(clock.now())
  return {
    name: sourceName(plan.family),
    addresses: [plan.contract],
    events: eventsAbi,
    fromBlock: plan.from,
    gather: (logs, _range, _client, skip) => Promise.resolve(readLogs(plan, logs, skip)),
    store: (em, facts) => storeFacts(em, chain, facts, now()),
    forget: (em, above) => forgetFacts(em, chain, plan.family, above, now()),
  }
}

/** What logs of the family's contract say; those of others, and those that do not decode, are told to `skip`. */
export function readLogs(
  plan: Pick<FamilyPlan, 'family' | 'contract' | 'heightFloor'>,
  logs: readonly RawLog[],
  skip: SkipLog,
): Facts {
  const starts: StartFact[] = []
  const closings: ClosingFact[] = []
  const submissions: SubmissionFact[] = []
  const { family } = plan
  for (const log of logs) {
    if (log.address.toLowerCase() !== plan.contract.toLowerCase()) {
      skip(log, `it is of ${log.address}, not of the ${family} contract`)
      continue
    }
    const read = decodeProofLog(log)
    if (read === null) {
      skip(log, `it does not decode as an event of the ${family} contract`)
      continue
    }
    if (read.blockHeight <= plan.heightFloor && plan.heightFloor > 0n) continue
    const key = { family, originChainId: read.chainId, originHeight: read.blockHeight }
    const at = { tx: log.transactionHash, block: log.blockNumber, log: log.logIndex }
    if (read.is === 'started') {
      starts.push({ ...key, ...at, contract: plan.contract, deadline: read.deadline, warehouseBlockId: null })
    } else if (read.is === 'closed') {
      const { event, outcome, blockHash, agreedHash, validatorBitMap } = read
      closings.push({ ...key, ...at, contract: plan.contract, event, outcome, blockHash, agreedHash, validatorBitMap })
    } else {
      const { blockHash, hash, storageUrl, stake } = read
      submissions.push({ ...key, ...at, blockHash, hash, storageUrl, stake })
    }
  }
  return { starts, closings, submissions }
}
