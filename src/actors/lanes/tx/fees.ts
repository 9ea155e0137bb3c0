/**
 * The one place that decides what a transaction offers: from the market, our own best attempt, the deadline and the
 * ceilings. Pure.
 *
 * EIP-1559: https://eips.ethereum.org/EIPS/eip-1559 (next base fee). Replacement: clients want at least 10 % more on
 * tip and on cap (geth `core/txpool`, PriceBump 10), for blob transactions twice as much on tip, cap and blob cap
 * (`core/txpool/blobpool`, PriceBump 100). Never above a ceiling: it says `wait`, and why.
 */
import { formatGwei as gwei } from '../../../config/units.ts'

/** Wei. For a legacy transaction both are its gas price. */
export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
  /** Of a blob transaction. */
  readonly maxFeePerBlobGas?: bigint
}

/** What the chain asks at the moment, wei. */
export interface Market {
  /** Base fee of the next block; null on a chain without EIP-1559. */
  readonly nextBaseFee: bigint | null
  /** What the node suggests: the tip, or the whole gas price on a chain without EIP-1559. */
  readonly suggested: bigint
  /** Base fee of blob gas in the next block; null while it is not known or not wanted. */
  readonly blobBaseFee?: bigint | null | undefined
}

export interface FeeRules {
  readonly maxFeePerGasWei: bigint
  /** Null: only the fee ceiling binds. */
  readonly maxPriorityFeePerGasWei: bigint | null
  /** Never offers less than this tip (or gas price). */
  readonly minPriorityFeePerGasWei: bigint
  /** Ceiling of a unit of blob gas. */
  readonly maxFeePerBlobGasWei: bigint
  /** Percent on top of our best attempt in a replacement; below what clients ask for counts as that. */
  readonly bumpPercent: number
}

export interface Asking {
  readonly market: Market
  readonly rules: FeeRules
  /** The most that any attempt at this nonce offers; null when there is none. */
  readonly best: Fees | null
  /** Blocks until it is too late, the next one included; null without a deadline. */
  readonly blocksLeft: number | null
  /** Versions that were signed before. */
  readonly versions: number
  /** Whether it carries blobs. */
  readonly blobs: boolean
}

export type Quote = { readonly do: 'pay'; readonly fees: Fees } | { readonly do: 'wait'; readonly because: string }

const CLIENT_BUMP_PERCENT = 10
const CLIENT_BLOB_BUMP_PERCENT = 100
const NOTHING: Fees = { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n, maxFeePerBlobGas: 0n }

/** What the next attempt offers, or why it must wait. The result never exceeds a ceiling, and replaces `best`. */
export function quote(asking: Asking): Quote {
  const { market, rules, best, blobs } = asking
  const floor = best ? raisedFees(best, rules.bumpPercent, blobs) : NOTHING
  const calm = max(market.suggested, rules.minPriorityFeePerGasWei)
  const hasty = max(market.suggested * haste(asking), calm)
  if (market.nextBaseFee === null && blobs) return wait('this chain has no blobs')
  if (market.nextBaseFee === null) return legacyQuote(calm, hasty, floor.maxFeePerGas, rules)
  const tipCeiling = min(rules.maxPriorityFeePerGasWei ?? rules.maxFeePerGasWei, rules.maxFeePerGasWei)
  const least = max(min(calm, tipCeiling), floor.maxPriorityFeePerGas)
  if (least > tipCeiling) return wait(`a replacement needs a tip of ${gwei(least)}, the ceiling is ${gwei(tipCeiling)}`)
  const needed = market.nextBaseFee + least
  if (floor.maxFeePerGas > rules.maxFeePerGasWei) return replacementTooDear(floor.maxFeePerGas, rules)
  if (needed > rules.maxFeePerGasWei) return marketTooDear(needed, rules)
  const room = rules.maxFeePerGasWei - market.nextBaseFee
  const tip = max(least, min(hasty, min(tipCeiling, room))) // haste takes what the ceilings leave, and waits for nothing
  const comfortable = max(2n * market.nextBaseFee + tip, floor.maxFeePerGas)
  const fees = { maxFeePerGas: min(comfortable, rules.maxFeePerGasWei), maxPriorityFeePerGas: tip }
  return blobs ? withBlobs(fees, floor.maxFeePerBlobGas ?? 0n, market.blobBaseFee ?? null, rules) : pay(fees)
}

