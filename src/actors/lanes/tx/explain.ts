/**
 * What an operator asks about transactions and accounts, answered from the rows in plain words. JSON-safe: amounts and
 * block numbers are decimal strings, dates ISO 8601. Bytes are left out: raw transactions are nobody's reading.
 */
import { sql } from 'kysely'
import type { Address, PublicClient } from 'viem'
import type { IntentState } from '../../../entities/kernel/intent.ts'
import type { Em } from '../../../entities/orm.ts'
import { gwei } from './fees.ts'
import { rows } from './ledger.ts'

export interface TransactionFilter {
  readonly role?: string
  readonly chain?: string
  readonly account?: string
  readonly subject?: string
  readonly state?: IntentState
  /** Only those with a smaller id, for the next page. */
  readonly before?: string
  /** At most 500. */
  readonly limit?: number
}

export interface TransactionView {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly subject: string
  readonly chain: string
  readonly account: string
  readonly to: string
  readonly valueWei: string
  readonly state: IntentState
  readonly because: string | null
  readonly nonce: number | null
  readonly confirmations: number
  readonly minedHash: string | null
  readonly minedBlock: string | null
  readonly gasUsed: string | null
  readonly attempts: readonly AttemptView[]
  readonly createdAt: string
  readonly settledAt: string | null
  readonly acknowledgedAt: string | null
  readonly traceId: string | null
}

export interface AttemptView {
  readonly hash: string
  readonly purpose: 'effect' | 'cancel'
  readonly nonce: number
  readonly state: string
  readonly maxFeePerGasWei: string
  readonly maxPriorityFeePerGasWei: string
  readonly gasLimit: string
  readonly error: string | null
  readonly signedAt: string
  readonly broadcastAt: string | null
}

/** Transactions, newest first, each with every version that was signed. */
export async function listTransactions(em: Em, filter: TransactionFilter): Promise<TransactionView[]> {
  const { role = null, chain = null, account = null, subject = null, state = null, before = null } = filter
  const limit = Math.min(500, Math.max(1, filter.limit ?? 50))
  return read(
    em,
    sql`(${role}::text is null or i.role = ${role}) and (${chain}::text is null or i.chain = ${chain})
      and (${account}::text is null or i.account = ${account}) and (${subject}::text is null or i.subject = ${subject})
      and (${state}::text is null or i.state = ${state}) and (${before}::bigint is null or i.id < ${before}::bigint)
      order by i.id desc limit ${limit}`,
  )
}

/** One transaction by its key; null when there is none. */
export async function findTransaction(em: Em, key: string): Promise<TransactionView | null> {
  return (await read(em, sql`i.key = ${key}`))[0] ?? null
}

/** What became of the wish, or what happens next and what is missing; null when there is no such key. */
export async function explainIntent(em: Em, key: string): Promise<string | null> {
  const found = await findTransaction(em, key)
  return found ? sentence(found) : null
}

/** The sentence for one transaction. Pure. */
export function sentence(tx: TransactionView): string {
  const newest = tx.attempts.at(-1)
  const why = tx.because === null ? '' : `: ${tx.because}`
  switch (tx.state) {
    case 'queued':
      return tx.because === null ? 'Accepted; it is signed and sent at the next look.' : `Waits to be sent${why}.`
    case 'sent':
      return `${sentSentence(tx, newest)}${tx.because === null ? '' : ` It waits${why}.`}`
    case 'mined':
      return `Mined in block ${tx.minedBlock}; settled when ${tx.confirmations} blocks are on top of it.`
    case 'confirmed':
      return `Done: in block ${tx.minedBlock} as ${tx.minedHash}.`
    case 'reverted':
      return tx.nonce === null ? `Never sent${why}.` : `Reverted in block ${tx.minedBlock}${why}.`
    case 'cancelling':
      return `Being taken back with a transfer of nothing at nonce ${tx.nonce}${why}; what is mined first decides.`
    case 'cancelled':
      return tx.nonce === null ? `Cancelled before it was sent${why}.` : `Cancelled${why}.`
    case 'parked':
      return `Waits for a person${why}.`
  }
}

