import test from 'ava'
import { array, assert, boolean, nat, property } from 'fast-check'
import { accepted, firstSpan, nextRange, refused } from '../../../src/actors/chain/ranges.ts'

test('a refused span is halved, down to one block and no further', t => {
  let span = firstSpan(10)
  const seen = [span.blocks]
  for (let i = 0; i < 5; i++) seen.push((span = refused(span, null)).blocks)
  t.deepEqual(seen, [10, 5, 2, 1, 1, 1])
})

test('a range that the node offers is taken when it is smaller than half', t => {
  t.is(refused(firstSpan(1000), 30).blocks, 30)
  t.is(refused(firstSpan(1000), 800).blocks, 500)
  t.is(refused(firstSpan(1000), 0).blocks, 1)
})

test('after a few good answers the span grows back to the most, and never above', t => {
  let span = refused(firstSpan(100), null)
  for (let i = 0; i < 3; i++) span = accepted(span, 100)
  t.is(span.blocks, 50)
  span = accepted(span, 100)
  t.is(span.blocks, 100)
  t.is(accepted(span, 100).blocks, 100)
})

test('ranges cover every block above the cursor exactly once', t => {
  assert(
    property(nat(5000), nat(5000), array(boolean(), { maxLength: 60 }), (cursor, ahead, refusals) => {
      const head = BigInt(cursor + ahead)
      let at = BigInt(cursor)
      let span = firstSpan(512)
      const answers = [...refusals]
      for (let steps = 0; steps < 20_000; steps++) {
        const range = nextRange(at, head, span)
        if (range === null) break
        t.is(range.from, at + 1n)
        t.true(range.to <= head && range.to >= range.from)
        if (answers.pop() && range.to > range.from) {
          span = refused(span, null)
          continue
        }
        at = range.to
        span = accepted(span, 512)
      }
      t.is(at, head)
    }),
  )
})
