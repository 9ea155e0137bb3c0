/**
 * The address that the wallet library behind the case files derives from a private key. It hashes the coordinates' hexadecimal
 * digits without their leading zeros, and an odd digit at the end is lost, so that about one key in eight gets another address
 * than Ethereum's. The cases carry these addresses; the engine itself uses the right ones.
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesOf, hexOf } from '../../../src/actors/forger/rollup/bytes.ts'
import type { Hex } from '../../../src/actors/forger/rollup/types.ts'

export function oracleAddress(privateKey: Hex): Hex {
  const { x, y } = secp256k1.Point.fromBytes(secp256k1.getPublicKey(bytesOf(privateKey))).toAffine()
  const digits = x.toString(16) + y.toString(16)
  return hexOf(keccak_256(Buffer.from(digits, 'hex')).subarray(12))
}
