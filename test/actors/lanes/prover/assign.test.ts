import test from 'ava'
import { assign, type IdleProver, type PastTry, type TryState } from '../../../../src/actors/lanes/prover/assign.ts'

const idle = (name: string, lastFailedAt: number | null = null, since = 0): IdleProver => ({
  name,
  lastFailedAt,
  since,
})
const tries = (...list: [string, TryState][]): PastTry[] => list.map(([prover, state]) => ({ prover, state }))
const batch = (key: string, ...past: [string, TryState][]) => ({ batch: key, tries: tries(...past) })

test('scenario 29: as many batches as idle provers are given out, in batch order; the rest waits', t => {
  const view = { idle: [idle('a'), idle('b')], alive: ['a', 'b'], waiting: [batch('1'), batch('2'), batch('3')] }
  t.deepEqual(assign(view), [
    { prover: 'a', batch: '1' },
    { prover: 'b', batch: '2' },
  ])
})

test('the prover whose last failure is the longest ago is first, and one that never failed before all', t => {
  const view = {
    idle: [idle('a', 300), idle('b', 100), idle('c')],
    alive: ['a', 'b', 'c'],
    waiting: [batch('1'), batch('2'), batch('3')],
  }
  t.deepEqual(
    assign(view).map(({ prover }) => prover),
    ['c', 'b', 'a'],
  )
})

test('among provers of equal merit the one idle longest is first', t => {
  const view = { idle: [idle('a', null, 20), idle('b', null, 10)], alive: ['a', 'b'], waiting: [batch('1')] }
  t.deepEqual(assign(view), [{ prover: 'b', batch: '1' }])
})

test('scenario 32: a batch that failed at a prover goes to another one', t => {
  const waiting = [batch('1', ['a', 'failed'])]
  t.deepEqual(assign({ idle: [idle('a'), idle('b', 999)], alive: ['a', 'b'], waiting }), [{ prover: 'b', batch: '1' }])
})

test('a batch waits for a busy prover that has not tried it, and later batches do not wait with it', t => {
  const waiting = [batch('1', ['a', 'timeout']), batch('2')]
  t.deepEqual(assign({ idle: [idle('a')], alive: ['a', 'b'], waiting }), [{ prover: 'a', batch: '2' }])
})

test('a batch goes back to a prover that failed it when no other is alive', t => {
  const waiting = [batch('1', ['a', 'failed'])]
  t.deepEqual(assign({ idle: [idle('a')], alive: ['a'], waiting }), [{ prover: 'a', batch: '1' }])
})

test('when all have failed a batch, the one that failed it least gets it', t => {
  const waiting = [batch('1', ['a', 'failed'], ['b', 'failed'], ['a', 'failed'])]
  t.deepEqual(assign({ idle: [idle('a'), idle('b')], alive: ['a', 'b'], waiting }), [{ prover: 'b', batch: '1' }])
})

test('one stale or lost proof does not speak against a prover, two do; a cancel never does', t => {
  const given = (...past: [string, TryState][]) =>
    assign({ idle: [idle('a')], alive: ['a', 'b'], waiting: [batch('1', ...past)] }).length
  t.is(given(['a', 'stale']), 1)
  t.is(given(['a', 'lost']), 1)
  t.is(given(['a', 'stale'], ['a', 'lost']), 0)
  t.is(given(['a', 'cancelled'], ['a', 'cancelled']), 1)
})

test('nothing is given out when nobody is idle or nothing waits', t => {
  t.deepEqual(assign({ idle: [], alive: ['a'], waiting: [batch('1')] }), [])
  t.deepEqual(assign({ idle: [idle('a')], alive: ['a'], waiting: [] }), [])
})
