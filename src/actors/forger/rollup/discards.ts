/**
 * The reasons for which selection leaves a transaction in the pool, with the reference's codes (9.2).
 */
import type { DiscardedTx, PoolTx } from './selection-types.ts'

export const DISCARD_CODES = {
  ErrExit0Amount: 1,
  ErrUnsupportedMaxNumBatch: 2,
  ErrSenderNotEnoughBalance: 11,
  ErrNoCurrentNonce: 12,
  ErrNotEnoughSpaceL1Coordinator: 13,
  ErrTxDiscartedInProcessTxToEthAddrBJJ: 14,
  ErrToIdxNotFound: 15,
  ErrTxDiscartedInProcessL2Tx: 16,
  ErrNoAvailableSlots: 17,
  ErrInvalidAtomicGroup: 18,
} as const

export type DiscardType = keyof typeof DISCARD_CODES

export const discard = (tx: PoolTx, type: DiscardType, info: string): DiscardedTx => ({
  txId: tx.txId,
  code: DISCARD_CODES[type],
  type,
  info,
})
