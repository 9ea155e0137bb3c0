/**
 * The working copy of one batch: state, exit tree and collected fees while its transactions run, and, when circuit inputs are
 * wanted, what each of them read and wrote. Only the copy changes; the state it started from stays as it was.
 */
import { type Path, type Tree, pathTo, put } from './merkle.ts'
import { accountAt, type RollupState, withAccount } from './state.ts'
import type { AccountLeaf, Circuit, L1UserTx, SignedL2Tx } from './types.ts'

export interface Ledger {
  readonly circuit: Circuit
  readonly chainId: number
  readonly batchNum: number
  state: RollupState
  exits: Tree<AccountLeaf>
  /** Token of each fee slot, padded with 0; parallel to `fees`, what was collected there. */
  readonly planTokens: readonly number[]
  readonly fees: bigint[]
  /** Indices of the accounts written, also those written back unchanged. */
  readonly touched: Set<number>
  /** Filled when circuit inputs are wanted. */
  readonly steps: Step[] | null
  readonly feeSteps: FeeStep[] | null
}

/** One leaf read and written. `before` is absent when the leaf was created; `path` is the one before writing. */
export interface Access {
  readonly before: AccountLeaf | undefined
  readonly path: Path<AccountLeaf>
}

/** What one transaction did, with references to the trees it left; hashing them is up to the reader. */
export interface Step {
  readonly tx: { readonly layer: 1; readonly tx: L1UserTx } | { readonly layer: 2; readonly tx: SignedL2Tx }
  /** Index of the account it created, or 0. */
  readonly newIdx: number
  /** Receiver found for an address or key, or 0. */
  readonly auxToIdx: number
  readonly sender: Access
  /** Receiver or exit leaf; absent when nothing was written there. */
  readonly receiver: Access | undefined
  /** True for an exit of an account that had no leaf in the exit tree yet, also when it makes none. */
  readonly newExit: boolean
  readonly lastIdx: number
  readonly accounts: Tree<AccountLeaf>
  readonly exits: Tree<AccountLeaf>
  readonly fees: readonly bigint[]
}

/** What one fee slot did; `access` is absent when the slot was skipped. */
export interface FeeStep {
  readonly access: Access | undefined
  readonly accounts: Tree<AccountLeaf>
}

/** Whether the tree of this circuit has no index left for another account. */
export const isFull = ({ state, circuit }: Pick<Ledger, 'state' | 'circuit'>): boolean =>
  state.lastIdx + 1 >= 2 ** circuit.nLevels

/** Writes an account of the state; tells what was there before. */
export function writeAccount(ledger: Ledger, account: AccountLeaf): Access {
  const access = {
    before: accountAt(ledger.state, account.idx),
    path: readPath(ledger, ledger.state.accounts, account.idx),
  }
  ledger.state = withAccount(ledger.state, account)
  ledger.touched.add(account.idx)
  return access
}

/** Writes a leaf of the exit tree; tells what was there before. */
export function writeExit(ledger: Ledger, before: AccountLeaf | undefined, leaf: AccountLeaf): Access {
  const access = { before, path: readPath(ledger, ledger.exits, leaf.idx) }
  ledger.exits = put(ledger.exits, leaf.idx, leaf)
  return access
}

const NO_PATH: Path<AccountLeaf> = { siblings: [], leaf: null }

/** Paths are only followed when somebody will read them. */
const readPath = (ledger: Ledger, tree: Tree<AccountLeaf>, idx: number): Path<AccountLeaf> =>
  ledger.steps === null ? NO_PATH : pathTo(tree, idx)

/** Keeps a transaction's step, if steps are wanted; call it after the last write. */
export function recordStep(
  ledger: Ledger,
  step: Pick<Step, 'tx' | 'newIdx' | 'auxToIdx' | 'sender' | 'receiver' | 'newExit'>,
): void {
  ledger.steps?.push({
    ...step,
    lastIdx: ledger.state.lastIdx,
    accounts: ledger.state.accounts,
    exits: ledger.exits,
    fees: [...ledger.fees],
  })
}
