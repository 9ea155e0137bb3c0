/**
 * What the builder thread does for a job, on a state it holds: select and build, or apply what the chain has.
 */
import { buildBatch, type BuiltBatch } from '../rollup/batch.ts'
import { joinSignature } from '../rollup/authorisation.ts'
import { l2TxId } from '../rollup/l2-codec.ts'
import { applyForged } from '../rollup/replay.ts'
import { selectTransactions } from '../rollup/selection.ts'
import type { Selection } from '../rollup/selection-types.ts'
import type { RollupState } from '../rollup/state.ts'
import type { L1CoordinatorTx, L1UserTx, SignedL2Tx } from '../rollup/types.ts'
import { storedOf } from '../state-store.ts'
import type { ApplyJob, BuildJob, BuilderResult, BuiltBatchData } from './jobs.ts'

export interface Done {
  readonly result: BuilderResult
  /** The state after the batch; null when there is none. */
  readonly state: RollupState | null
}

/** Selects on `state` and builds, with everything a prover needs. */
export function buildJob(state: RollupState, { selection: request, emptyAllowed, hasMore }: BuildJob): Done {
  const { discarded, isFull, ...chosen } = selectTransactions(state, request)
  if (hasMore && !isFull) return { state: null, result: { kind: 'wants-more' } }
  if (!emptyAllowed && isEmpty(chosen, request.l1UserTxs))
    return { state: null, result: { kind: 'nothing', discarded } }
  const { batchNum, circuit, chainId, l1UserTxs } = request
  const built = buildBatch(state, { batchNum, circuit, chainId, l1UserTxs, ...chosen, withInputs: true })
  const l2TxIds = chosen.l2Txs.map(tx => tx.txId)
  const signatures = chosen.l2Txs.map(tx => tx.signature)
  const batch = { ...dataOf(batchNum, built, { ...chosen, l1UserTxs }), l2TxIds, signatures }
  return { state: built.state, result: { kind: 'batch', batch, discarded } }
}

const isEmpty = (chosen: Omit<Selection, 'discarded' | 'isFull'>, l1UserTxs: readonly L1UserTx[]): boolean =>
  chosen.l2Txs.length + chosen.l1CoordinatorTxs.length + l1UserTxs.length === 0

/** Replays a forged batch on `state`; throws ReplayMismatch when the chain says something else came out. */
export function applyJob(state: RollupState, { forged }: ApplyJob): Done {
  const applied = applyForged(state, forged)
  const { l1CoordinatorTxs, l2Txs, feeIdxs } = applied
  const { l1UserTxs, batchNum } = forged
  const batch = dataOf(batchNum, applied, { l1UserTxs, l1CoordinatorTxs, l2Txs, feeIdxs })
  return { state: applied.state, result: { kind: 'batch', batch, discarded: [] } }
}

interface Transactions {
  readonly l1UserTxs: readonly L1UserTx[]
  readonly l1CoordinatorTxs: readonly L1CoordinatorTx[]
  readonly l2Txs: readonly SignedL2Tx[]
  readonly feeIdxs: readonly number[]
}

function dataOf(batchNum: number, built: BuiltBatch, txs: Transactions): BuiltBatchData {
  const { forgeArguments } = built
  return {
    batchNum,
    oldRoot: built.oldStateRoot,
    newRoot: built.newStateRoot,
    newExitRoot: built.newExitRoot,
    oldLastIdx: built.oldLastIdx,
    newLastIdx: built.newLastIdx,
    encodedL1CoordinatorTx: forgeArguments.encodedL1CoordinatorTx,
    l1L2TxsData: forgeArguments.l1L2TxsData,
    feeIdxCoordinator: forgeArguments.feeIdxCoordinator,
    publicInput: built.hashGlobalInputs,
    proverInput: built.inputs === undefined ? null : JSON.stringify(built.inputs),
    accounts: built.changedAccounts.map(storedOf),
    l1CoordinatorTxs: txs.l1CoordinatorTxs.length,
    l2TxIds: txs.l2Txs.map(l2TxId),
    signatures: [],
    nonces: highestNonces(txs.l2Txs),
    contents: contentsOf(built, txs),
  }
}

function highestNonces(txs: readonly SignedL2Tx[]): BuiltBatchData['nonces'] {
  const highest = new Map<number, number>()
  for (const { fromIdx, nonce } of txs) highest.set(fromIdx, Math.max(nonce, highest.get(fromIdx) ?? 0))
  return [...highest].map(([idx, nonce]) => ({ idx, nonce }))
}

/** The batch for people and for the JSON dump, under the dump's own names; without the circuit's input. */
const contentsOf = (built: BuiltBatch, { l1UserTxs, l1CoordinatorTxs, l2Txs, feeIdxs }: Transactions): unknown =>
  plain({
    L1UserTxs: l1UserTxs.map((tx, at) => ({ ...tx, ...built.l1Effects[at] })),
    L1CoordTxs: l1CoordinatorTxs.map((tx, at) => ({ ...tx, newIdx: built.l1CoordinatorIdxs[at] })),
    L1CoordinatorTxsAuths: l1CoordinatorTxs.map(joinSignature),
    L2Txs: l2Txs.map((tx, at) => ({ txId: l2TxId(tx), ...signedPart(tx), ...built.l2Effects[at] })),
    CoordIdxs: feeIdxs,
    exits: built.exits,
    feeTotals: built.feeTotals,
  })

/** Without what only the selection needed. */
function signedPart(tx: SignedL2Tx & { readonly feeValue?: number }): SignedL2Tx {
  const { feeValue: _, ...signed } = tx
  return signed
}

/** JSON-safe: big integers become decimal strings. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, item: unknown) => (typeof item === 'bigint' ? item.toString() : item)))
