/**
 * Why a transaction cannot be in the batch being selected, and what would make another look worth it. A value, not an exception:
 * a large pool is mostly refused.
 */
import { discard, type DiscardType } from './discards.ts'
import { RefusedTransaction } from './errors.ts'
import type { DiscardedTx, PoolTx } from './selection-types.ts'
import type { RetryAfter } from './selection-schedule.ts'
import type { Unit } from './selection-units.ts'

export interface Refusal {
  readonly type: DiscardType
  readonly info: string
  readonly until: RetryAfter
}

export const refusal = (type: DiscardType, info: string, until: RetryAfter = 'never'): Refusal => ({
  type,
  info,
  until,
})

/** What the processor threw as a refusal; anything else is a bug and goes on up. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof RefusedTransaction) return refusal('ErrTxDiscartedInProcessL2Tx', error.message)
  throw error
}

/** The refused unit as it is reported: all members of a group fall with the one that failed. */
export function reasonsOf(unit: Unit, failed: PoolTx, { type, info }: Refusal): DiscardedTx[] {
  if (!unit.isGroup) return [discard(failed, type, info)]
  return unit.txs.map(tx =>
    tx === failed
      ? discard(tx, 'ErrInvalidAtomicGroup', `${type}: ${info}`)
      : discard(tx, 'ErrInvalidAtomicGroup', `${failed.txId} of its group was refused`),
  )
}
