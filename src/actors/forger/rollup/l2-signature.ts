/**
 * Signing and checking an L2 transaction: EdDSA over its hash, by the key of the sender's account.
 */
import { secretFromSeed } from './bjj.ts'
import { packSignature, signMessage, unpackSignature, verifyMessage } from './eddsa.ts'
import { hashToSign } from './l2-codec.ts'
import type { BjjKey, Hex, L2Tx, SignedL2Tx } from './types.ts'

/** The signature of `tx` by the key of a 32-byte seed (`seedFromEthKey` for test and demo accounts). */
export const signL2 = (tx: L2Tx, chainId: number, seed: Uint8Array): Hex =>
  packSignature(signMessage(hashToSign(tx, chainId), secretFromSeed(seed)))

/** True when the sender's key signed exactly this transaction for this chain; malformed signatures are false. */
export function verifyL2Signature(tx: SignedL2Tx, publicKey: BjjKey, chainId: number): boolean {
  const signature = unpackSignature(tx.signature)
  return signature !== null && verifyMessage(hashToSign(tx, chainId), signature, publicKey)
}
