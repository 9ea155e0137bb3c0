/**
 * Why a transaction cannot be in the batch being selected, and what would make another look worth it. Thrown and caught inside
 * the selection; outside it is a DiscardedTx.
 */
import { discard, type DiscardType } from './discards.ts'
import { RefusedTransaction } from './errors.ts'
import type { DiscardedTx, PoolTx } from './selection.ts'
import type { RetryAfter } from './selection-schedule.ts'
import type { Unit } from './selection-units.ts'

export class Refusal extends Error {
  readonly type: DiscardType
  readonly until: RetryAfter

  constructor(type: DiscardType, info: string, until: RetryAfter = 'never') {
    super(info)
    this.type = type
    this.until = until
  }
}

/** A refusal of ours or of the processor; anything else is a bug and goes on up. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof RefusedTransaction) return new Refusal('ErrTxDiscartedInProcessL2Tx', error.message)
  throw error
}

/** The refused unit as it is reported: all members of a group fall with the one that failed. */
export function reasonsOf(unit: Unit, failed: PoolTx, { type, message }: Refusal): DiscardedTx[] {
  if (!unit.isGroup) return [discard(failed, type, message)]
  return unit.txs.map(tx =>
    tx === failed
      ? discard(tx, 'ErrInvalidAtomicGroup', `${type}: ${message}`)
      : discard(tx, 'ErrInvalidAtomicGroup', `${failed.txId} of its group was refused`),
  )
}
