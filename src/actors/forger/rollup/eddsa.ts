/**
 * EdDSA over BabyJubJub with Poseidon, as the circuit checks it: 8 · S · Base = 8 · R8 + 8 · h · A in circomlib's form
 * S · Base8 = R8 + 8 · h · A with h = Poseidon(R8x, R8y, Ax, Ay, M). Deterministic: the nonce is hashed from seed and message.
 */
import { blake512 } from '@noble/hashes/blake1.js'
import { type BjjSecret, keyOf, pointOf } from './bjj.ts'
import { bytesOf, concat, fromLittleEndian, hexOf, toLittleEndian32 } from './bytes.ts'
import { FIELD, SUBGROUP, mod } from './field.ts'
import { poseidon } from './poseidon.ts'
import type { BjjKey, Hex } from './types.ts'
import { type BjjPoint, multiplyBase, signatureHolds } from './wasm/curve.ts'

/** A signature taken apart. */
export interface BjjSignature {
  readonly r8: BjjPoint
  readonly s: bigint
}

const SIGN_BIT = 1n << 255n

/** Signs a field element. */
export function signMessage(message: bigint, secret: BjjSecret): BjjSignature {
  const nonce = fromLittleEndian(blake512(concat(secret.nonceSeed, toLittleEndian32(message)))) % SUBGROUP
  const { x, y } = multiplyBase(nonce)
  const challenge = poseidon([x, y, secret.point.x, secret.point.y, message])
  return { r8: { x, y }, s: mod(nonce + challenge * secret.scalar, SUBGROUP) }
}

/** True when `signature` is one of `key` over `message`. */
export function verifyMessage(message: bigint, signature: BjjSignature, key: BjjKey): boolean {
  const a = pointOf(key)
  if (a === null || signature.s >= SUBGROUP || message >= FIELD) return false
  const { r8, s } = signature
  return signatureHolds(s, poseidon([r8.x, r8.y, a.x, a.y, message]), a, r8)
}

/** 64 bytes: compressed R8 (little-endian, usual form) and S (little-endian). */
export const packSignature = ({ r8, s }: BjjSignature): Hex => {
  const { ay, sign } = keyOf(r8)
  return hexOf(concat(toLittleEndian32(ay | (sign === 1 ? SIGN_BIT : 0n)), toLittleEndian32(s)))
}

/** The inverse of `packSignature`; `null` for another length or an R8 that is not on the curve. */
export function unpackSignature(signature: Hex): BjjSignature | null {
  const bytes = bytesOf(signature)
  if (bytes.length !== 64) return null
  const packed = fromLittleEndian(bytes.subarray(0, 32))
  const r8 = pointOf({ ay: packed & ((1n << 254n) - 1n), sign: packed & SIGN_BIT ? 1 : 0 })
  return r8 === null ? null : { r8, s: fromLittleEndian(bytes.subarray(32)) }
}
