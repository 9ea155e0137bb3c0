/**
 * The accounts of a rollup at one moment. Immutable: a batch gives a new state, keeping the old one is the rollback.
 *
 * Receivers are found by owner through an index that all states derived from one another share and only add to; a hit counts
 * only if the asking state really holds that account, so the index may know more than any single state.
 */
import { accountValue } from './account.ts'
import {
  branchHashes,
  hashOf,
  items,
  type KeptHash,
  leafOf,
  lookup,
  newLeaf,
  put,
  treeOf,
  type Tree,
} from './merkle.ts'
import { type AccountLeaf, ANY_ETH_ADDR, type Hex, INITIAL_LAST_IDX } from './types.ts'

/** Opaque to callers: pass it to the functions of this folder. It stays in the thread that made it. */
export interface RollupState {
  readonly lastIdx: number
  readonly accounts: Tree<AccountLeaf>
  readonly owners: OwnerIndex
}

/** Account indices by token and owner. */
type OwnerIndex = Map<string, Set<number>>

export const emptyState = (): RollupState => ({ lastIdx: INITIAL_LAST_IDX, accounts: null, owners: new Map() })

/**
 * An account with the hashes on its way up, which save most of the work of making a state of many. A batch changes the
 * branches above the accounts it changes and no others, so the newest account below a branch knows its hash.
 */
export interface HashedAccount extends AccountLeaf {
  readonly leafHash?: bigint
  /** Of the branches above the leaf from `FIRST_KEPT_DEPTH` down, 64 hex digits each. */
  readonly branches?: string
  /** The batch that changed the account last, and whose hashes these are. */
  readonly batchNum?: number
}

/** The few thousand branches above this depth are computed; every batch changes most of them. */
export const FIRST_KEPT_DEPTH = 13

/**
 * The state of stored accounts, in any order. Hashes are computed at the first use of the root; those that are given are
 * believed, and a wrong one shows as another root than the chain's.
 */
export function stateFrom(accounts: readonly HashedAccount[], lastIdx: number): RollupState {
  const owners: OwnerIndex = new Map()
  const kept = new Map<number, HashedAccount>()
  const leaves = accounts.map(stored => {
    const { leafHash, branches: _branches, batchNum, ...account } = stored
    register(owners, account)
    if (batchNum !== undefined) kept.set(account.idx, stored)
    return newLeaf<AccountLeaf>(account.idx, account, leafHash)
  })
  return { lastIdx, accounts: treeOf(leaves, keptHash(kept)), owners }
}

/** The same accounts without anything that would have to be believed. */
export const withoutHashes = (accounts: readonly HashedAccount[]): AccountLeaf[] =>
  accounts.map(({ leafHash: _hash, branches: _branches, batchNum: _batchNum, ...account }) => account)

function keptHash(kept: ReadonlyMap<number, HashedAccount>): KeptHash<AccountLeaf> {
  return (leaves, depth) => {
    if (depth < FIRST_KEPT_DEPTH) return undefined
    let newest: HashedAccount | undefined
    for (const { key } of leaves) {
      const account = kept.get(key)
      if (account?.batchNum === undefined) return undefined // nobody knows when it changed
      if (account.batchNum >= (newest?.batchNum ?? 0)) newest = account
    }
    const digits = newest?.branches?.slice(64 * (depth - FIRST_KEPT_DEPTH)).slice(0, 64)
    return digits ? BigInt(`0x${digits}`) : undefined
  }
}

/** An account of a state with its hashes, for storing; `undefined` when there is no such account. */
export function hashedAccount(state: RollupState, idx: number): HashedAccount | undefined {
  const leaf = leafOf(state.accounts, idx)
  if (leaf === undefined) return undefined
  const branches = branchHashes(state.accounts, idx, FIRST_KEPT_DEPTH, accountValue)
  return {
    ...leaf.item,
    leafHash: hashOf(leaf, accountValue),
    ...(branches.length > 0 && { branches: branches.map(hash => hash.toString(16).padStart(64, '0')).join('') }),
  }
}

/** The state root, 0 when there is no account. */
export const rootOf = (state: RollupState): bigint => hashOf(state.accounts, accountValue)

/** The account of an index, or `undefined`. */
export const accountAt = (state: RollupState, idx: number): AccountLeaf | undefined => lookup(state.accounts, idx)

/** Every account, in no promised order. */
export const accountsOf = (state: RollupState): Iterable<AccountLeaf> => items(state.accounts)

/** A state in which this account exists with these values; a new account must carry the index after `lastIdx`. */
export function withAccount(state: RollupState, account: AccountLeaf): RollupState {
  const isNew = account.idx > state.lastIdx
  if (isNew) register(state.owners, account)
  return {
    lastIdx: isNew ? account.idx : state.lastIdx,
    accounts: put(state.accounts, account.idx, account),
    owners: state.owners,
  }
}

/** The accounts of a token that belong to an address, in order of index. */
export const accountsOfOwner = (state: RollupState, tokenId: number, ethAddr: Hex): AccountLeaf[] =>
  [...(state.owners.get(ownerKey(tokenId, ethAddr)) ?? [])]
    .map(idx => accountAt(state, idx))
    .filter(account => account !== undefined)
    .filter(account => account.tokenId === tokenId && account.ethAddr === ethAddr)
    .toSorted((a, b) => a.idx - b.idx)

/** The accounts of a token that only a key controls (address "any"), in order of index. */
export const accountsOfKey = (state: RollupState, tokenId: number, ay: bigint, sign: 0 | 1): AccountLeaf[] =>
  [...(state.owners.get(keyKey(tokenId, ay)) ?? [])]
    .map(idx => accountAt(state, idx))
    .filter(account => account !== undefined)
    .filter(({ ethAddr }) => ethAddr === ANY_ETH_ADDR)
    .filter(account => account.tokenId === tokenId && account.ay === ay && account.sign === sign)
    .toSorted((a, b) => a.idx - b.idx)

const ownerKey = (tokenId: number, ethAddr: Hex): string => `${tokenId}:${ethAddr}`
const keyKey = (tokenId: number, ay: bigint): string => `${tokenId}#${ay}`

/** Accounts that only a key controls are found by key, all others by address: no list grows with "any address". */
function register(owners: OwnerIndex, account: AccountLeaf): void {
  const { tokenId, ethAddr, ay, idx } = account
  const key = ethAddr === ANY_ETH_ADDR ? keyKey(tokenId, ay) : ownerKey(tokenId, ethAddr)
  const known = owners.get(key)
  if (known === undefined) owners.set(key, new Set([idx]))
  else known.add(idx)
}
