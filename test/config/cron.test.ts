import test from 'ava'
import * as fc from 'fast-check'
import { validate } from 'node-cron'
import { parseCron } from '../../src/config/cron.ts'

test('a cron expression has five fields, or six with seconds first', t => {
  const read = ['*/10 * * * *', '17 3 * * *', '0 0 1 jan mon-fri', '*/5 0-30/10,45 * * * *', '0  4 * * 7'].map(
    parseCron,
  )
  t.deepEqual(read, ['*/10 * * * *', '17 3 * * *', '0 0 1 jan mon-fri', '*/5 0-30/10,45 * * * *', '0 4 * * 7'])
})

test('a cron expression out of range, too short, with other signs, or for a day that never comes is refused', t => {
  const wrong = ['', '* * * *', '60 * * * *', '* 24 * * *', '* * 0 * *', '* * * 13 *', '* * * * 8', '*/0 * * * *']
  const strange = [
    '5-1 * * * *',
    '* * * * * * *',
    '1,,2 * * * *',
    'a * * * *',
    '1/2/3 * * * *',
    '1-2-3 * * * *',
    '0 0 30 2 *',
  ]
  t.deepEqual(new Set([...wrong, ...strange].map(parseCron)), new Set([null]))
})

test('what is accepted in the configuration is accepted by the scheduler', t => {
  const field = (least: number, most: number) => {
    const value = fc.integer({ min: least, max: most })
    const span = fc.tuple(value, value).map(ends => ends.toSorted((a, b) => a - b).join('-'))
    const stepped = fc
      .tuple(fc.oneof(fc.constant('*'), span), fc.integer({ min: 1, max: 20 }))
      .map(two => two.join('/'))
    return fc.array(fc.oneof(fc.constant('*'), value.map(String), span, stepped), { minLength: 1, maxLength: 3 })
  }
  const fields = [field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7)]
  const expression = fc.tuple(...fields).map(lists => lists.map(list => list.join(',')).join(' '))
  fc.assert(
    fc.property(expression, text => parseCron(text) === (validate(text) ? text : null)),
    { numRuns: 300 },
  )
  t.pass()
})