function sentSentence(tx: TransactionView, newest: AttemptView | undefined): string {
  if (!newest) return 'Signed.'
  const offer = `offering at most ${gwei(BigInt(newest.maxFeePerGasWei))}`
  const version = tx.attempts.length > 1 ? ` (version ${tx.attempts.length})` : ''
  if (newest.state === 'signed') {
    const said = newest.error === null ? 'it is about to be handed to a node' : `no node took it yet: ${newest.error}`
    return `Signed with nonce ${tx.nonce}${version}; ${said}.`
  }
  return `Sent with nonce ${tx.nonce}${version} ${offer}; waits to be mined.`
}

async function read(em: Em, where: ReturnType<typeof sql>): Promise<TransactionView[]> {
  return rows<TransactionView>(
    em,
    sql`select i.id::text, i.key, i.role, i.subject, i.chain, i.account, i."to", i.value::text as "valueWei", i.state,
        i.because, i.nonce, i.confirmations, i.mined_hash as "minedHash", i.mined_block::text as "minedBlock",
        i.gas_used::text as "gasUsed", ${iso('i.created_at')} as "createdAt", ${iso('i.settled_at')} as "settledAt",
        ${iso('i.acknowledged_at')} as "acknowledgedAt", i.trace_id as "traceId",
        coalesce((select jsonb_agg(jsonb_build_object('hash', a.hash, 'purpose', a.purpose, 'nonce', a.nonce, 'state', a.state,
            'maxFeePerGasWei', a.max_fee_per_gas::text, 'maxPriorityFeePerGasWei', a.max_priority_fee_per_gas::text,
            'gasLimit', a.gas_limit::text, 'error', a.error, 'signedAt', ${iso('a.signed_at')},
            'broadcastAt', ${iso('a.broadcast_at')}) order by a.id)
          from kernel.attempt a where a.intent_id = i.id), '[]'::jsonb) as attempts
      from kernel.intent i where ${where}`,
  )
}

const iso = (column: string): ReturnType<typeof sql> =>
  sql`to_char(${sql.raw(column)} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

export interface AccountStatus {
  readonly chain: string
  readonly account: string
  readonly address: Address
  /** Null when the chain does not answer. */
  readonly balanceWei: string | null
  /** Transactions of the account in the latest block; null when the chain does not answer. */
  readonly chainNonce: number | null
  /** The nonce of our next new transaction, as far as the rows say; null before the first. */
  readonly nextNonce: number | null
  readonly queued: number
  readonly inFlight: number
  /** Mined and not deep enough. */
  readonly settling: number
  /** Who holds the lane, and whether that still counts. */
  readonly holder: string | null
  readonly holderAlive: boolean
  /** Why the oldest one that waits does so. */
  readonly because: string | null
}

/** How an account stands: money, nonces, work, and who sends for it. */
export async function accountStatus(
  em: Em,
  client: PublicClient,
  { chain, account, address }: { readonly chain: string; readonly account: string; readonly address: Address },
): Promise<AccountStatus> {
  const [found] = await rows<Omit<AccountStatus, 'chain' | 'account' | 'address' | 'balanceWei' | 'chainNonce'>>(
    em,
    sql`select
      (select max(nonce) + 1 from kernel.attempt where chain = ${chain} and account = ${account}) as "nextNonce",
      count(*) filter (where state = 'queued')::int as queued,
      count(*) filter (where state in ('sent', 'cancelling'))::int as "inFlight",
      count(*) filter (where state = 'mined')::int as settling,
      (array_agg(because order by id) filter (where because is not null))[1] as because,
      (select holder from kernel.lease where name = ${`tx-manager:${chain}/${account}`}) as holder,
      coalesce((select expires_at > clock_timestamp() from kernel.lease
        where name = ${`tx-manager:${chain}/${account}`}), false) as "holderAlive"
      from kernel.intent where chain = ${chain} and account = ${account} and settled_at is null`,
  )
  const [balance, chainNonce] = await Promise.all([
    client.getBalance({ address }).catch(() => null),
    client.getTransactionCount({ address }).catch(() => null),
  ])
  if (!found) throw new Error('an aggregate without a row') // cannot be: count always answers
  return { chain, account, address, balanceWei: balance?.toString() ?? null, chainNonce, ...found }
}
