import test from 'ava'
import * as fc from 'fast-check'
import { decideL1, mustBeL1, nextQueue, type L1View } from '../../../../src/actors/forger/policy/l1.ts'
import { chainView } from '../../../support/chain-view.ts'

interface Standing {
  readonly head: number
  readonly last?: number
  readonly toForge?: number
  readonly filling?: number
  readonly scheduled?: L1View['scheduled']
}

const viewOf = ({ head, last = 0, toForge = 0, filling = toForge + 1, scheduled = [] }: Standing): L1View => ({
  chain: chainView(head, ['', ''], {
    lastL1L2Batch: String(last),
    nextL1ToForgeQueue: String(toForge),
    nextL1FillingQueue: String(filling),
  }),
  head: BigInt(head),
  scheduled,
})
const kind = (standing: Standing, part = 0.5) => decideL1(viewOf(standing), part).kind

test('scenario 23: an L1 batch is due after the configured part of the timeout, and not before', t => {
  t.is(kind({ head: 102, last: 100, toForge: 3 }), 'l2')
  t.is(kind({ head: 103, last: 100, toForge: 3 }), 'l1')
  t.is(kind({ head: 100 }), 'l1', 'there was none before')
})

test('scenario 23: one that is scheduled and not on the chain yet counts like one that is', t => {
  const scheduled = [{ block: 100n, queue: 3n }]
  t.is(kind({ head: 102, last: 50, toForge: 3, filling: 5, scheduled }), 'l2')
  t.is(kind({ head: 103, last: 50, toForge: 3, filling: 5, scheduled }), 'l1')
})

test('scenario 24: a queue that can still grow is not forged: an L2 batch goes first, or nothing', t => {
  const scheduled = [{ block: 100n, queue: 3n }]
  const early = decideL1(viewOf({ head: 103, last: 90, toForge: 3, filling: 4, scheduled }), 0.5)
  t.like(early, { kind: 'l2-or-wait', queue: 4n, requiredFrom: 110n })
  const synced = decideL1(viewOf({ head: 104, last: 100, toForge: 4, filling: 5 }), 0.5)
  t.like(synced, { kind: 'l1', queue: 4n }, 'after the one before was read from the chain')
})

test('scenario 25: the first batch ever is an L1 batch over the empty queue 0', t => {
  t.like(decideL1(viewOf({ head: 10 }), 0.5), { kind: 'l1', queue: 0n })
})

test('scenario 26: a full queue freezes at once: both halves of many transactions are forged, one after the other', t => {
  const scheduled = [{ block: 10n, queue: 0n }]
  t.like(decideL1(viewOf({ head: 10, toForge: 0, filling: 2 }), 0.5), { kind: 'l1', queue: 0n })
  t.like(decideL1(viewOf({ head: 14, toForge: 0, filling: 2, scheduled }), 0.5), { kind: 'l1', queue: 1n })
})

test('scenario 27: the queue of the next L1 batch follows the newest one of ours in flight', t => {
  const queues = (scheduled: L1View['scheduled']) => nextQueue(viewOf({ head: 20, toForge: 3, filling: 9, scheduled }))
  t.is(queues([]), 3n)
  t.is(
    queues([
      { block: 9n, queue: 3n },
      { block: 12n, queue: 4n },
    ]),
    5n,
  )
  t.is(queues([{ block: 9n, queue: 1n }]), 3n, 'the chain is ahead of it')
})

test('with a part near 0 every batch wants to be an L1 batch', t => {
  t.is(kind({ head: 100, last: 100, toForge: 3 }, 0.00001), 'l1')
})

test('scenario 28: an L1 batch is demanded one block earlier than the contract does', t => {
  const { chain } = viewOf({ head: 100, last: 100 })
  t.false(mustBeL1(chain, 0n, 108n))
  t.true(mustBeL1(chain, 0n, 109n))
  t.false(mustBeL1(chain, 105n, 109n), 'one of ours is on its way')
})

test('a queue is forged only when it is frozen, and queues are forged in order without a gap', t => {
  const standing = fc.record({
    head: fc.integer({ min: 1, max: 500 }),
    last: fc.integer({ min: 0, max: 500 }),
    toForge: fc.integer({ min: 0, max: 5 }),
    frozen: fc.integer({ min: 0, max: 4 }),
    inFlight: fc.integer({ min: 0, max: 4 }),
  })
  fc.assert(
    fc.property(standing, fc.double({ min: 0, max: 1, noNaN: true }), ({ frozen, inFlight, ...rest }, part) => {
      const filling = rest.toForge + 1 + frozen
      const scheduled = Array.from({ length: inFlight }, (_, at) => ({
        block: BigInt(rest.last + at),
        queue: BigInt(rest.toForge + at),
      }))
      const choice = decideL1(viewOf({ ...rest, filling, scheduled }), part)
      const inOrder = choice.queue === BigInt(rest.toForge + inFlight)
      return inOrder && (choice.kind !== 'l1' || choice.queue < BigInt(filling))
    }),
    { numRuns: 500 },
  )
  t.pass()
})
