import test from 'ava'
import { assert, asyncProperty, integer, nat } from 'fast-check'
import type { Header } from '../../../src/actors/chain/headers.ts'
import { findFork, linked, lowestKept, missing, type Place } from '../../../src/actors/chain/reorg.ts'

const hash = (branch: string, number: number): `0x${string}` => `0x${branch}${number}`
const place = (number: number): Place => ({ number: BigInt(number), hash: hash('a', number) })
const chain = (from: number, to: number): Place[] => Array.from({ length: to - from + 1 }, (_, at) => place(from + at))
const forkedAt = (fork: number, head: number) => {
  let asked = 0
  return {
    asked: () => asked,
    ask: async (number: bigint) => {
      asked += 1
      const n = Number(number)
      if (n > head) return null
      return n <= fork ? hash('a', n) : hash('b', n)
    },
  }
}

test('the fork is found at every depth, also when the new branch is shorter', async t => {
  await assert(
    asyncProperty(nat(300), integer({ min: 1, max: 300 }), nat(300), async (lowest, length, depth) => {
      const head = lowest + length - 1
      const fork = head - depth
      const stored = chain(lowest, head)
      for (const newHead of [fork, head, head + 7]) {
        const found = await findFork(stored, forkedAt(fork, Math.max(newHead, fork)).ask)
        t.deepEqual(found, fork >= lowest ? place(fork) : null)
      }
    }),
    { numRuns: 300 },
  )
})

test('a fork 200 blocks deep takes less than 20 questions', async t => {
  const { ask, asked } = forkedAt(800, 1000)
  t.deepEqual(await findFork(chain(744, 1000), ask), place(800))
  t.true(asked() < 20)
})

test('without stored headers there is no fork', async t => {
  t.is(await findFork([], async () => hash('a', 1)), null)
})

test('headers are linked when each is the child of the one before', t => {
  const header = (number: number, parent = hash('a', number - 1)): Header => ({
    number: BigInt(number),
    hash: hash('a', number),
    parentHash: parent,
    timestamp: 0n,
  })
  t.true(linked([header(5), header(6)], place(4)))
  t.true(linked([header(5), header(6)], null))
  t.true(linked([], place(4)))
  t.false(linked([header(5, hash('b', 4)), header(6)], place(4)))
  t.false(linked([header(5), header(7, hash('a', 5))], null))
})

test('as many headers are kept as the deepest reorganisation needs', t => {
  t.is(lowestKept(100n, 10), 90n)
  t.is(lowestKept(5n, 10), 0n)
  t.deepEqual(missing(null, 100n, 10), { from: 90n, to: 100n })
  t.deepEqual(missing(98n, 100n, 10), { from: 99n, to: 100n })
  t.deepEqual(missing(20n, 100n, 10), { from: 90n, to: 100n })
})
