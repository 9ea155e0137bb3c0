/**
 * The complete private input of the rollup circuit (ZKInputs, reference 9.3), all numbers as decimal strings, in the order of
 * the reference implementation. Values the circuit ignores are 0. This is where the intermediate roots are hashed.
 */
import { accountValue } from './account.ts'
import { columnsOfTx, type Column, emptyTxColumns, SLOT_COLUMNS, siblingsColumn } from './circuit-slots.ts'
import type { FeeStep, Ledger, Step } from './ledger.ts'
import { hashOf, type Tree } from './merkle.ts'
import { rootOf, type RollupState } from './state.ts'
import type { AccountLeaf, BatchRequest } from './types.ts'

/** The JSON object a prover takes. */
export type ZkInputs = Readonly<Record<string, Column | readonly Column[] | readonly (readonly string[])[]>>

/** The input of the batch that `ledger` ran with steps recorded. */
export function circuitInputs(old: RollupState, request: BatchRequest, ledger: Ledger): ZkInputs {
  const steps = ledger.steps ?? []
  return {
    oldLastIdx: old.lastIdx.toString(),
    oldStateRoot: rootOf(old).toString(),
    globalChainID: ledger.chainId.toString(),
    currentNumBatch: ledger.batchNum.toString(),
    feeIdxs: feeSlots(ledger, slot => (request.feeIdxs[slot] ?? 0).toString()),
    feePlanTokens: ledger.planTokens.map(String),
    ...intermediate(old, ledger, steps),
    ...feeRoots(ledger, steps, old),
    ...transactions(ledger, steps),
    ...feeAccounts(ledger),
  }
}

const root = (tree: Tree<AccountLeaf>): string => hashOf(tree, accountValue).toString()

const feeSlots = <T>({ circuit }: Ledger, of: (slot: number) => T): T[] =>
  Array.from({ length: circuit.maxFeeTx }, (_, slot) => of(slot))

/** Signals between transactions: one fewer than slots; after the last transaction its values repeat. */
function intermediate(old: RollupState, ledger: Ledger, steps: readonly Step[]): ZkInputs {
  const count = ledger.circuit.maxTx - 1
  const noFees = ledger.fees.map(() => 0n)
  const start = { lastIdx: old.lastIdx, accounts: old.accounts, exits: null, fees: noFees }
  const repeated = <T>(of: (step: Pick<Step, 'lastIdx' | 'accounts' | 'exits' | 'fees'>) => T): T[] => {
    const values = steps.slice(0, count).map(of)
    const last = values.at(-1) ?? of(start)
    return [...values, ...Array.from({ length: count - values.length }, () => last)]
  }
  return {
    imOnChain: Array.from({ length: count }, (_, slot) => (steps[slot]?.tx.layer === 1 ? '1' : '0')),
    imOutIdx: repeated(step => step.lastIdx.toString()),
    imStateRoot: repeated(step => root(step.accounts)),
    imExitRoot: repeated(step => root(step.exits)),
    imAccFeeOut: repeated(step => step.fees.map(String)),
  }
}

/** Signals between fee slots, and what was collected before them. */
function feeRoots(ledger: Ledger, steps: readonly Step[], old: RollupState): ZkInputs {
  return {
    imStateRootFee: (ledger.feeSteps ?? []).slice(0, -1).map(step => root(step.accounts)),
    imInitStateRootFee: root((steps.at(-1) ?? old).accounts),
    imFinalAccFee: ledger.fees.map(String),
  }
}

function transactions(ledger: Ledger, steps: readonly Step[]): ZkInputs {
  const empty = emptyTxColumns(ledger)
  const rows = steps.map(step => columnsOfTx(step, ledger))
  const unused = ledger.circuit.maxTx - rows.length
  return Object.fromEntries(
    SLOT_COLUMNS.map(name => [
      name,
      [...rows.map(row => row[name]), ...Array.from({ length: unused }, () => empty[name])] as Column[],
    ]),
  )
}

function feeAccounts(ledger: Ledger): ZkInputs {
  const steps = ledger.feeSteps ?? []
  const of = (read: (before: AccountLeaf) => number | bigint) => steps.map(step => feeField(step, read))
  return {
    tokenID3: of(before => before.tokenId),
    nonce3: of(before => before.nonce),
    sign3: of(before => before.sign),
    balance3: of(before => before.balance),
    ay3: of(before => before.ay),
    ethAddr3: of(before => BigInt(before.ethAddr)),
    siblings3: steps.map(({ access }) => siblingsColumn(access?.path.siblings ?? [], ledger.circuit.nLevels)),
  }
}

const feeField = ({ access }: FeeStep, read: (before: AccountLeaf) => number | bigint): string =>
  access?.before === undefined ? '0' : read(access.before).toString()
