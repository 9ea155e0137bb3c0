/**
 * A key in this process. libsecp256k1 signs: natively where its optional package is there, else as WebAssembly, which takes
 * three times as long and runs everywhere. Signatures are deterministic (RFC 6979) and low-s, so both sign alike.
 */
import { createRequire } from 'node:module'
import * as webAssembly from 'tiny-secp256k1'
import { bytesToHex, hexToBytes } from 'viem'
import { publicKeyToAddress } from 'viem/accounts'
import type { Secret } from '../secrets.ts'
import { digestAccount, type AccountSigner } from './account.ts'
import { KeyMalformedError } from './errors.ts'

/** Signs a digest of 32 bytes with a valid key. */
export type Signing = (digest: Uint8Array, key: Uint8Array) => { readonly rs: Uint8Array; readonly recoveryId: number }

/** What is used of the package `secp256k1`. */
interface Native {
  ecdsaSign(digest: Uint8Array, key: Uint8Array): { readonly signature: Uint8Array; readonly recid: number }
}

export const signByWebAssembly: Signing = (digest, key) => {
  const { signature, recoveryId } = webAssembly.signRecoverable(digest, key)
  return { rs: signature, recoveryId }
}

/** Null where the package is not installed, or not built for this platform. Its fallback in JavaScript is not used. */
export function nativeSigning(): Signing | null {
  try {
    const native = createRequire(import.meta.url)('secp256k1/bindings.js') as Native // see the package's API.md
    return (digest, key) => {
      const { signature, recid } = native.ecdsaSign(digest, key)
      return { rs: signature, recoveryId: recid }
    }
  } catch {
    return null
  }
}

const signing = nativeSigning() ?? signByWebAssembly

/** The account of a private key (`0x` and 64 hex digits). `name` is for messages only. Throws KeyMalformedError. */
export function localSigner(name: string, secret: Secret, sign: Signing = signing): AccountSigner {
  const text = secret.reveal().trim()
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new KeyMalformedError(`the key of accounts.${name} is malformed`)
  const key = hexToBytes(text as `0x${string}`) // just matched
  const point = webAssembly.isPrivate(key) ? webAssembly.pointFromScalar(key, false) : null
  if (point === null) throw new KeyMalformedError(`the key of accounts.${name} is no key of secp256k1`)
  return digestAccount(publicKeyToAddress(bytesToHex(point)), 'privateKey', digest => {
    const { rs, recoveryId } = sign(digest, key)
    return {
      r: bytesToHex(rs.subarray(0, 32)),
      s: bytesToHex(rs.subarray(32)),
      yParity: recoveryId === 1 ? 1 : 0, // 2 and 3 need an x above the order, which has not been seen on earth
    }
  })
}
