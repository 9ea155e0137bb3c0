/**
 * Builds one batch: runs its transactions on a state and gives the next state, the arguments of `forgeBatch`, the public input
 * and, when asked, everything the circuit needs. Refuses what the circuit would not accept; the given state never changes.
 */
import { concat, hexOf } from './bytes.ts'
import { accountValue } from './account.ts'
import { circuitInputs, type ZkInputs } from './circuit-inputs.ts'
import {
  encodeFeeIdxs,
  encodeL1CoordinatorTxs,
  encodeTxsData,
  type ForgeArguments,
  l1Availability,
  l2Availability,
} from './encoding.ts'
import { RefusedTransaction } from './errors.ts'
import { payFees } from './fee-processor.ts'
import { contractSizes, hashGlobalInputs } from './global-inputs.ts'
import { asL1UserTx, encodeL1UserTx } from './l1-codec.ts'
import { type L1Effect, runL1CoordinatorTx, runL1UserTx } from './l1-processor.ts'
import { type L2Effect, runL2Tx } from './l2-processor.ts'
import type { Ledger } from './ledger.ts'
import { checkLinks } from './links.ts'
import { hashOf, items, type Tree } from './merkle.ts'
import { accountAt, type HashedAccount, hashedAccount, rootOf, type RollupState } from './state.ts'
import type { AccountLeaf, BatchRequest } from './types.ts'

/** What a batch came to. Everything but `state` is plain data. */
export interface BuiltBatch {
  readonly state: RollupState
  /** The exit tree, for proofs of single exits; stays in the thread like `state`. */
  readonly exitTree: Tree<AccountLeaf>
  readonly oldLastIdx: number
  readonly newLastIdx: number
  readonly oldStateRoot: bigint
  readonly newStateRoot: bigint
  readonly newExitRoot: bigint
  /** Every account written, at the end of the batch, in order of index. */
  readonly changedAccounts: readonly HashedAccount[]
  /** The leaves of the exit tree in order of index; balance is the amount that may be withdrawn. */
  readonly exits: readonly AccountLeaf[]
  /** Parallel to the L1 user transactions. */
  readonly l1Effects: readonly L1Effect[]
  /** Parallel to the coordinator's transactions. */
  readonly l1CoordinatorIdxs: readonly number[]
  /** Parallel to the L2 transactions. */
  readonly l2Effects: readonly L2Effect[]
  /** Collected in each planned slot, paid or not. */
  readonly feeTotals: readonly bigint[]
  readonly forgeArguments: ForgeArguments
  /** 78 bytes a transaction, users' then the coordinator's. */
  readonly l1TxsFullData: `0x${string}`
  /** The public input the contract computes (256 L1 slots, 64 fee slots). */
  readonly hashGlobalInputs: bigint
  /** The public input with the slot counts of the circuit itself; the same when those are the contract's. */
  readonly hashGlobalInputsOfCircuit: bigint
  readonly inputs: ZkInputs | undefined
}

/** Builds a batch on `state`; throws RefusedTransaction and leaves `state` usable as it was. */
export function buildBatch(state: RollupState, request: BatchRequest): BuiltBatch {
  checkSizes(request)
  checkLinks(request.l2Txs)
  const ledger = openLedger(state, request)
  const l1Effects = request.l1UserTxs.map(tx => runL1UserTx(ledger, tx))
  const l1CoordinatorIdxs = request.l1CoordinatorTxs.map(tx => runL1CoordinatorTx(ledger, tx))
  planFees(ledger, request)
  const l2Effects = request.l2Txs.map(tx => runL2Tx(ledger, tx))
  payFees(ledger, request.feeIdxs)
  return report(state, request, ledger, { l1Effects, l1CoordinatorIdxs, l2Effects })
}

function checkSizes({ circuit, l1UserTxs, l1CoordinatorTxs, l2Txs, feeIdxs }: BatchRequest): void {
  const l1 = l1UserTxs.length + l1CoordinatorTxs.length
  const facts = { l1, l2: l2Txs.length, feeAccounts: feeIdxs.length }
  if (l1 > circuit.maxL1Tx) throw new RefusedTransaction('too many L1 transactions', { facts })
  if (l1 + l2Txs.length > circuit.maxTx) throw new RefusedTransaction('too many transactions', { facts })
  if (feeIdxs.length > circuit.maxFeeTx) throw new RefusedTransaction('too many fee accounts', { facts })
}

