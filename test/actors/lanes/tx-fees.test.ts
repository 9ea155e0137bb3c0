/** The fee function: never above the ceiling, always a valid replacement, never below the market. */
import test from 'ava'
import * as fc from 'fast-check'
import { formatGwei as gwei } from '../../../src/config/units.ts'
import { nextBaseFee, quote, raisedFees, type Asking, type FeeRules } from '../../../src/actors/lanes/tx/fees.ts'

const GWEI = 1_000_000_000n
const rules: FeeRules = {
  maxFeePerGasWei: 100n * GWEI,
  maxPriorityFeePerGasWei: null,
  minPriorityFeePerGasWei: 0n,
  maxFeePerBlobGasWei: 100n * GWEI,
  bumpPercent: 10,
}
const calm = { rules, best: null, blocksLeft: null, versions: 1, blobs: false }

test('a first price is twice the next base fee plus the suggested tip', t => {
  const market = { nextBaseFee: 10n * GWEI, suggested: 2n * GWEI }
  t.deepEqual(quote({ ...calm, market }), {
    do: 'pay',
    fees: { maxFeePerGas: 22n * GWEI, maxPriorityFeePerGas: 2n * GWEI },
  })
})

test('the headroom is cut at the ceiling as long as the next block can be paid', t => {
  const market = { nextBaseFee: 60n * GWEI, suggested: 2n * GWEI }
  t.deepEqual(quote({ ...calm, market }), {
    do: 'pay',
    fees: { maxFeePerGas: 100n * GWEI, maxPriorityFeePerGas: 2n * GWEI },
  })
})

test('a market above the ceiling is waited out, with both numbers in the reason', t => {
  const market = { nextBaseFee: 99n * GWEI, suggested: 2n * GWEI }
  t.deepEqual(quote({ ...calm, market }), {
    do: 'wait',
    because: 'the market asks 101 gwei, the ceiling is 100 gwei',
  })
})

test('a replacement that the ceiling forbids waits and says what it needs', t => {
  const market = { nextBaseFee: 10n * GWEI, suggested: 1n * GWEI }
  const best = { maxFeePerGas: 95n * GWEI, maxPriorityFeePerGas: 1n * GWEI }
  t.deepEqual(quote({ market, rules, best, blocksLeft: null, versions: 1, blobs: false }), {
    do: 'wait',
    because: 'a replacement needs 104.5 gwei, the ceiling is 100 gwei',
  })
})

test('a tip ceiling of its own binds the tip', t => {
  const market = { nextBaseFee: 10n * GWEI, suggested: 5n * GWEI }
  const answer = quote({ ...calm, market, rules: { ...rules, maxPriorityFeePerGasWei: 3n * GWEI } })
  t.like(answer, { do: 'pay', fees: { maxPriorityFeePerGas: 3n * GWEI } })
})

test('without EIP-1559 both fees are the gas price', t => {
  const market = { nextBaseFee: null, suggested: 7n * GWEI }
  t.deepEqual(quote({ ...calm, market }), {
    do: 'pay',
    fees: { maxFeePerGas: 7n * GWEI, maxPriorityFeePerGas: 7n * GWEI },
  })
})

const raised = (value: bigint, percent: number): bigint =>
  raisedFees({ maxFeePerGas: value, maxPriorityFeePerGas: value }, percent).maxFeePerGas

test('the least raise of the reference: 100 to 110, 10 to 12 at 20 percent, 5 to 6, and never nothing', t => {
  t.is(raised(100n, 10), 110n)
  t.is(raised(100n, 1), 110n) // clients want ten percent whatever the configuration says
  t.is(raised(10n, 20), 12n)
  t.is(raised(1000n, 50), 1500n)
  t.is(raised(5n, 10), 6n)
  t.is(raised(0n, 10), 1n)
})

const wei = fc.bigInt(0n, 2_000n * GWEI)
const asking = fc.record({
  market: fc.record({ nextBaseFee: fc.option(wei), suggested: wei, blobBaseFee: fc.option(wei) }),
  rules: fc.record({
    maxFeePerGasWei: wei,
    maxPriorityFeePerGasWei: fc.option(wei),
    minPriorityFeePerGasWei: fc.bigInt(0n, 5n * GWEI),
    maxFeePerBlobGasWei: wei,
    bumpPercent: fc.integer({ min: 0, max: 100 }),
  }),
  best: fc.option(
    fc.tuple(wei, wei, wei).map(([a, b, blob]) => ({
      maxFeePerGas: a > b ? a : b,
      maxPriorityFeePerGas: a > b ? b : a,
      maxFeePerBlobGas: blob,
    })),
  ),
  blocksLeft: fc.option(fc.integer({ min: -2, max: 20 })),
  versions: fc.integer({ min: 0, max: 5 }),
  blobs: fc.boolean(),
}) satisfies fc.Arbitrary<Asking>

test('no price is ever above a ceiling, below the next base fee, or refused as a replacement by geth', t => {
  fc.assert(
    fc.property(asking, asked => {
      const answer = quote(asked)
      if (answer.do === 'wait') return answer.because !== ''
      const { maxFeePerGas: cap, maxPriorityFeePerGas: tip } = answer.fees
      const { market, best, rules: limits, blobs } = asked
      const percent = blobs ? 200n : 110n
      const underCeiling = cap <= limits.maxFeePerGasWei
      const includable = market.nextBaseFee === null || cap >= market.nextBaseFee + tip
      const replaces =
        best === null ||
        (cap * 100n >= best.maxFeePerGas * percent &&
          tip * 100n >= best.maxPriorityFeePerGas * percent &&
          cap > best.maxFeePerGas &&
          tip > best.maxPriorityFeePerGas)
      const tipBound = limits.maxPriorityFeePerGasWei
      const tipFits = market.nextBaseFee === null || tipBound === null || tip <= tipBound
      const blobCap = answer.fees.maxFeePerBlobGas
      const blobsFit = blobs
        ? blobCap !== undefined &&
          blobCap <= limits.maxFeePerBlobGasWei &&
          blobCap >= (market.blobBaseFee ?? 0n) &&
          (best === null || blobCap >= 2n * (best.maxFeePerBlobGas ?? 0n))
        : blobCap === undefined
      return blobsFit && underCeiling && includable && replaces && tipFits && tip <= cap
    }),
    { numRuns: 20_000 },
  )
  t.pass()
})

test('the next base fee follows EIP-1559', t => {
  const header = { baseFeePerGas: 1000n, gasLimit: 20_000n }
  t.is(nextBaseFee({ ...header, gasUsed: 10_000n }), 1000n)
  t.is(nextBaseFee({ ...header, gasUsed: 20_000n }), 1125n)
  t.is(nextBaseFee({ ...header, gasUsed: 0n }), 875n)
  t.is(nextBaseFee({ baseFeePerGas: 1n, gasLimit: 20_000n, gasUsed: 20_000n }), 2n)
  t.is(nextBaseFee({ ...header, baseFeePerGas: null, gasUsed: 1n }), null)
})

test('gwei are printed exactly', t => {
  t.deepEqual([0n, 1n, 1_500_000_000n, 100n * GWEI].map(gwei), ['0 gwei', '0.000000001 gwei', '1.5 gwei', '100 gwei'])
})

test('haste never waits where calm would pay: closer to the deadline more is sent, not less', t => {
  fc.assert(
    fc.property(asking, asked => {
      const calm = quote({ ...asked, blocksLeft: null, versions: 0 })
      return calm.do === 'wait' || quote(asked).do === 'pay'
    }),
    { numRuns: 20_000 },
  )
  t.pass()
})
