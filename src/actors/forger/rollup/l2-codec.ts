/**
 * An L2 transaction as the circuit, the signer, the pool and the contract see it (low bits first in the packed numbers):
 *
 * compressed data: 32 constant · 16 chain id · 48 from · 48 to · 32 token · 40 nonce · 8 fee · 1 sign of the receiver's key
 * compressed data v2: 48 from · 48 to · 40 amount · 32 token · 40 nonce · 8 fee · 1 sign
 */
import { keccak_256 } from '@noble/hashes/sha3.js'
import { concat, hexOf, toBytes } from './bytes.ts'
import { encodeFloat40 } from './float40.ts'
import { poseidon } from './poseidon.ts'
import type { Hex, L2Tx } from './types.ts'

const SIGNATURE_CONSTANT = 3322668559n

/** The fields that both L1 and L2 transactions put into the first packed number. */
export interface PackedFields {
  readonly fromIdx: number
  readonly toIdx: number
  readonly tokenId: number
  readonly nonce: number
  readonly userFee: number
  readonly toBjjSign: number
}

/** First packed number of a slot of the circuit. */
export const txCompressedData = (chainId: number, tx: PackedFields): bigint =>
  SIGNATURE_CONSTANT |
  (BigInt(chainId) << 32n) |
  (BigInt(tx.fromIdx) << 48n) |
  (BigInt(tx.toIdx) << 96n) |
  (BigInt(tx.tokenId) << 144n) |
  (BigInt(tx.nonce) << 176n) |
  (BigInt(tx.userFee) << 216n) |
  (BigInt(tx.toBjjSign) << 224n)

/** First packed number of a slot that holds no transaction. */
export const emptyCompressedData = (chainId: number): bigint => SIGNATURE_CONSTANT | (BigInt(chainId) << 32n)

/** The fields that another transaction repeats when it is linked to this one, besides the receiver's address and key. */
export type LinkableFields = PackedFields & Pick<L2Tx, 'amount'>

/** Second packed number: what another transaction names when it is linked to this one. */
export const txCompressedDataV2 = (tx: LinkableFields): bigint =>
  BigInt(tx.fromIdx) |
  (BigInt(tx.toIdx) << 48n) |
  (BigInt(encodeFloat40(tx.amount)) << 96n) |
  (BigInt(tx.tokenId) << 136n) |
  (BigInt(tx.nonce) << 168n) |
  (BigInt(tx.userFee) << 208n) |
  (BigInt(tx.toBjjSign) << 216n)

/** 160 receiver address · 40 amount · 32 maxNumBatch. */
export const element1 = (tx: L2Tx): bigint =>
  BigInt(tx.toEthAddr) | (BigInt(encodeFloat40(tx.amount)) << 160n) | (BigInt(tx.maxNumBatch) << 200n)

/** The field element that the sender signs. */
export const hashToSign = (tx: L2Tx, chainId: number): bigint =>
  poseidon([
    txCompressedData(chainId, tx),
    element1(tx),
    tx.toBjjAy,
    tx.rqTxCompressedDataV2,
    BigInt(tx.rqToEthAddr),
    tx.rqToBjjAy,
  ])

/** Identity of an L2 transaction: 0x02 and keccak256(from 6, token 4, amount 5, nonce 5, fee 1). */
export const l2TxId = (tx: Pick<L2Tx, 'fromIdx' | 'tokenId' | 'amount' | 'nonce' | 'userFee'>): Hex => {
  const hash = keccak_256(
    concat(
      toBytes(tx.fromIdx, 6),
      toBytes(tx.tokenId, 4),
      toBytes(encodeFloat40(tx.amount), 5),
      toBytes(tx.nonce, 5),
      toBytes(tx.userFee, 1),
    ),
  )
  return `0x02${hexOf(hash).slice(2)}`
}

/** One transaction of `l1L2TxsData`: from, to, amount and fee, with nLevels / 8 bytes an index. */
export function availability(
  nLevels: number,
  tx: { readonly fromIdx: number; readonly toIdx: number; readonly amountF: number; readonly userFee: number },
): Uint8Array {
  const width = nLevels / 8
  return concat(toBytes(tx.fromIdx, width), toBytes(tx.toIdx, width), toBytes(tx.amountF, 5), toBytes(tx.userFee, 1))
}