/** How many times the suggested tip is worth offering: more the closer the deadline, more for what waited already. */
function haste({ blocksLeft, versions }: Asking): bigint {
  if (blocksLeft !== null && blocksLeft <= 1) return 3n
  return versions > 1 || (blocksLeft !== null && blocksLeft <= 3) ? 2n : 1n
}

function withBlobs(fees: Fees, floor: bigint, base: bigint | null, rules: FeeRules): Quote {
  if (base === null) return wait('the price of blob gas is not known yet')
  const ceiling = rules.maxFeePerBlobGasWei
  const needed = max(base, floor)
  if (needed > ceiling) return wait(`blob gas needs ${gwei(needed)}, the ceiling is ${gwei(ceiling)}`)
  return pay({ ...fees, maxFeePerBlobGas: min(max(2n * base, floor), ceiling) })
}

function legacyQuote(calm: bigint, hasty: bigint, floor: bigint, rules: FeeRules): Quote {
  if (floor > rules.maxFeePerGasWei) return replacementTooDear(floor, rules)
  if (calm > rules.maxFeePerGasWei) return marketTooDear(calm, rules)
  const price = max(min(hasty, rules.maxFeePerGasWei), floor)
  return pay({ maxFeePerGas: price, maxPriorityFeePerGas: price })
}

/** The least that clients accept in place of `fees`: 10 % (with blobs 100 %) and 1 wei more, rounded up, on each. */
export function raisedFees(fees: Fees, bumpPercent: number, blobs = false): Fees {
  const percent = Math.max(blobs ? CLIENT_BLOB_BUMP_PERCENT : CLIENT_BUMP_PERCENT, Math.ceil(bumpPercent))
  return {
    maxFeePerGas: raised(fees.maxFeePerGas, percent),
    maxPriorityFeePerGas: raised(fees.maxPriorityFeePerGas, percent),
    ...(blobs && { maxFeePerBlobGas: raised(fees.maxFeePerBlobGas ?? 0n, percent) }),
  }
}

const raised = (value: bigint, percent: number): bigint =>
  max((value * (100n + BigInt(percent)) + 99n) / 100n, value + 1n)

/** The rules of one transaction: its own ceiling binds when it is lower. */
export const rulesFor = (rules: FeeRules, ceiling: bigint | null): FeeRules =>
  ceiling === null || ceiling >= rules.maxFeePerGasWei ? rules : { ...rules, maxFeePerGasWei: ceiling }

/** Gas of one blob (EIP-4844). */
export const GAS_PER_BLOB = 131_072n

/** The most that a transaction with these fees can cost, without its value, wei. */
export const mostOf = (fees: Fees, gasLimit: bigint, blobs: number): bigint =>
  gasLimit * fees.maxFeePerGas + BigInt(blobs) * GAS_PER_BLOB * (fees.maxFeePerBlobGas ?? 0n)

/** Whether a transaction with these fees can be included in the next block, and is worth it to the block's builder. */
export const fitsMarket = (fees: Fees, market: Market): boolean =>
  market.nextBaseFee === null
    ? fees.maxFeePerGas >= market.suggested
    : fees.maxFeePerGas >= market.nextBaseFee &&
      (fees.maxFeePerBlobGas === undefined || fees.maxFeePerBlobGas >= (market.blobBaseFee ?? 0n))

export interface FeeHeader {
  readonly baseFeePerGas: bigint | null
  readonly gasUsed: bigint
  readonly gasLimit: bigint
}

/** Base fee of the block after this one (EIP-1559: target is half the limit, at most an eighth up or down). */
export function nextBaseFee({ baseFeePerGas, gasUsed, gasLimit }: FeeHeader): bigint | null {
  if (baseFeePerGas === null) return null
  const target = gasLimit / 2n
  if (target === 0n || gasUsed === target) return baseFeePerGas
  if (gasUsed > target) return baseFeePerGas + max((baseFeePerGas * (gasUsed - target)) / target / 8n, 1n)
  return baseFeePerGas - (baseFeePerGas * (target - gasUsed)) / target / 8n
}

const marketTooDear = (needed: bigint, rules: FeeRules): Quote =>
  wait(`the market asks ${gwei(needed)}, the ceiling is ${gwei(rules.maxFeePerGasWei)}`)
const replacementTooDear = (needed: bigint, rules: FeeRules): Quote =>
  wait(`a replacement needs ${gwei(needed)}, the ceiling is ${gwei(rules.maxFeePerGasWei)}`)
const pay = (fees: Fees): Quote => ({ do: 'pay', fees })
const wait = (because: string): Quote => ({ do: 'wait', because })
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
