/**
 * The lane's rows, read: what is queued, what is open, the bytes of what was signed. Set-based SQL, because this is the
 * hot path.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Address, Hex } from 'viem'
import type { AttemptState, IntentState } from '../../../entities/kernel/intent.ts'
import type { Em } from '../../../entities/orm.ts'
import { forkOf, type Lane } from './lane.ts'
import type { Fees } from './fees.ts'
import type { Sendable } from './send.ts'

/** An accepted wish without a nonce. Dates are milliseconds since the epoch. */
export interface QueuedIntent {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly to: Address
  readonly data: Hex
  readonly value: bigint
  readonly gasLimit: bigint | null
  readonly notAfterBlock: bigint | null
  readonly createdAt: number
}

/** A wish with a nonce that is not settled. */
export interface OpenIntent {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly state: IntentState
  readonly nonce: number
  readonly confirmations: number
  readonly because: string | null
  readonly cancelBecause: string | null
  readonly notAfterBlock: bigint | null
  readonly minedBlock: bigint | null
  readonly gasUsed: bigint | null
  /** Its live attempts, oldest first; dead ones are left out. */
  readonly attempts: readonly OpenAttempt[]
}

export interface OpenAttempt {
  readonly id: string
  readonly purpose: 'effect' | 'cancel'
  readonly nonce: number
  readonly hash: Hex
  readonly fees: Fees
  readonly gasLimit: bigint
  readonly state: AttemptState
  readonly error: string | null
  readonly signedAt: number
  readonly minedBlock: bigint | null
  readonly minedBlockHash: Hex | null
  readonly succeeded: boolean | null
}

export interface QueueView {
  readonly queued: readonly QueuedIntent[]
  readonly inFlight: number
  /** Wishes that are taken back and wait for their no-op, or for it to be mined. */
  readonly takenBack: number
  /** The highest nonce that was ever signed for; null when none was. */
  readonly highestNonce: number | null
}

/** Most wishes that are signed in one commit. */
export const GROUP_LIMIT = 100

/** What the hot path needs, in one round trip: the oldest queued wishes, how many are in flight, the highest nonce. */
export async function readQueue(lane: Lane): Promise<QueueView> {
  const { chain, account } = lane.args
  const em = forkOf(lane)
  const [found] = await rows<{
    queued: QueuedRow[] | null
    in_flight: number
    taken_back: number
    highest: number | null
  }>(
    em,
    sql`select
      f.in_flight, f.taken_back,
      (select max(nonce) from kernel.attempt where chain = ${chain} and account = ${account}) as highest,
      (select jsonb_agg(to_jsonb(q) order by q.id) from (
        select id, id::text as id_text, key, role, "to", data, value::text, gas_limit::text, not_after_block::text,
          (extract(epoch from created_at) * 1000)::float8 as created_ms
        from kernel.intent where chain = ${chain} and account = ${account}
          and settled_at is null and state = 'queued' order by id limit ${GROUP_LIMIT}) q) as queued
      from (select count(*) filter (where state in ('sent', 'cancelling'))::int as in_flight,
          count(*) filter (where state = 'cancelling')::int as taken_back
        from kernel.intent where chain = ${chain} and account = ${account} and settled_at is null) f`,
  )
  return {
    queued: (found?.queued ?? []).map(queuedFrom),
    inFlight: found?.in_flight ?? 0,
    takenBack: found?.taken_back ?? 0,
    highestNonce: found?.highest ?? null,
  }
}

interface QueuedRow {
  readonly id_text: string
  readonly key: string
  readonly role: string
  readonly to: Address
  readonly data: Hex
  readonly value: string
  readonly gas_limit: string | null
  readonly not_after_block: string | null
  readonly created_ms: number
}

