/**
 * What a selection is asked for and what it answers.
 */
import type { Circuit, Hex, L1CoordinatorTx, L1UserTx, SignedL2Tx } from './types.ts'

/** A pending transaction as the pool offers it. */
export interface PoolTx extends SignedL2Tx {
  readonly txId: Hex
  /** What its fee is worth, in any unit that is the same for all; larger goes first. */
  readonly feeValue: number
  /** Transactions of one group are forged together in the order given, or not at all. */
  readonly atomicGroup?: string | null
}

/** The owner's permission to create an account: r ‖ s ‖ v over `authorisationDigest`. The engine does not check it again. */
export interface AccountAuthorisation {
  readonly ethAddr: Hex
  readonly bjj: Hex
  readonly signature: Hex
}

/** Who collects the fees, with the permission to open accounts for further tokens. */
export type FeeAccount = AccountAuthorisation

export interface SelectionRequest {
  readonly batchNum: number
  readonly circuit: Circuit
  readonly chainId: number
  /** The queue this batch consumes; empty for an L2 batch. */
  readonly l1UserTxs: readonly L1UserTx[]
  /** Later L1 transactions: an account one of them will create is waited for. */
  readonly futureL1UserTxs: readonly L1UserTx[]
  /** In order of arrival. */
  readonly pool: readonly PoolTx[]
  /** By address, lower case. */
  readonly authorisations: ReadonlyMap<Hex, AccountAuthorisation>
  readonly feeAccount: FeeAccount
}

/** Why a transaction was left out; it stays pending. Code and type are the reference's. */
export interface DiscardedTx {
  readonly txId: Hex
  readonly code: number
  readonly type: string
  readonly info: string
}

/** What to build: pass it on to `buildBatch` with the same L1 transactions. */
export interface Selection {
  readonly l1CoordinatorTxs: readonly L1CoordinatorTx[]
  /** In the order of the batch, with resolved receivers. */
  readonly l2Txs: readonly (PoolTx & { readonly auxToIdx: number })[]
  /** Fee accounts in ascending order; each collects the token it holds. */
  readonly feeIdxs: readonly number[]
  /** Only transactions that were looked at; one there was no room for is neither here nor selected. */
  readonly discarded: readonly DiscardedTx[]
  /** Whether not one more transaction would have fitted. */
  readonly isFull: boolean
}
