import test from 'ava'
import * as fc from 'fast-check'
import { aboutWei, formatDuration, formatWei, parseDuration, parseSize, parseWei } from '../../src/config/units.ts'

test('a duration is a sum of amounts with units', t => {
  const read = ['10m', '1h30m', '500ms', '0.5 s', '2d', '0', '0s'].map(parseDuration)
  t.deepEqual(read, [600_000, 5_400_000, 500, 500, 172_800_000, 0, 0])
})

test('a duration without a unit, negative, or with another unit is refused', t => {
  const read = ['10', '-1s', '1  s', 's', '', '1w', '1e3s', '1s '].map(parseDuration)
  t.deepEqual(new Set(read), new Set([null]))
})

test('every duration in whole milliseconds is written so that it is read back', t => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), ms => parseDuration(formatDuration(ms)) === ms),
    { numRuns: 500 },
  )
  t.pass()
})

test('sizes are decimal or binary', t => {
  t.deepEqual(['1 MiB', '500kB', '64 B', '1.5 KiB'].map(parseSize), [1_048_576, 500_000, 64, 1536])
  t.deepEqual(['1', '1 mb', '0.3 B', '-1 B'].map(parseSize), [null, null, null, null])
})

test('amounts are exact in wei and never rounded', t => {
  t.deepEqual(['0.5 ether', '20 gwei', '1 wei', '0'].map(parseWei), [5n * 10n ** 17n, 2n * 10n ** 10n, 1n, 0n])
  t.deepEqual(['0.1 wei', '1.0000000001 gwei', '1', '1 eth', '-1 wei'].map(parseWei), [null, null, null, null, null])
})

test('every amount is written so that it is read back', t => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 24n), wei => parseWei(formatWei(wei)) === wei),
    { numRuns: 500 },
  )
  t.is(formatWei(20_000_000_000n), '20 gwei')
})

test('amounts for people have three digits and a fitting unit', t => {
  const amounts = [0n, 7n, 51_234_000_000n, 337_358_654_153_532n, 1_234_567n * 10n ** 15n]
  t.deepEqual(amounts.map(aboutWei), ['0 wei', '7 wei', '51.2 gwei', '0.000337 ether', '1230 ether'])
})
