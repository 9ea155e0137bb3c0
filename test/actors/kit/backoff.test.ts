import test from 'ava'
import * as fc from 'fast-check'
import { ceilingMs, equalJitterMs, fullJitterMs, OUTAGE } from '../../../src/actors/kit/backoff.ts'

const bounds = fc
  .tuple(fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 0, max: 100_000 }))
  .map(([minMs, more]) => ({ minMs, maxMs: minMs + more }))
const tries = fc.integer({ min: 0, max: 5000 })
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

test('the ceiling doubles from the least to the most and never passes it', t => {
  t.deepEqual(
    [0, 1, 2, 3, 8, 2000].map(n => ceilingMs(OUTAGE, n)),
    [100, 200, 400, 800, 15_000, 15_000],
  )
  fc.assert(
    fc.property(bounds, tries, (given, n) => {
      t.true(ceilingMs(given, n) <= given.maxMs && ceilingMs(given, n) >= given.minMs)
      t.true(ceilingMs(given, n + 1) >= ceilingMs(given, n))
    }),
  )
})

test('full jitter stays between nothing and the ceiling, equal jitter in its upper half', t => {
  fc.assert(
    fc.property(bounds, tries, chance, (given, n, random) => {
      const ceiling = ceilingMs(given, n)
      const full = fullJitterMs(given, n, () => random)
      const equal = equalJitterMs(given, n, () => random)
      t.true(full >= 0 && full <= ceiling)
      t.true(equal >= ceiling / 2 && equal <= ceiling)
    }),
  )
})
