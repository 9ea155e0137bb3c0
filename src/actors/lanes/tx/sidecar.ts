/**
 * What travels with a blob transaction besides the signed part (EIP-4844; one proof a cell since EIP-7594): put around
 * the signed bytes before they are sent, and taken from an earlier version when that is replaced. The hash of the
 * transaction is the one of the signed part. Pure, but for the prover, which is given.
 */
import { commitmentsToVersionedHashes, concatHex, fromRlp, toRlp, type Hex } from 'viem'

export interface Sidecar {
  /** `cell`: 128 proofs a blob, wrapper version 1; `blob`: one proof a blob, no version. */
  readonly proofsOf: 'cell' | 'blob'
  readonly blobs: readonly Hex[]
  readonly commitments: readonly Hex[]
  readonly proofs: readonly Hex[]
}

/** Commits to blobs and proves it; far too slow for the event loop. */
export interface BlobProver {
  /** Rejects with an OperatorError when it cannot be done here. */
  prove(blobs: readonly Hex[]): Promise<Sidecar>
}

const WRAPPER_VERSION = '0x01'

/** The hashes that stand for the blobs in the signed part. */
export const versionedHashes = (sidecar: Sidecar): readonly Hex[] =>
  commitmentsToVersionedHashes({ commitments: [...sidecar.commitments] })

/** The bytes as they are handed to a node. `signed` is `0x03` and the signed part. */
export function wrapped(signed: Hex, sidecar: Sidecar): Hex {
  const body = fromRlp(`0x${signed.slice(4)}`, 'hex')
  const lists = [[...sidecar.blobs], [...sidecar.commitments], [...sidecar.proofs]]
  return concatHex(['0x03', toRlp(sidecar.proofsOf === 'cell' ? [body, WRAPPER_VERSION, ...lists] : [body, ...lists])])
}

/** The signed part and the sidecar of bytes that `wrapped` made. */
export function unwrapped(raw: Hex): { readonly signed: Hex; readonly sidecar: Sidecar } {
  const items = fromRlp(`0x${raw.slice(4)}`, 'hex')
  if (!Array.isArray(items)) throw new Error('a stored blob transaction is not one') // written by `wrapped`
  const body: RlpItem = items[0]
  const proofsOf = items.length === 5 ? 'cell' : 'blob'
  const [blobs = [], commitments = [], proofs = []] = items.slice(-3)
  return {
    signed: concatHex(['0x03', toRlp(body)]),
    sidecar: { proofsOf, blobs: texts(blobs), commitments: texts(commitments), proofs: texts(proofs) },
  }
}

/** As RLP nests. */
type RlpItem = Hex | readonly RlpItem[]

/** A list of byte strings; anything else in it was not written here. */
const texts = (list: unknown): Hex[] => (Array.isArray(list) ? list.map(item => String(item) as Hex) : [])
