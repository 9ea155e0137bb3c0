/**
 * The sparse Merkle tree: known roots, and that the order of changes and the sharing of nodes never show.
 */
import test from 'ava'
import fc from 'fast-check'
import {
  hashOf,
  items,
  lookup,
  newLeaf,
  pathTo,
  put,
  type Tree,
  treeOf,
} from '../../../../src/actors/forger/rollup/merkle.ts'
import { poseidon } from '../../../../src/actors/forger/rollup/poseidon.ts'

const itself = (value: bigint): bigint => value
const root = (tree: Tree<bigint>): bigint => hashOf(tree, itself)

const treeWith = (entries: Iterable<readonly [number, bigint]>): Tree<bigint> => {
  let tree: Tree<bigint> = null
  for (const [key, value] of entries) tree = put(tree, key, value)
  return tree
}

test('the empty tree is 0 and a tree of one leaf is that leaf', t => {
  t.is(root(null), 0n)
  const single = treeWith([[256, 5n]])
  t.is(root(single), 21514033850666510255190906617989514669709167696558430726424645460735556587612n)
  t.is(root(put(single, 256, 6n)), 14471521059351807766741091987570837928721700419602809876953096230832898074711n)
  t.is(root(single), poseidon([256n, 5n, 1n]))
})

test('a leaf that is pushed down leaves zeros on the way', t => {
  const tree = treeWith([
    [256, 5n],
    [256 + 8, 6n],
  ])
  const { siblings, leaf } = pathTo(tree, 256)
  t.deepEqual(siblings.map(root), [0n, 0n, 0n, poseidon([264n, 6n, 1n])])
  t.is(leaf?.item, 5n)
  t.is(pathTo(tree, 257).leaf, null)
})

const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 0, max: 2 ** 48 - 1 }), fc.bigInt({ min: 0n, max: 99n })), {
  selector: ([key]) => key,
  maxLength: 24,
})

test('the order of insertion does not matter, nor whether it is done at once', t => {
  fc.assert(
    fc.property(entries, list => {
      const expected = root(treeWith(list))
      t.is(root(treeWith(list.toReversed())), expected)
      t.is(root(treeOf(list.map(([key, value]) => newLeaf(key, value)))), expected)
    }),
    { numRuns: 40 },
  )
})

test('an older tree stays as it was, also when both are hashed late', t => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 0, max: 2 ** 48 - 1 }), (list, key) => {
      const before = treeWith(list)
      const after = put(before, key, 1000n)
      t.is(lookup(after, key), 1000n)
      t.is(lookup(before, key), new Map(list).get(key))
      t.is(root(after), root(treeWith([...list.filter(([other]) => other !== key), [key, 1000n]])))
      t.is(root(before), root(treeWith(list)))
      t.is([...items(before)].length, list.length)
    }),
    { numRuns: 40 },
  )
})

test('siblings prove a leaf', t => {
  fc.assert(
    fc.property(entries, list => {
      const tree = treeWith(list)
      for (const [key, value] of list) {
        let hash = poseidon([BigInt(key), value, 1n])
        const { siblings } = pathTo(tree, key)
        for (let level = siblings.length - 1; level >= 0; level--) {
          const sibling = root(siblings[level] ?? null)
          const right = Math.floor(key / 2 ** level) % 2 === 1
          hash = poseidon(right ? [sibling, hash] : [hash, sibling])
        }
        t.is(hash, root(tree))
      }
    }),
    { numRuns: 20 },
  )
})
