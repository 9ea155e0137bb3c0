/**
 * The lane's rows without a nonce, read: what waits to be sent and what is parked. Set-based SQL, because this is the
 * hot path.
 */
import { sql } from 'kysely'
import type { Address, Hex } from 'viem'
import type { ParkedFor, StoredSimulation } from '../../../entities/kernel/intent.ts'
import { forkOf, type Lane } from './lane.ts'
import { rows } from './rows.ts'

/** An accepted wish without a nonce. Dates are milliseconds since the epoch. */
export interface QueuedIntent {
  readonly id: string
  /** Of the row, as it was read: what is signed from it is only committed while it stands. */
  readonly version: string
  readonly key: string
  readonly role: string
  readonly to: Address
  readonly data: Hex
  readonly value: bigint
  readonly gasLimit: bigint | null
  readonly notAfterBlock: bigint | null
  readonly createdAt: number
  /** Its own fee ceiling. */
  readonly maxFeePerGas: bigint | null
  readonly blobCount: number
  /** A person let it go: past oversight, past the budget. */
  readonly approved: boolean
  readonly overBudget: boolean
}

export interface QueueView {
  readonly queued: readonly QueuedIntent[]
  readonly inFlight: number
  /** Those of them that carry blobs. */
  readonly inFlightBlobs: number
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
    in_flight_blobs: number
    taken_back: number
    highest: number | null
  }>(
    em,
    sql`select
      f.in_flight, f.in_flight_blobs, f.taken_back,
      (select max(nonce) from kernel.attempt where chain = ${chain} and account = ${account}) as highest,
      (select jsonb_agg(to_jsonb(q) order by q.id) from (
        select id, id::text as id_text, xmin::text as version, key, role, "to", data, value::text, gas_limit::text, not_after_block::text, max_fee_per_gas::text, blob_count,
          approved_at is not null as approved, over_budget_at is not null as over_budget,
          (extract(epoch from created_at) * 1000)::float8 as created_ms
        from kernel.intent where chain = ${chain} and account = ${account}
          and settled_at is null and state = 'queued' order by id limit ${GROUP_LIMIT}) q) as queued
      from (select count(*) filter (where state in ('sent', 'cancelling'))::int as in_flight,
          count(*) filter (where state in ('sent', 'cancelling') and blob_count > 0)::int as in_flight_blobs,
          count(*) filter (where state = 'cancelling')::int as taken_back
        from kernel.intent where chain = ${chain} and account = ${account} and settled_at is null) f`,
  )
  return {
    queued: (found?.queued ?? []).map(queuedFrom),
    inFlight: found?.in_flight ?? 0,
    inFlightBlobs: found?.in_flight_blobs ?? 0,
    takenBack: found?.taken_back ?? 0,
    highestNonce: found?.highest ?? null,
  }
}

interface QueuedRow {
  readonly id_text: string
  readonly version: string
  readonly key: string
  readonly role: string
  readonly to: Address
  readonly data: Hex
  readonly value: string
  readonly gas_limit: string | null
  readonly not_after_block: string | null
  readonly created_ms: number
  readonly max_fee_per_gas: string | null
  readonly blob_count: number
  readonly approved: boolean
  readonly over_budget: boolean
}

/** A row of the queue as it is handled. */
const queuedFrom = (row: QueuedRow): QueuedIntent => ({
  id: row.id_text,
  version: row.version,
  key: row.key,
  role: row.role,
  to: row.to,
  data: row.data,
  value: BigInt(row.value),
  gasLimit: bigintOrNull(row.gas_limit),
  notAfterBlock: bigintOrNull(row.not_after_block),
  createdAt: row.created_ms,
  maxFeePerGas: bigintOrNull(row.max_fee_per_gas),
  blobCount: row.blob_count,
  approved: row.approved,
  overBudget: row.over_budget,
})

const bigintOrNull = (text: string | null): bigint | null => (text === null ? null : BigInt(text))

/** A wish that waits for somebody. */
export interface ParkedIntent extends QueuedIntent {
  readonly parkedFor: ParkedFor
  readonly because: string | null
  readonly simulation: StoredSimulation | null
}

const MOST_PARKED = 200

/** The oldest parked ones. */
export async function readParked(lane: Lane): Promise<ParkedIntent[]> {
  const { chain, account } = lane.args
  const found = await rows<
    QueuedRow & { parked_for: ParkedFor; because: string | null; simulation: StoredSimulation | null }
  >(
    forkOf(lane),
    sql`select id::text as id_text, xmin::text as version, key, role, "to", data, value::text, gas_limit::text, not_after_block::text,
        max_fee_per_gas::text, blob_count, approved_at is not null as approved, over_budget_at is not null as over_budget,
        (extract(epoch from created_at) * 1000)::float8 as created_ms, parked_for, because, simulation
      from kernel.intent where chain = ${chain} and account = ${account} and settled_at is null and state = 'parked'
      order by id limit ${MOST_PARKED}`,
  )
  return found.map(row => ({
    ...queuedFrom(row),
    parkedFor: row.parked_for,
    because: row.because,
    simulation: row.simulation,
  }))
}
