/**
 * A key in this process. libsecp256k1 as WebAssembly signs four times as fast as JavaScript does, on every platform and
 * without a build; signatures are deterministic (RFC 6979) and low-s.
 */
import * as secp256k1 from 'tiny-secp256k1'
import { bytesToHex, hexToBytes } from 'viem'
import { publicKeyToAddress } from 'viem/accounts'
import type { Secret } from '../secrets.ts'
import { digestAccount, type AccountSigner } from './account.ts'
import { KeyMalformedError } from './errors.ts'

/** The account of a private key (`0x` and 64 hex digits). `name` is for messages only. Throws KeyMalformedError. */
export function localSigner(name: string, secret: Secret): AccountSigner {
  const text = secret.reveal().trim()
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new KeyMalformedError(`the key of accounts.${name} is malformed`)
  const key = hexToBytes(text as `0x${string}`) // just matched
  const point = secp256k1.isPrivate(key) ? secp256k1.pointFromScalar(key, false) : null
  if (point === null) throw new KeyMalformedError(`the key of accounts.${name} is no key of secp256k1`)
  return digestAccount(publicKeyToAddress(bytesToHex(point)), 'privateKey', digest => {
    const { signature, recoveryId } = secp256k1.signRecoverable(digest, key)
    return {
      r: bytesToHex(signature.subarray(0, 32)),
      s: bytesToHex(signature.subarray(32)),
      yParity: recoveryId === 1 ? 1 : 0, // 2 and 3 need an x above the order, which has not been seen on earth
    }
  })
}
