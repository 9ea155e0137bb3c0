/**
 * A key that never leaves a key management service: it signs digests, answers in DER, and does not say which of two
 * public keys it was. Both are put right here: low-s, and the recovery bit that leads to the account's address.
 */
import { createPublicKey } from 'node:crypto'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bytesToHex, numberToHex, type Address } from 'viem'
import { publicKeyToAddress } from 'viem/accounts'
import { messageOf } from '../errors.ts'
import { digestAccount, type AccountSigner, type DigestSignature } from './account.ts'
import { SignerKeyError } from './errors.ts'

/** The two calls that are made of a KMS. */
export interface KmsPort {
  /** The public key as DER SubjectPublicKeyInfo. */
  publicKey(): Promise<Uint8Array>
  /** An ECDSA signature of this digest of 32 bytes, DER. */
  sign(digest: Uint8Array): Promise<Uint8Array>
}

/** The account at `address`; that the KMS holds its key is checked at the first signature. Throws SignerKeyError then. */
export function kmsSigner(name: string, address: Address, kms: KmsPort): AccountSigner {
  let checked: Promise<void> | null = null
  const check = async (): Promise<void> => {
    const held = addressOf(name, await kms.publicKey())
    if (held.toLowerCase() === address.toLowerCase()) return
    throw new SignerKeyError(`the KMS key of accounts.${name} is the one of ${held}`, { facts: { address, held } })
  }
  return digestAccount(address, 'kms', async digest => {
    checked ??= check()
    await checked.catch((error: unknown) => {
      checked = null // the service may have been down
      throw error
    })
    return signatureFrom(name, await kms.sign(digest), digest, address)
  })
}

/** The address of a public key in DER. Throws SignerKeyError when it is none of secp256k1. */
export function addressOf(name: string, der: Uint8Array): Address {
  try {
    const { crv, x, y } = createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' }).export({
      format: 'jwk',
    })
    if (crv !== 'secp256k1' || x === undefined || y === undefined) throw new Error(`its curve is ${crv}`)
    return publicKeyToAddress(`0x04${hexOf(x)}${hexOf(y)}`)
  } catch (cause) {
    throw new SignerKeyError(`the KMS key of accounts.${name} is no key of secp256k1: ${messageOf(cause)}`, { cause })
  }
}

const hexOf = (base64url: string): string => Buffer.from(base64url, 'base64url').toString('hex').padStart(64, '0')

/** DER to r, low s and recovery bit. Throws SignerKeyError when no recovery bit leads to the address. */
export function signatureFrom(name: string, der: Uint8Array, digest: Uint8Array, address: Address): DigestSignature {
  const parsed = secp256k1.Signature.fromBytes(der, 'der')
  const { r, s } = parsed
  const low = parsed.hasHighS() ? secp256k1.Point.CURVE().n - s : s
  for (const yParity of [0, 1] as const) {
    const candidate = new secp256k1.Signature(r, low, yParity)
    const key = candidate.recoverPublicKey(digest).toBytes(false)
    if (publicKeyToAddress(bytesToHex(key)).toLowerCase() !== address.toLowerCase()) continue
    return { r: numberToHex(r, { size: 32 }), s: numberToHex(low, { size: 32 }), yParity }
  }
  throw new SignerKeyError(`the KMS signed for accounts.${name} with another key`, { facts: { address } })
}
