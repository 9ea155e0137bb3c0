/**
 * What signs for an account, wherever its key is. A key that can only sign digests (in memory, in a KMS) becomes a
 * signer of transactions here; the bytes are put together in this process.
 */
import {
  hashTypedData,
  hexToBytes,
  keccak256,
  serializeSignature,
  serializeTransaction,
  type Address,
  type Hex,
  type TransactionSerializable,
  type TypedDataDefinition,
} from 'viem'

export interface AccountSigner {
  readonly address: Address
  /** Where the key is. Only the answers of `privateKey`, which is this process, are trusted after the first check. */
  readonly source: 'privateKey' | 'remote' | 'kms'
  /** The signed bytes; of a blob transaction without its sidecar. Rejects when the signer does not answer or refuses. */
  signTransaction(tx: TransactionSerializable): Promise<Hex>
  /** An EIP-712 signature, 65 bytes. */
  signTypedData(data: TypedDataDefinition): Promise<Hex>
}

/** `r` and `s` as 32-byte hex, `s` in the lower half (EIP-2). */
export interface DigestSignature {
  readonly r: Hex
  readonly s: Hex
  readonly yParity: 0 | 1
}

/** An account whose key signs digests of 32 bytes. */
export function digestAccount(
  address: Address,
  source: AccountSigner['source'],
  signDigest: (digest: Uint8Array) => DigestSignature | Promise<DigestSignature>,
): AccountSigner {
  return {
    address,
    source,
    signTransaction: async tx => {
      const signature = await signDigest(keccak256(serializeTransaction(tx), 'bytes'))
      return serializeTransaction(tx, { ...signature, v: 27n + BigInt(signature.yParity) }) // `v` for legacy ones
    },
    signTypedData: async data => serializeSignature(await signDigest(hexToBytes(hashTypedData(data)))),
  }
}
