/**
 * What the builder thread is asked and answers: plain data that survives a structured clone.
 */
import type { StoredAccount } from '../../../entities/forger/batch.ts'
import type { Checkpoint, LoadedState } from '../state-store.ts'
import type { ForgedBatch } from '../rollup/replay.ts'
import type { DiscardedTx, SelectionRequest } from '../rollup/selection-types.ts'
import type { Hex } from '../rollup/types.ts'

export type BuilderJob = LoadJob | BuildJob | ApplyJob

/** Makes a state from the database the checkpoint `state` stands for; refused when the root is another. */
export interface LoadJob {
  readonly do: 'load'
  readonly state: LoadedState
}

/** Selects transactions on the state at `from` and builds the batch. */
export interface BuildJob {
  readonly do: 'build'
  readonly from: Checkpoint
  readonly selection: SelectionRequest
  /** Whether a batch with nothing in it is wanted, too. */
  readonly emptyAllowed: boolean
  /** Whether the pool has more than the selection is given: then room that is left is answered by `wants-more`. */
  readonly hasMore: boolean
}

/** Applies a batch from the chain on the state at `from`. */
export interface ApplyJob {
  readonly do: 'apply'
  readonly from: Checkpoint
  readonly forged: ForgedBatch
}

export type BuilderResult =
  | { readonly kind: 'loaded' }
  /** The state at `from` is not in the thread: load it first. */
  | { readonly kind: 'unknown-checkpoint' }
  /** The transactions given leave room that others of the pool may fill; nothing was built. */
  | { readonly kind: 'wants-more' }
  /** Nothing was selected and an empty batch was not wanted. */
  | { readonly kind: 'nothing'; readonly discarded: readonly DiscardedTx[] }
  | { readonly kind: 'batch'; readonly batch: BuiltBatchData; readonly discarded: readonly DiscardedTx[] }

/** A built batch as it is stored. */
export interface BuiltBatchData {
  readonly batchNum: number
  readonly oldRoot: bigint
  readonly newRoot: bigint
  readonly newExitRoot: bigint
  readonly oldLastIdx: number
  readonly newLastIdx: number
  readonly encodedL1CoordinatorTx: Hex
  readonly l1L2TxsData: Hex
  readonly feeIdxCoordinator: Hex
  readonly publicInput: bigint
  /** The circuit's input as JSON text; null for a batch that is forged already. */
  readonly proverInput: string | null
  readonly accounts: readonly StoredAccount[]
  readonly l1CoordinatorTxs: number
  /** Ids of the pool transactions in it, in order. */
  readonly l2TxIds: readonly Hex[]
  /** Parallel to the ids, what their senders signed; empty for a batch that is forged already. */
  readonly signatures: readonly Hex[]
  /** Highest nonce taken from each sender in it. */
  readonly nonces: readonly { readonly idx: number; readonly nonce: number }[]
  /** For people and the JSON dump; big integers as decimal strings. */
  readonly contents: unknown
}
