/**
 * The lane's rows with a nonce, read: what is open, and the bytes of what was signed.
 */
import { sql } from 'kysely'
import type { Hex } from 'viem'
import type { AttemptState, Finality, IntentState } from '../../../entities/kernel/intent.ts'
import { forkOf, type Lane } from './lane.ts'
import type { Fees } from './fees.ts'
import { rows } from './rows.ts'
import type { Sendable } from './send.ts'

/** A wish with a nonce that is not settled. */
export interface OpenIntent {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly state: IntentState
  readonly nonce: number
  readonly confirmations: number
  /** What it asked for, or else the chain's. */
  readonly finality: Finality | null
  readonly because: string | null
  readonly cancelBecause: string | null
  readonly notAfterBlock: bigint | null
  readonly minedBlock: bigint | null
  readonly gasUsed: bigint | null
  readonly value: bigint
  readonly maxFeePerGas: bigint | null
  readonly blobCount: number
  readonly overBudget: boolean
  /** The most its versions can cost so far. */
  readonly reservedWei: bigint
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

/** Every unsettled wish with a nonce, by nonce, with its live attempts; without the bytes. */
export async function readOpen(lane: Lane): Promise<OpenIntent[]> {
  const em = forkOf(lane)
  const intents = await rows<IntentRow>(
    em,
    sql`select id::text, key, role, state, nonce, confirmations, finality, because, cancel_because,
        not_after_block::text, mined_block::text, gas_used::text, value::text, max_fee_per_gas::text, blob_count,
        over_budget_at is not null as over_budget, reserved_wei::text
      from kernel.intent where chain = ${lane.args.chain} and account = ${lane.args.account}
        and settled_at is null and nonce is not null and state <> 'queued' order by nonce`,
  )
  if (intents.length === 0) return []
  const attempts = await rows<AttemptRow>(
    em,
    sql`select id::text, intent_id::text, purpose, nonce, hash, max_fee_per_gas::text, max_priority_fee_per_gas::text,
        max_fee_per_blob_gas::text, gas_limit::text, state, error, (extract(epoch from signed_at) * 1000)::float8 as signed_ms,
        mined_block::text, mined_block_hash, succeeded
      from kernel.attempt where intent_id = any(${intents.map(intent => intent.id)}::bigint[]) and state <> 'dead'
      order by id`,
  )
  const byIntent = Map.groupBy(attempts, attempt => attempt.intent_id)
  const finality = lane.args.finality ?? null
  return intents.map(row => openFrom({ ...row, finality: row.finality ?? finality }, byIntent.get(row.id) ?? []))
}

interface IntentRow {
  readonly id: string
  readonly key: string
  readonly role: string
  readonly state: IntentState
  readonly nonce: number
  readonly confirmations: number
  readonly finality: Finality | null
  readonly because: string | null
  readonly cancel_because: string | null
  readonly not_after_block: string | null
  readonly mined_block: string | null
  readonly gas_used: string | null
  readonly value: string
  readonly max_fee_per_gas: string | null
  readonly blob_count: number
  readonly over_budget: boolean
  readonly reserved_wei: string | null
}

interface AttemptRow {
  readonly id: string
  readonly intent_id: string
  readonly purpose: 'effect' | 'cancel'
  readonly nonce: number
  readonly hash: Hex
  readonly max_fee_per_gas: string
  readonly max_priority_fee_per_gas: string
  readonly max_fee_per_blob_gas: string | null
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
  value: BigInt(row.value),
  maxFeePerGas: bigintOrNull(row.max_fee_per_gas),
  blobCount: row.blob_count,
  overBudget: row.over_budget,
  reservedWei: BigInt(row.reserved_wei ?? 0),
  attempts: attempts.map(attempt => ({
    ...attempt,
    fees: {
      maxFeePerGas: BigInt(attempt.max_fee_per_gas),
      maxPriorityFeePerGas: BigInt(attempt.max_priority_fee_per_gas),
      ...(attempt.max_fee_per_blob_gas !== null && { maxFeePerBlobGas: BigInt(attempt.max_fee_per_blob_gas) }),
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
