/** States made of stored accounts and the hashes stored with them: nothing that did not change is computed again. */
import test from 'ava'
import fc from 'fast-check'
import { accountValue } from '../../../../src/actors/forger/rollup/account.ts'
import { hashOf, type Tree } from '../../../../src/actors/forger/rollup/merkle.ts'
import {
  FIRST_KEPT_DEPTH,
  hashedAccount,
  rootOf,
  stateFrom,
  withAccount,
  withoutHashes,
  type HashedAccount,
  type RollupState,
} from '../../../../src/actors/forger/rollup/state.ts'
import type { AccountLeaf } from '../../../../src/actors/forger/rollup/types.ts'
import { openStates } from '../../../../src/actors/forger/builder/states.ts'
import { account } from './support.ts'

/** Neighbours in the lower part of the tree: indices that end in the same bits. */
const CLOSE = 2 ** FIRST_KEPT_DEPTH

/** Rows as the database keeps them: of each account the newest. */
function store(
  rows: Map<number, HashedAccount>,
  state: RollupState,
  changed: readonly number[],
  batchNum: number,
): void {
  for (const idx of changed) {
    const row = hashedAccount(state, idx)
    if (row) rows.set(idx, { ...row, batchNum })
  }
}

function hashesIn<T>(tree: Tree<T>): { known: number; nodes: number } {
  if (tree === null || tree.kind === 'leaf') return { known: 0, nodes: 0 }
  const [left, right] = [hashesIn(tree.left), hashesIn(tree.right)]
  const own = tree.hash === undefined ? 0 : 1
  return { known: left.known + right.known + own, nodes: left.nodes + right.nodes + 1 }
}

const idx = fc.integer({ min: 0, max: 11 }).map(at => 256 + (at % 3) + CLOSE * Math.floor(at / 3) * 5)

test('whatever batches changed, stored accounts and their hashes make the same tree, every hash of it', t => {
  const batches = fc.array(fc.array(fc.tuple(idx, fc.bigInt({ min: 0n, max: 99n })), { maxLength: 5 }), {
    maxLength: 8,
  })
  fc.assert(
    fc.property(batches, history => {
      const rows = new Map<number, HashedAccount>()
      let state = stateFrom([], 255)
      for (const [num, changes] of history.entries()) {
        for (const [key, balance] of changes) state = withAccount(state, account(key, { balance }))
        store(
          rows,
          state,
          changes.map(([key]) => key),
          num + 1,
        )
      }
      const loaded = stateFrom([...rows.values()], state.lastIdx)
      const computed = stateFrom(withoutHashes([...rows.values()]), state.lastIdx)
      compare(loaded.accounts, computed.accounts)
      t.is(rootOf(loaded), rootOf(state))
    }),
    { numRuns: 60 },
  )

  function compare(one: Tree<AccountLeaf>, other: Tree<AccountLeaf>): void {
    if (one === null || other === null) return void t.is(one, other)
    t.is(hashOf(one, accountValue), hashOf(other, accountValue))
    if (one.kind === 'leaf' || other.kind === 'leaf') return void t.is(one.kind, other.kind)
    compare(one.left, other.left)
    compare(one.right, other.right)
  }
})

test('of a large tree only the few branches near the root are computed', t => {
  const accounts = Array.from({ length: 64 }, (_, at) => account(256 + CLOSE * at))
  const state = stateFrom(accounts, 256 + CLOSE * 64)
  const rows = new Map<number, HashedAccount>()
  store(
    rows,
    state,
    accounts.map(one => one.idx),
    1,
  )
  const { known, nodes } = hashesIn(stateFrom([...rows.values()], state.lastIdx).accounts)
  t.is(nodes - known, FIRST_KEPT_DEPTH, 'a chain of branches leads down to where hashes are kept')
  t.is(known, 63)
})

test('a stored hash that is wrong costs time, not the truth', t => {
  const accounts = Array.from({ length: 4 }, (_, at) => account(256 + CLOSE * at))
  const state = stateFrom(accounts, 999_999)
  const rows = new Map<number, HashedAccount>()
  store(
    rows,
    state,
    accounts.map(one => one.idx),
    1,
  )
  const spoilt = [...rows.values()].map(row => ({ ...row, branches: '1'.repeat(64) }))
  const run = openStates()
  const at = { batchNum: 1, root: rootOf(state), lastIdx: state.lastIdx }
  t.deepEqual(run({ do: 'load', state: { ...at, accounts: spoilt } }), { kind: 'loaded' })
  t.throws(() => run({ do: 'load', state: { ...at, root: 7n, accounts: spoilt } }), { message: /do not have the root/ })
})
