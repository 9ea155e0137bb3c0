/**
 * Intents with every signed version, as people and programs read them: HTTP, the command line and `explain` all answer
 * from here. JSON-safe: amounts and block numbers are decimal strings, times ISO 8601.
 */
import {
  Attempt,
  Intent,
  type AttemptState,
  type Finality,
  type IntentState,
  type ParkedFor,
  type StoredSimulation,
} from './intent.ts'
import type { Em } from '../orm.ts'

export interface TransactionFilter {
  readonly role?: string
  readonly chain?: string
  readonly account?: string
  readonly subject?: string
  readonly state?: IntentState
  readonly parkedFor?: ParkedFor
  /** True: only those that are not settled; false: only those that are. */
  readonly open?: boolean
  /** Only those with a smaller id, for the next page. */
  readonly before?: string
}

export interface TransactionView {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly subject: string
  readonly chain: string
  readonly account: string
  readonly to: string
  /** Wei. */
  readonly value: string
  readonly dataBytes: number
  /** Only in the answer about one transaction. */
  readonly data?: string
  readonly blobs: number
  readonly state: IntentState
  /** Why it waits, was parked, failed or was taken back. */
  readonly because: string | null
  readonly parkedFor: ParkedFor | null
  readonly simulation: StoredSimulation | null
  readonly nonce: number | null
  readonly confirmations: number
  readonly finality: Finality | null
  readonly gasLimit: string | null
  /** Its own fee ceiling, wei per gas. */
  readonly maxFeePerGas: string | null
  readonly notAfterBlock: string | null
  readonly minedHash: string | null
  readonly minedBlock: string | null
  readonly gasUsed: string | null
  /** The most it can cost while it is in flight, and what it cost once mined; wei. */
  readonly reservedWei: string | null
  readonly spentWei: string | null
  readonly approvedBy: string | null
  readonly createdAt: string
  readonly updatedAt: string
  readonly settledAt: string | null
  /** When its role took note of the outcome. */
  readonly acknowledgedAt: string | null
  readonly traceId: string | null
  readonly attempts: readonly AttemptView[]
}

export interface AttemptView {
  readonly hash: string
  readonly purpose: 'effect' | 'cancel'
  readonly nonce: number
  readonly state: AttemptState
  readonly maxFeePerGas: string
  readonly maxPriorityFeePerGas: string
  readonly maxFeePerBlobGas: string | null
  readonly gasLimit: string
  readonly error: string | null
  readonly signedAt: string
  readonly broadcastAt: string | null
  readonly minedBlock: string | null
  readonly succeeded: boolean | null
  /** The signed bytes; only of one transaction and once broadcast: before that, whoever has them could send them. */
  readonly raw?: string
}

/** Newest first. */
export async function listTransactions(em: Em, filter: TransactionFilter, limit: number): Promise<TransactionView[]> {
  const found = await em.find(Intent, conditions(filter), { orderBy: { id: 'desc' }, limit })
  const attempts = await attemptsOf(em, found)
  return found.map(intent => viewOf(intent, attempts, false))
}

/** One by its id, its key, or the hash of a signed version, with calldata and broadcast bytes; null when there is none. */
export async function findTransaction(em: Em, id: string): Promise<TransactionView | null> {
  const intent = await findIntent(em, id)
  return intent && viewOf(intent, await attemptsOf(em, [intent]), true)
}

/** The row behind an id, a key or a hash. */
export async function findIntent(em: Em, id: string): Promise<Intent | null> {
  if (/^[0-9]{1,18}$/.test(id)) return em.findOne(Intent, { id: BigInt(id) })
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) return em.findOne(Intent, { key: id })
  const attempt = await em.findOne(Attempt, { hash: id.toLowerCase() }, { populate: ['intent'] })
  return attempt?.intent.$ ?? null
}

function conditions({ open, before, ...named }: TransactionFilter): object {
  return {
    ...Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined)),
    ...(open === undefined ? {} : { settledAt: open ? null : { $ne: null } }),
    ...(before === undefined ? {} : { id: { $lt: BigInt(before) } }),
  }
}

const attemptsOf = (em: Em, intents: readonly Intent[]): Promise<Attempt[]> =>
  em.find(Attempt, { intent: { $in: intents.map(intent => intent.id) } }, { orderBy: { id: 'asc' } })

const decimal = (value: bigint | null | undefined): string | null => (value == null ? null : value.toString())
const time = (value: Date | null | undefined): string | null => value?.toISOString() ?? null

/** `attempts` may hold those of other intents; `whole` adds the calldata and the broadcast bytes. */
export const viewOf = (intent: Intent, attempts: readonly Attempt[], whole: boolean): TransactionView => ({
  id: String(intent.id),
  key: intent.key,
  role: intent.role,
  subject: intent.subject,
  chain: intent.chain,
  account: intent.account,
  to: intent.to,
  value: intent.value.toString(),
  dataBytes: Math.max(0, intent.data.length / 2 - 1),
  ...(whole ? { data: intent.data } : {}),
  blobs: intent.blobCount,
  state: intent.state,
  because: intent.because ?? null,
  parkedFor: intent.parkedFor ?? null,
  simulation: intent.simulation ?? null,
  nonce: intent.nonce ?? null,
  confirmations: intent.confirmations,
  finality: intent.finality ?? null,
  gasLimit: decimal(intent.gasLimit),
  maxFeePerGas: decimal(intent.maxFeePerGas),
  notAfterBlock: decimal(intent.notAfterBlock),
  minedHash: intent.minedHash ?? null,
  minedBlock: decimal(intent.minedBlock),
  gasUsed: decimal(intent.gasUsed),
  reservedWei: decimal(intent.reservedWei),
  spentWei: decimal(intent.spentWei),
  approvedBy: intent.approvedBy ?? null,
  createdAt: intent.createdAt.toISOString(),
  updatedAt: intent.updatedAt.toISOString(),
  settledAt: time(intent.settledAt),
  acknowledgedAt: time(intent.acknowledgedAt),
  traceId: intent.traceId ?? null,
  attempts: attempts.filter(of => of.intent.id === intent.id).map(attempt => attemptView(attempt, whole)),
})

const attemptView = (attempt: Attempt, whole: boolean): AttemptView => ({
  hash: attempt.hash,
  purpose: attempt.purpose,
  nonce: attempt.nonce,
  state: attempt.state,
  maxFeePerGas: attempt.maxFeePerGas.toString(),
  maxPriorityFeePerGas: attempt.maxPriorityFeePerGas.toString(),
  maxFeePerBlobGas: decimal(attempt.maxFeePerBlobGas),
  gasLimit: attempt.gasLimit.toString(),
  error: attempt.error ?? null,
  signedAt: attempt.signedAt.toISOString(),
  broadcastAt: time(attempt.broadcastAt),
  minedBlock: decimal(attempt.minedBlock),
  succeeded: attempt.succeeded ?? null,
  ...(whole && attempt.broadcastAt ? { raw: attempt.raw } : {}),
})
