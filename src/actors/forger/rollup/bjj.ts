/**
 * BabyJubJub keys: how a wallet derives one, and the two ways one is written.
 *
 * The contract and this engine use the compressed key as a big-endian number of 32 bytes: y in the low 254 bits, the sign of x
 * in bit 255. Signatures use the same bytes in the opposite order.
 */
import { babyjubjub } from '@noble/curves/misc.js'
import { blake512 } from '@noble/hashes/blake1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { fromLittleEndian, toHex } from './bytes.ts'
import { FIELD, HALF_FIELD, mod, SUBGROUP } from './field.ts'
import { type BjjPoint, multiplyBase } from './wasm/curve.ts'
import { squareRootOfFraction } from './wasm/square-root.ts'
import type { BjjKey, Hex } from './types.ts'

/** A signing key expanded from its 32-byte seed. `scalar` is the pruned half of blake512(seed), before the shift by 3. */
export interface BjjSecret {
  readonly scalar: bigint
  readonly nonceSeed: Uint8Array
  readonly point: BjjPoint
  readonly publicKey: BjjKey
}

const SIGN_BIT = 1n << 255n

/** Compressed form of a key, 32 bytes big-endian. */
export const compressKey = (key: BjjKey): Hex => toHex(key.ay | (key.sign === 1 ? SIGN_BIT : 0n), 32)

/** The key in a compressed form; nothing checks that such a point exists (the contract does not either). */
export function expandKey(compressed: Hex): BjjKey {
  const value = BigInt(compressed)
  return { ay: value & ((1n << 254n) - 1n), sign: value & SIGN_BIT ? 1 : 0 }
}

export const keyOf = (point: BjjPoint): BjjKey => ({ ay: point.y, sign: point.x > HALF_FIELD ? 1 : 0 })

const { a: CURVE_A, d: CURVE_D } = babyjubjub.Point.CURVE()

/** The point of a key, or `null` when no point of the curve has that y. On the curve x² = (1 − y²) / (a − d·y²). */
export function pointOf(key: BjjKey): BjjPoint | null {
  if (key.ay >= FIELD) return null
  const y2 = (key.ay * key.ay) % FIELD
  const denominator = mod(CURVE_A - CURVE_D * y2, FIELD)
  const x = denominator === 0n ? null : squareRootOfFraction(mod(1n - y2, FIELD), denominator)
  if (x === null || (x === 0n && key.sign === 1)) return null
  return { x: x > HALF_FIELD === (key.sign === 1) ? x : FIELD - x, y: key.ay }
}

/** Expands a 32-byte seed as EdDSA does (blake512, pruned) and derives the public key Base8 · (scalar >> 3). */
export function secretFromSeed(seed: Uint8Array): BjjSecret {
  const digest = blake512(seed)
  const half = Uint8Array.from(digest.subarray(0, 32))
  half[0] = (half[0] ?? 0) & 0xf8
  half[31] = ((half[31] ?? 0) & 0x7f) | 0x40
  const scalar = fromLittleEndian(half)
  const point = multiplyBase((scalar >> 3n) % SUBGROUP)
  return { scalar, nonceSeed: digest.slice(32), point, publicKey: keyOf(point) }
}

/** The seed a wallet derives from an Ethereum private key without asking the owner to sign (test and demo accounts). */
export const seedFromEthKey = (privateKey: Hex): Uint8Array =>
  keccak_256(new TextEncoder().encode(`HERMEZ_MOCK_ACCOUNT${privateKey.slice(2)}`))

/** Signing key of a test or demo account: `seedFromEthKey` expanded. */
export const bjjFromEthKey = (privateKey: Hex): BjjSecret => secretFromSeed(seedFromEthKey(privateKey))
