import test from 'ava'
import * as fc from 'fast-check'
import { type Budget, countRestart, type Second } from '../../src/supervisors/intensity.ts'

/** Restarts at these distances from each other, in milliseconds. */
const gaps = fc.array(fc.integer({ min: 0, max: 4000 }), { maxLength: 60 })
const budget = fc.record({ intensity: fc.integer({ min: 0, max: 6 }), period: fc.integer({ min: 1, max: 10 }) })

function play(list: readonly number[], { intensity, period }: Budget): { times: number[]; died: boolean } {
  const times: number[] = []
  let kept: readonly Second[] = []
  let now = 1_750_000_000_123
  for (const gap of list) {
    now += gap
    const counted = countRestart(kept, now, { intensity, period })
    if (counted.exceeded) return { times, died: true }
    kept = counted.restarts
    times.push(Math.floor(now / 1000))
  }
  return { times, died: false }
}

test('no window of a period ever holds more restarts than the intensity', t => {
  fc.assert(
    fc.property(gaps, budget, (list, given) => {
      const { times } = play(list, given)
      for (const end of times) {
        const within = times.filter(at => at <= end && at >= end - given.period)
        t.true(within.length <= given.intensity)
      }
    }),
  )
})

test('the restart that is one too many is the first one that is', t => {
  fc.assert(
    fc.property(gaps, budget, (list, given) => {
      const { times, died } = play(list, given)
      if (!died) return
      const next = 1_750_000_000_123 + list.slice(0, times.length + 1).reduce((sum, gap) => sum + gap, 0)
      const now = Math.floor(next / 1000)
      t.true(times.filter(at => at >= now - given.period).length >= given.intensity)
    }),
  )
})

test('a clock that goes back does not free the budget', t => {
  const { restarts } = countRestart([], 9000, { intensity: 1, period: 5 })
  t.true(countRestart(restarts, 7000, { intensity: 1, period: 5 }).exceeded)
})

test('intensity 0 allows none, and what is remembered is bounded by the period', t => {
  t.true(countRestart([], 0, { intensity: 0, period: 5 }).exceeded)
  let kept: readonly Second[] = []
  for (let n = 0; n < 10_000; n++) kept = countRestart(kept, n * 10, { intensity: 20_000, period: 3 }).restarts
  t.deepEqual(kept, [
    { at: 99, count: 100 },
    { at: 98, count: 100 },
    { at: 97, count: 100 },
    { at: 96, count: 100 },
  ])
})
