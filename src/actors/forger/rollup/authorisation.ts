/**
 * Account-creation authorisations: the owner's EIP-712 signature that lets a coordinator create an account (reference 9.8).
 *
 * Domain "Hermez Network" version "1"; type Authorise(string Provider,string Authorisation,bytes32 BJJKey).
 */
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { keccak_256 } from '@noble/hashes/sha3.js'
import { bytesOf, concat, hexOf, toBytes, toHex } from './bytes.ts'
import type { Hex } from './types.ts'

/** r ‖ s ‖ v of an authorisation, taken apart. */
export interface AuthorisationSignature {
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

const hashText = (text: string): Uint8Array => keccak_256(new TextEncoder().encode(text))

const DOMAIN_TYPE = hashText('EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)')
const AUTHORISE_TYPE = hashText('Authorise(string Provider,string Authorisation,bytes32 BJJKey)')
const PROVIDER = hashText('Hermez Network')
const PURPOSE = hashText('Account creation')
const VERSION = hashText('1')

/** The digest an owner signs for one key, one chain and one rollup contract. */
export function authorisationDigest(bjjCompressed: Hex, chainId: number, rollup: Hex): Hex {
  const domain = keccak_256(concat(DOMAIN_TYPE, PROVIDER, VERSION, toBytes(chainId, 32), toBytes(BigInt(rollup), 32)))
  const struct = keccak_256(concat(AUTHORISE_TYPE, PROVIDER, PURPOSE, bytesOf(bjjCompressed)))
  return hexOf(keccak_256(concat(Uint8Array.of(0x19, 0x01), domain, struct)))
}

/** Signs an authorisation with an Ethereum key (deterministic). */
export function signAuthorisation(digest: Hex, ethPrivateKey: Hex): AuthorisationSignature {
  const signature = secp256k1.sign(bytesOf(digest), bytesOf(ethPrivateKey), { prehash: false, format: 'recovered' })
  const parts = secp256k1.Signature.fromBytes(signature, 'recovered')
  return { v: 27 + (parts.recovery ?? 0), r: toHex(parts.r, 32), s: toHex(parts.s, 32) }
}

/** The address that signed, lower case; `null` when the signature is of nobody. */
export function authorisationSigner(digest: Hex, signature: AuthorisationSignature): Hex | null {
  if (signature.v !== 27 && signature.v !== 28) return null
  try {
    const bytes = concat(bytesOf(signature.r), bytesOf(signature.s))
    const parts = secp256k1.Signature.fromBytes(bytes).addRecoveryBit(signature.v - 27)
    return ethAddressOf(parts.recoverPublicKey(bytesOf(digest)).toBytes(false))
  } catch {
    return null // r or s out of range, or no such point
  }
}

/** The address of an Ethereum private key, lower case. */
export const ethAddressOfKey = (privateKey: Hex): Hex =>
  ethAddressOf(secp256k1.getPublicKey(bytesOf(privateKey), false))

const ethAddressOf = (uncompressed: Uint8Array): Hex => hexOf(keccak_256(uncompressed.subarray(1)).subarray(12))

/** r ‖ s ‖ v in 65 bytes, taken apart; another length is a RangeError. */
export function splitSignature(signature: Hex): AuthorisationSignature {
  const bytes = bytesOf(signature)
  if (bytes.length !== 65) throw new RangeError(`authorisation signature of ${bytes.length} bytes`)
  return { r: hexOf(bytes.subarray(0, 32)), s: hexOf(bytes.subarray(32, 64)), v: bytes[64] ?? 0 }
}

export const joinSignature = (signature: AuthorisationSignature): Hex =>
  `0x${signature.r.slice(2)}${signature.s.slice(2)}${toHex(signature.v, 1).slice(2)}`
