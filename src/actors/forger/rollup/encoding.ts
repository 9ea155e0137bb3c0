/**
 * The byte arguments of `forgeBatch` and their inverse (reference 9.8). L = nLevels / 8 bytes an index.
 */
import { availability } from './l2-codec.ts'
import { bytesOf, concat, hexOf, toBytes, toInteger } from './bytes.ts'
import { MalformedEncoding } from './errors.ts'
import { encodeFloat40 } from './float40.ts'
import { encodeL1CoordinatorTx, L1_COORDINATOR_BYTES } from './l1-codec.ts'
import type { Circuit, Hex, L1CoordinatorTx, L1UserTx, L2Tx } from './types.ts'

/** What `forgeBatch` is called with, besides verifier, l1Batch and proof. */
export interface ForgeArguments {
  readonly newLastIdx: number
  readonly newStRoot: bigint
  readonly newExitRoot: bigint
  readonly encodedL1CoordinatorTx: Hex
  readonly l1L2TxsData: Hex
  readonly feeIdxCoordinator: Hex
}

/** One transaction of `l1L2TxsData`. */
export interface AvailabilityTx {
  readonly fromIdx: number
  readonly toIdx: number
  readonly amountF: number
  readonly userFee: number
}

export const encodeL1CoordinatorTxs = (txs: readonly L1CoordinatorTx[]): Hex =>
  hexOf(concat(...txs.map(encodeL1CoordinatorTx)))

/** The 101-byte pieces of `encodedL1CoordinatorTx`. */
export const splitL1CoordinatorTxs = (encoded: Hex): Uint8Array[] => pieces(bytesOf(encoded), L1_COORDINATOR_BYTES)

/** Data of an L1 transaction: the effective amount, no fee. */
export const l1Availability = (tx: Pick<L1UserTx, 'fromIdx' | 'toIdx'>, effectiveAmountF: number): AvailabilityTx => ({
  fromIdx: tx.fromIdx,
  toIdx: tx.toIdx,
  amountF: effectiveAmountF,
  userFee: 0,
})

/** Data of an L2 transaction: the resolved receiver when it named an address or a key. */
export const l2Availability = (tx: L2Tx, auxToIdx: number): AvailabilityTx => ({
  fromIdx: tx.fromIdx,
  toIdx: auxToIdx === 0 ? tx.toIdx : auxToIdx,
  amountF: encodeFloat40(tx.amount),
  userFee: tx.userFee,
})

export const encodeTxsData = (nLevels: number, txs: readonly AvailabilityTx[]): Hex =>
  hexOf(concat(...txs.map(tx => availability(nLevels, tx))))

/** The inverse of `encodeTxsData`. */
export function decodeTxsData(nLevels: number, data: Hex): AvailabilityTx[] {
  const width = nLevels / 8
  return pieces(bytesOf(data), 2 * width + 6).map(bytes => ({
    fromIdx: toInteger(bytes, 0, width),
    toIdx: toInteger(bytes, width, 2 * width),
    amountF: toInteger(bytes, 2 * width, 2 * width + 5),
    userFee: bytes[2 * width + 5] ?? 0,
  }))
}

/** All fee slots of the circuit, unused ones 0. */
export const encodeFeeIdxs = (circuit: Circuit, feeIdxs: readonly number[]): Hex =>
  hexOf(
    concat(...Array.from({ length: circuit.maxFeeTx }, (_, slot) => toBytes(feeIdxs[slot] ?? 0, circuit.nLevels / 8))),
  )

/** The fee accounts in slot order; the contract accepts fewer slots than the circuit has. */
export const decodeFeeIdxs = (nLevels: number, data: Hex): number[] =>
  pieces(bytesOf(data), nLevels / 8).map(bytes => toInteger(bytes, 0, bytes.length))

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  if (bytes.length % size !== 0) throw new MalformedEncoding(`${bytes.length} bytes are not a multiple of ${size}`)
  return Array.from({ length: bytes.length / size }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
}
