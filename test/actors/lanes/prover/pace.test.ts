import test from 'ava'
import fc from 'fast-check'
import { median, nextLookMs, remember, usual } from '../../../../src/actors/lanes/prover/pace.ts'

const pace = { pollMs: 1000, minPollMs: 10 }

/** All looks at a proof that is ready after `readyMs`, and how long it lay unseen. */
function follow(readyMs: number, usualMs: number | null): { looks: number; unseenMs: number } {
  let at = 0
  for (let looks = 0; ; looks += 1) {
    if (at >= readyMs) return { looks, unseenMs: at - readyMs }
    at += nextLookMs(at, usualMs, pace)
  }
}

test('a proof of the usual length lies unseen for a small part of its time and costs few looks', t => {
  for (const readyMs of [200, 1000, 15_000, 300_000]) {
    const { looks, unseenMs } = follow(readyMs, readyMs)
    t.true(unseenMs <= Math.max(10, readyMs / 64), `${readyMs}: ${unseenMs}`)
    t.true(looks <= readyMs / 1000 + 8, `${readyMs}: ${looks} looks`)
  }
})

test('a proof of unknown length is found within a sixtieth of its time', t => {
  const ready = fc.integer({ min: 1000, max: 600_000 })
  const soon = fc.property(ready, readyMs => follow(readyMs, null).unseenMs <= readyMs / 60 + 10)
  t.notThrows(() => fc.assert(soon))
})

test('no pause is longer than the interval or shorter than the least', t => {
  const number = fc.integer({ min: 0, max: 10_000_000 })
  const within = fc.property(number, fc.option(number), (elapsed, usualMs) => {
    const pause = nextLookMs(elapsed, usualMs, pace)
    return pause >= 10 && pause <= 1000
  })
  t.notThrows(() => fc.assert(within))
})

test('the latest durations are remembered; one slow proof changes nothing', t => {
  const durations = Array.from({ length: 20 }, (_, i) => i).reduce<readonly number[]>(remember, [])
  t.is(durations.length, 15)
  t.is(median([1000, 1001, 999, 60_000, 1002]), 1001)
  t.is(usual([1000, 1001, 999, 60_000, 1002]), 999)
  t.is(median([]), null)
})
