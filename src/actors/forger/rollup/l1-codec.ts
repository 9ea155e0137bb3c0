/**
 * L1 transactions in bytes: 78 as the contract emits and hashes them, 101 as the coordinator submits account creations.
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesOf, concat, hexOf, toBytes, toHex, toInteger } from './bytes.ts'
import { MalformedEncoding } from './errors.ts'
import { ANY_ETH_ADDR, type Hex, type L1CoordinatorTx, type L1UserTx } from './types.ts'

export const L1_USER_BYTES = 78
export const L1_COORDINATOR_BYTES = 101

/** fromEthAddr 20 ‖ fromBjjCompressed 32 ‖ fromIdx 6 ‖ loadAmountF 5 ‖ amountF 5 ‖ tokenId 4 ‖ toIdx 6. */
export const encodeL1UserTx = (tx: L1UserTx): Uint8Array =>
  concat(
    bytesOf(tx.fromEthAddr),
    bytesOf(tx.fromBjjCompressed),
    toBytes(tx.fromIdx, 6),
    toBytes(tx.loadAmountF, 5),
    toBytes(tx.amountF, 5),
    toBytes(tx.tokenId, 4),
    toBytes(tx.toIdx, 6),
  )

/** The inverse of `encodeL1UserTx`; another length is malformed. */
export function decodeL1UserTx(bytes: Uint8Array): L1UserTx {
  if (bytes.length !== L1_USER_BYTES) throw new MalformedEncoding(`L1 transaction of ${bytes.length} bytes`)
  return {
    fromEthAddr: hexOf(bytes.subarray(0, 20)),
    fromBjjCompressed: hexOf(bytes.subarray(20, 52)),
    fromIdx: toInteger(bytes, 52, 58),
    loadAmountF: toInteger(bytes, 58, 63),
    amountF: toInteger(bytes, 63, 68),
    tokenId: toInteger(bytes, 68, 72),
    toIdx: toInteger(bytes, 72, 78),
  }
}

/** A coordinator's account creation in the 78-byte form: address, key, 16 zero bytes, token, 6 zero bytes. */
export const asL1UserTx = (tx: L1CoordinatorTx): L1UserTx => ({
  fromEthAddr: tx.fromEthAddr,
  fromBjjCompressed: tx.fromBjjCompressed,
  fromIdx: 0,
  loadAmountF: 0,
  amountF: 0,
  tokenId: tx.tokenId,
  toIdx: 0,
})

/** v 1 ‖ s 32 ‖ r 32 ‖ fromBjjCompressed 32 ‖ tokenId 4. */
export const encodeL1CoordinatorTx = (tx: L1CoordinatorTx): Uint8Array =>
  concat(toBytes(tx.v, 1), bytesOf(tx.s), bytesOf(tx.r), bytesOf(tx.fromBjjCompressed), toBytes(tx.tokenId, 4))

/**
 * The inverse, where `signerOf` recovers the address from an authorisation (v ≥ 27); v 0 is an account of "any address".
 * The contract does the same, so that the address is not part of the bytes.
 */
export function decodeL1CoordinatorTx(
  bytes: Uint8Array,
  signerOf: (tx: Omit<L1CoordinatorTx, 'fromEthAddr'>) => Hex,
): L1CoordinatorTx {
  if (bytes.length !== L1_COORDINATOR_BYTES) throw new MalformedEncoding(`account creation of ${bytes.length} bytes`)
  const tx = {
    v: bytes[0] ?? 0,
    s: hexOf(bytes.subarray(1, 33)),
    r: hexOf(bytes.subarray(33, 65)),
    fromBjjCompressed: hexOf(bytes.subarray(65, 97)),
    tokenId: toInteger(bytes, 97, 101),
  }
  return { fromEthAddr: tx.v >= 27 ? signerOf(tx) : ANY_ETH_ADDR, ...tx }
}

/** Identity of an L1 user transaction: 0x00 and keccak256(queue 8, position 2). */
export const l1UserTxId = (toForgeL1TxsNum: number, position: number): Hex => txIdOf('00', toForgeL1TxsNum, position)

/** Identity of a coordinator transaction: 0x01 and keccak256(batch 8, position 2), positions count on after the user's. */
export const l1CoordinatorTxId = (batchNum: number, position: number): Hex => txIdOf('01', batchNum, position)

const txIdOf = (kind: '00' | '01', num: number, position: number): Hex =>
  `0x${kind}${toHexDigits(keccak_256(concat(toBytes(num, 8), toBytes(position, 2))))}`

const toHexDigits = (bytes: Uint8Array): string => hexOf(bytes).slice(2)

/** `0x` and zeros: the key field of a transaction whose sender account exists. */
export const NO_KEY: Hex = toHex(0, 32)
