import test from 'ava'
import * as fc from 'fast-check'
import {
  type ChildView,
  endsWith,
  type GroupStrategy,
  groupStrategy,
  planRestart,
  restartsAfter,
} from '../../src/supervisors/strategy.ts'

const child = fc.record({
  restart: fc.constantFrom('permanent' as const, 'transient' as const, 'temporary' as const),
  significant: fc.boolean(),
  alive: fc.boolean(),
})
const family = fc
  .array(child, { minLength: 1, maxLength: 8 })
  .map(list => list.map((each, at): ChildView => ({ ...each, id: `c${at}` })))
/** Children, and which of them failed: one that is restarted at all, so never a temporary one. */
const failure = fc.tuple(family, fc.nat()).map(([children, at]) => {
  const index = at % children.length
  const failed = { ...children[index]!, restart: 'permanent' as const, alive: false }
  return { children: children.with(index, failed), index, failed: failed.id }
})

const group = (strategy: GroupStrategy, children: readonly ChildView[], index: number): readonly ChildView[] =>
  strategy === 'one-for-all' ? children : children.slice(index)

test('children fail together under two of the strategies', t => {
  t.deepEqual((['one-for-one', 'rest-for-one', 'one-for-all', 'simple-one-for-one'] as const).map(groupStrategy), [
    null,
    'rest-for-one',
    'one-for-all',
    null,
  ])
})

for (const strategy of ['rest-for-one', 'one-for-all'] as const) {
  test(`${strategy}: stops the living of its group in reverse, starts the kept in order, forgets the temporary`, t => {
    fc.assert(
      fc.property(failure, ({ children, index, failed }) => {
        const plan = planRestart(strategy, children, failed)
        const affected = group(strategy, children, index)
        t.deepEqual(
          plan.stop,
          affected
            .filter(each => each.alive)
            .map(each => each.id)
            .toReversed(),
        )
        t.deepEqual(
          plan.start,
          affected.filter(each => each.restart !== 'temporary').map(each => each.id),
        )
        t.deepEqual(
          plan.forget,
          affected.filter(each => each.restart === 'temporary').map(each => each.id),
        )
        t.true(plan.start.includes(failed))
      }),
    )
  })
}

test('permanent always, transient after a crash, temporary never', t => {
  t.deepEqual(
    (['permanent', 'transient', 'temporary'] as const).map(restart => [
      restartsAfter(restart, true),
      restartsAfter(restart, false),
    ]),
    [
      [true, true],
      [false, true],
      [false, false],
    ],
  )
})

test('a supervisor ends with its significant children only', t => {
  fc.assert(
    fc.property(family, others => {
      t.false(endsWith('any-significant', { significant: false }, others))
      t.false(endsWith('never', { significant: true }, others))
      t.true(endsWith('any-significant', { significant: true }, others))
      const left = others.some(other => other.significant && other.alive)
      t.is(endsWith('all-significant', { significant: true }, others), !left)
    }),
  )
})
