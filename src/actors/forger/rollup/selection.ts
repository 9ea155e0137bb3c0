/**
 * Chooses the pool transactions of the next batch (reference 9.2): best fee first, in passes until one selects nothing, creating
 * the coordinator's fee accounts and authorised receivers on the way. Improvements on the reference: a failing atomic group
 * or a transaction that is dropped after a fee account was opened for it leaves nothing behind, an unknown sender discards
 * only its own transaction, and the number of fee accounts is bounded.
 */
import { Admission } from './selection-admission.ts'
import { Schedule } from './selection-schedule.ts'
import { unitsOf } from './selection-units.ts'
import type { RollupState } from './state.ts'
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

/** Selects from the pool on `state`, which stays as it was. */
export function selectTransactions(state: RollupState, request: SelectionRequest): Selection {
  const admission = new Admission(state, request)
  const { units, malformed } = unitsOf(request.pool)
  const schedule = new Schedule(units, idx => admission.nonceOf(idx))
  const discarded = new Map(malformed.map(reason => [reason.txId, reason]))
  while (admission.hasRoom) {
    const unit = schedule.next()
    if (unit === undefined) break
    const verdict = admission.admit(unit)
    for (const { txId } of unit.txs) discarded.delete(txId)
    if (verdict.admitted) schedule.admitted(unit, verdict.progress)
    else schedule.refused(unit, verdict.until)
    for (const reason of verdict.admitted ? [] : verdict.reasons) discarded.set(reason.txId, reason)
  }
  if (admission.hasRoom) for (const tx of schedule.neverDue()) discarded.set(tx.txId, admission.whyNotDue(tx))
  return { ...admission.selection(), discarded: [...discarded.values()], isFull: !admission.hasRoom }
}
