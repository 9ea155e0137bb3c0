/**
 * The sparse Merkle tree of circomlib, immutable: every change gives a new tree that shares all untouched nodes, so a
 * checkpoint is a reference and a rollback costs nothing.
 *
 * Key bits are consumed from the least significant, 0 left and 1 right; a subtree with one leaf is that leaf; empty is 0.
 * Leaf = Poseidon(key, value, 1), middle = Poseidon(left, right). Hashes are computed when somebody first asks for them.
 */
import { poseidon } from './poseidon.ts'

/** A leaf carries what the caller keeps under the key; `value` is the field element that stands for it in the tree. */
export interface Leaf<T> {
  readonly kind: 'leaf'
  readonly key: number
  readonly item: T
  /** Cached field element of `item`; read it with `leafValue`. */
  value: bigint | undefined
  hash: bigint | undefined
}

interface Branch<T> {
  readonly kind: 'branch'
  readonly left: Tree<T>
  readonly right: Tree<T>
  hash: bigint | undefined
}

/** A tree; `null` is the empty one. */
export type Tree<T> = Leaf<T> | Branch<T> | null

/** How a tree turns what it keeps into a field element. */
export type ValueOf<T> = (item: T) => bigint

/** The way from the root to where a key is or would be. */
export interface Path<T> {
  /** Neighbours root downwards, one for each level passed. */
  readonly siblings: readonly Tree<T>[]
  /** The leaf met: of the key itself, of another key, or none. */
  readonly leaf: Leaf<T> | null
}

/** Bit `level` of a key of up to 48 bits. */
const bitAt = (key: number, level: number): number =>
  level < 32 ? (key >>> level) & 1 : (Math.floor(key / 2 ** 32) >>> (level - 32)) & 1

/** A leaf whose hash is computed when asked for, unless the caller knows it. */
export const newLeaf = <T>(key: number, item: T, hash?: bigint): Leaf<T> => ({
  kind: 'leaf',
  key,
  item,
  value: undefined,
  hash,
})

const branch = <T>(left: Tree<T>, right: Tree<T>, hash?: bigint): Branch<T> => ({ kind: 'branch', left, right, hash })

/** The field element of a leaf's item, computed once. */
export function leafValue<T>(leaf: Leaf<T>, valueOf: ValueOf<T>): bigint {
  leaf.value ??= valueOf(leaf.item)
  return leaf.value
}

/** The root hash of a tree or the hash of any subtree; only nodes that were never hashed cost anything. */
export function hashOf<T>(tree: Tree<T>, valueOf: ValueOf<T>): bigint {
  if (tree === null) return 0n
  if (tree.hash !== undefined) return tree.hash
  tree.hash =
    tree.kind === 'leaf'
      ? poseidon([BigInt(tree.key), leafValue(tree, valueOf), 1n])
      : poseidon([hashOf(tree.left, valueOf), hashOf(tree.right, valueOf)])
  return tree.hash
}

/** The neighbours met on the way to a key, and the leaf at its end. */
export function pathTo<T>(tree: Tree<T>, key: number): Path<T> {
  const siblings: Tree<T>[] = []
  let node = tree
  for (let level = 0; node !== null && node.kind === 'branch'; level++) {
    const right = bitAt(key, level) === 1
    siblings.push(right ? node.left : node.right)
    node = right ? node.right : node.left
  }
  return { siblings, leaf: node }
}

/** A tree in which `key` holds `item`, whether it did before or not. */
export function put<T>(tree: Tree<T>, key: number, item: T, level = 0): Tree<T> {
  if (tree === null) return newLeaf(key, item)
  if (tree.kind === 'leaf') return tree.key === key ? newLeaf(key, item) : split(tree, newLeaf(key, item), level)
  return bitAt(key, level) === 0
    ? branch(put(tree.left, key, item, level + 1), tree.right)
    : branch(tree.left, put(tree.right, key, item, level + 1))
}

/** Two leaves of different keys below `level`, pushed down to the first bit in which they differ. */
function split<T>(old: Leaf<T>, added: Leaf<T>, level: number): Tree<T> {
  const side = bitAt(added.key, level)
  const other = bitAt(old.key, level)
  if (side === other) {
    const below = split(old, added, level + 1)
    return side === 0 ? branch(below, null) : branch(null, below)
  }
  return side === 0 ? branch(added, old) : branch(old, added)
}

/** Tells the hash of the branch over two or more leaves at a depth (the root has 0), where somebody kept it. */
export type KeptHash<T> = (leaves: readonly Leaf<T>[], depth: number) => bigint | undefined

/** A tree of many leaves at once, in any order; their keys must be distinct. Kept hashes are believed. */
export function treeOf<T>(leaves: readonly Leaf<T>[], kept: KeptHash<T> = () => undefined, depth = 0): Tree<T> {
  if (leaves.length <= 1) return leaves[0] ?? null
  const left: Leaf<T>[] = []
  const right: Leaf<T>[] = []
  for (const leaf of leaves) (bitAt(leaf.key, depth) === 0 ? left : right).push(leaf)
  return branch(treeOf(left, kept, depth + 1), treeOf(right, kept, depth + 1), kept(leaves, depth))
}

/** The hashes of the branches above a leaf, from a depth on downwards. */
export function branchHashes<T>(tree: Tree<T>, key: number, fromDepth: number, valueOf: ValueOf<T>): bigint[] {
  const hashes: bigint[] = []
  let node = tree
  for (let depth = 0; node !== null && node.kind === 'branch'; depth++) {
    if (depth >= fromDepth) hashes.push(hashOf(node, valueOf))
    node = bitAt(key, depth) === 0 ? node.left : node.right
  }
  return hashes
}

/** The leaf of a key, or `undefined`. */
export function leafOf<T>(tree: Tree<T>, key: number): Leaf<T> | undefined {
  let node = tree
  for (let level = 0; node !== null && node.kind === 'branch'; level++) {
    node = bitAt(key, level) === 0 ? node.left : node.right
  }
  return node !== null && node.key === key ? node : undefined
}

/** The item under a key, or `undefined`. */
export const lookup = <T>(tree: Tree<T>, key: number): T | undefined => leafOf(tree, key)?.item

/** Every item, in no promised order. */
export function* items<T>(tree: Tree<T>): Generator<T> {
  if (tree === null) return
  if (tree.kind === 'leaf') return yield tree.item
  yield* items(tree.left)
  yield* items(tree.right)
}