const queuedFrom = (row: QueuedRow): QueuedIntent => ({
  id: row.id_text,
  key: row.key,
  role: row.role,
  to: row.to,
  data: row.data,
  value: BigInt(row.value),
  gasLimit: bigintOrNull(row.gas_limit),
  notAfterBlock: bigintOrNull(row.not_after_block),
  createdAt: row.created_ms,
})

/** Every unsettled wish with a nonce, by nonce, with its live attempts; without the bytes. */
export async function readOpen(lane: Lane): Promise<OpenIntent[]> {
  const em = forkOf(lane)
  const intents = await rows<IntentRow>(
    em,
    sql`select id::text, key, role, state, nonce, confirmations, because, cancel_because,
        not_after_block::text, mined_block::text, gas_used::text
      from kernel.intent where chain = ${lane.args.chain} and account = ${lane.args.account}
        and settled_at is null and nonce is not null and state <> 'queued' order by nonce`,
  )
  if (intents.length === 0) return []
  const attempts = await rows<AttemptRow>(
    em,
    sql`select id::text, intent_id::text, purpose, nonce, hash, max_fee_per_gas::text, max_priority_fee_per_gas::text,
        gas_limit::text, state, error, (extract(epoch from signed_at) * 1000)::float8 as signed_ms,
        mined_block::text, mined_block_hash, succeeded
      from kernel.attempt where intent_id = any(${intents.map(intent => intent.id)}::bigint[]) and state <> 'dead'
      order by id`,
  )
  const byIntent = Map.groupBy(attempts, attempt => attempt.intent_id)
  return intents.map(row => openFrom(row, byIntent.get(row.id) ?? []))
}

interface IntentRow {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly state: IntentState
  readonly nonce: number
  readonly confirmations: number
  readonly because: string | null
  readonly cancel_because: string | null
  readonly not_after_block: string | null
  readonly mined_block: string | null
  readonly gas_used: string | null
}

interface AttemptRow {
  readonly id: string
  readonly intent_id: string
  readonly purpose: 'effect' | 'cancel'
  readonly nonce: number
  readonly hash: Hex
  readonly max_fee_per_gas: string
  readonly max_priority_fee_per_gas: string
  readonly gas_limit: string
  readonly state: AttemptState
  readonly error: string | null
  readonly signed_ms: number
  readonly mined_block: string | null
  readonly mined_block_hash: Hex | null
  readonly succeeded: boolean | null
}

const openFrom = (row: IntentRow, attempts: readonly AttemptRow[]): OpenIntent => ({
  ...row,
  cancelBecause: row.cancel_because,
  notAfterBlock: bigintOrNull(row.not_after_block),
  minedBlock: bigintOrNull(row.mined_block),
  gasUsed: bigintOrNull(row.gas_used),
  attempts: attempts.map(attempt => ({
    ...attempt,
    fees: {
      maxFeePerGas: BigInt(attempt.max_fee_per_gas),
      maxPriorityFeePerGas: BigInt(attempt.max_priority_fee_per_gas),
    },
    gasLimit: BigInt(attempt.gas_limit),
    signedAt: attempt.signed_ms,
    minedBlock: bigintOrNull(attempt.mined_block),
    minedBlockHash: attempt.mined_block_hash,
  })),
})

const bigintOrNull = (text: string | null): bigint | null => (text === null ? null : BigInt(text))

/** The exact bytes of these attempts, by nonce. */
export async function readBytes(lane: Lane, attempts: readonly OpenAttempt[]): Promise<Sendable[]> {
  if (attempts.length === 0) return []
  return rows<Sendable>(
    forkOf(lane),
    sql`select hash, raw, nonce from kernel.attempt where hash = any(${attempts.map(a => a.hash)}::text[]) order by nonce`,
  )
}

/** Runs a query where the entity manager is, in its transaction if it has one. */
export async function rows<R>(em: Em, query: RawBuilder<unknown>): Promise<R[]> {
  const { rows: found } = await query.execute(em.getKysely())
  return found as R[] // the caller states the columns it selected
}
