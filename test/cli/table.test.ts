import test from 'ava'
import { pairs, relativeTime, table } from '../../src/cli/table.ts'
import { cell, renderAny } from '../../src/cli/render.ts'
import { NOON } from './support.ts'

test('columns are as wide as their widest cell and lines have no tail', t => {
  t.is(
    table(
      ['a', 'long', 'x'],
      [
        ['1', '2', ''],
        ['333', '4', '5'],
      ],
    ),
    'a    long  x\n1    2\n333  4     5',
  )
  t.is(
    pairs([
      ['a', '1'],
      ['bbb', '2'],
    ]),
    'a    1\nbbb  2',
  )
})

test('times are relative, in the largest whole unit', t => {
  const shown = ['12:00:00', '11:59:01', '11:58:00', '09:59:59', '12:00:12'].map(time =>
    relativeTime(`2030-01-01T${time}Z`, NOON),
  )
  t.deepEqual(shown, ['now', '59s ago', '2m ago', '2h ago', 'in 12s'])
  t.is(relativeTime('2029-12-29T11:00:00Z', NOON), '3d ago')
  t.is(relativeTime('never', NOON), 'never')
})

test('whatever the daemon answers is shown', t => {
  t.is(cell(null, NOON), '-')
  t.is(cell(['a', 1], NOON), 'a, 1')
  t.is(renderAny([], NOON), 'none')
  t.is(renderAny('x', NOON), 'x')
  const record = { readyNow: true, checks: [{ name: 'db', ok: false }], stored: null, roles: [] }
  t.is(
    renderAny(record, NOON),
    'ready now  true\nstored     -\nroles      \n\nchecks\n  name  ok\n  db    false'.replace('roles      ', 'roles'),
  )
})