const openLedger = (state: RollupState, { circuit, chainId, batchNum, withInputs }: BatchRequest): MutablePlan => ({
  circuit,
  chainId,
  batchNum,
  state,
  exits: null,
  planTokens: [],
  fees: Array.from({ length: circuit.maxFeeTx }, () => 0n),
  touched: new Set(),
  steps: withInputs ? [] : null,
  feeSteps: withInputs ? [] : null,
})

type MutablePlan = Ledger & { planTokens: readonly number[] }

/** The plan is made after the account creations, because a fee account may be one of them. */
function planFees(ledger: MutablePlan, { circuit, feeIdxs, feePlanTokens }: BatchRequest): void {
  ledger.planTokens = Array.from(
    { length: circuit.maxFeeTx },
    (_, slot) => feePlanTokens?.[slot] ?? accountAt(ledger.state, feeIdxs[slot] ?? 0)?.tokenId ?? 0,
  )
}

interface Outcome {
  readonly l1Effects: readonly L1Effect[]
  readonly l1CoordinatorIdxs: readonly number[]
  readonly l2Effects: readonly L2Effect[]
}

function report(old: RollupState, request: BatchRequest, ledger: Ledger, outcome: Outcome): BuiltBatch {
  const { l1Effects, l1CoordinatorIdxs, l2Effects } = outcome
  const inputs = ledger.steps === null ? undefined : circuitInputs(old, request, ledger)
  const roots = {
    oldLastIdx: old.lastIdx,
    newLastIdx: ledger.state.lastIdx,
    oldStateRoot: rootOf(old),
    newStateRoot: rootOf(ledger.state),
    newExitRoot: hashOf(ledger.exits, accountValue),
  }
  const forgeArguments: ForgeArguments = {
    newLastIdx: roots.newLastIdx,
    newStRoot: roots.newStateRoot,
    newExitRoot: roots.newExitRoot,
    encodedL1CoordinatorTx: encodeL1CoordinatorTxs(request.l1CoordinatorTxs),
    l1L2TxsData: encodeTxsData(request.circuit.nLevels, txsData(request, outcome)),
    feeIdxCoordinator: encodeFeeIdxs(request.circuit, request.feeIdxs),
  }
  const l1TxsFullData = hexOf(
    concat(...[...request.l1UserTxs, ...request.l1CoordinatorTxs.map(asL1UserTx)].map(encodeL1UserTx)),
  )
  const global = { ...roots, ...forgeArguments, l1TxsFullData, chainId: request.chainId, batchNum: request.batchNum }
  return {
    ...roots,
    state: ledger.state,
    exitTree: ledger.exits,
    changedAccounts: changedAccounts(ledger),
    exits: [...items(ledger.exits)].toSorted((a, b) => a.idx - b.idx),
    l1Effects,
    l1CoordinatorIdxs,
    l2Effects,
    feeTotals: ledger.fees.slice(0, Math.max(1, request.feeIdxs.length)),
    forgeArguments,
    l1TxsFullData,
    hashGlobalInputs: hashGlobalInputs(global, contractSizes(request.circuit)),
    hashGlobalInputsOfCircuit: hashGlobalInputs(global, request.circuit),
    inputs,
  }
}

const txsData = (request: BatchRequest, { l1Effects, l2Effects }: Outcome) => [
  ...request.l1UserTxs.map((tx, at) => l1Availability(tx, l1Effects[at]?.isAmountNullified ? 0 : tx.amountF)),
  ...request.l1CoordinatorTxs.map(() => l1Availability({ fromIdx: 0, toIdx: 0 }, 0)),
  ...request.l2Txs.map((tx, at) => l2Availability(tx, l2Effects[at]?.auxToIdx ?? 0)),
]

const changedAccounts = ({ touched, state }: Ledger): HashedAccount[] =>
  [...touched]
    .toSorted((a, b) => a - b)
    .map(idx => hashedAccount(state, idx))
    .filter(account => account !== undefined)
