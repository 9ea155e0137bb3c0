/**
 * The one place that decides what a transaction offers: from the market, our own best attempt and the ceiling. Pure.
 *
 * EIP-1559: https://eips.ethereum.org/EIPS/eip-1559 (next base fee). Replacement: clients want at least 10 % more on
 * tip and on cap (geth `core/txpool`, PriceBump 10). Never above the ceiling: it says `wait`, and why.
 */

/** Wei. For a legacy transaction both are its gas price. */
export interface Fees {
  readonly maxFeePerGas: bigint
  readonly maxPriorityFeePerGas: bigint
}

/** What the chain asks at the moment, wei. */
export interface Market {
  /** Base fee of the next block; null on a chain without EIP-1559. */
  readonly nextBaseFee: bigint | null
  /** What the node suggests: the tip, or the whole gas price on a chain without EIP-1559. */
  readonly suggested: bigint
}

export interface FeeRules {
  readonly maxFeePerGasWei: bigint
  /** Null: only the fee ceiling binds. */
  readonly maxPriorityFeePerGasWei: bigint | null
  /** Never offers less than this tip (or gas price). */
  readonly minPriorityFeePerGasWei: bigint
  /** Percent on top of our best attempt in a replacement; below 10 counts as 10. */
  readonly bumpPercent: number
}

export interface Asking {
  readonly market: Market
  readonly rules: FeeRules
  /** The most that any attempt at this nonce offers; null when there is none. */
  readonly best: Fees | null
  /** Close to its deadline, or replaced before: doubles the suggested tip. */
  readonly urgent: boolean
}

export type Quote = { readonly do: 'pay'; readonly fees: Fees } | { readonly do: 'wait'; readonly because: string }

const CLIENT_BUMP_PERCENT = 10

/** What the next attempt offers, or why it must wait. The result never exceeds the ceiling, and replaces `best`. */
export function quote({ market, rules, best, urgent }: Asking): Quote {
  const floor = best ? raisedFees(best, rules.bumpPercent) : { maxFeePerGas: 0n, maxPriorityFeePerGas: 0n }
  const suggested = max(urgent ? market.suggested * 2n : market.suggested, rules.minPriorityFeePerGasWei)
  if (market.nextBaseFee === null) return legacyQuote(suggested, floor.maxFeePerGas, rules)
  const tipCeiling = min(rules.maxPriorityFeePerGasWei ?? rules.maxFeePerGasWei, rules.maxFeePerGasWei)
  const tip = max(min(suggested, tipCeiling), floor.maxPriorityFeePerGas)
  if (tip > tipCeiling) return wait(`a replacement needs a tip of ${gwei(tip)}, the ceiling is ${gwei(tipCeiling)}`)
  const needed = market.nextBaseFee + tip
  if (floor.maxFeePerGas > rules.maxFeePerGasWei) return replacementTooDear(floor.maxFeePerGas, rules)
  if (needed > rules.maxFeePerGasWei) return marketTooDear(needed, rules)
  const comfortable = max(2n * market.nextBaseFee + tip, floor.maxFeePerGas)
  return { do: 'pay', fees: { maxFeePerGas: min(comfortable, rules.maxFeePerGasWei), maxPriorityFeePerGas: tip } }
}

function legacyQuote(suggested: bigint, floor: bigint, rules: FeeRules): Quote {
  if (floor > rules.maxFeePerGasWei) return replacementTooDear(floor, rules)
  if (suggested > rules.maxFeePerGasWei) return marketTooDear(suggested, rules)
  const price = max(suggested, floor)
  return { do: 'pay', fees: { maxFeePerGas: price, maxPriorityFeePerGas: price } }
}

/** The least that clients accept in place of `fees`: at least 10 % and 1 wei more, rounded up, on both. */
export const raisedFees = (fees: Fees, bumpPercent: number): Fees => ({
  maxFeePerGas: raised(fees.maxFeePerGas, bumpPercent),
  maxPriorityFeePerGas: raised(fees.maxPriorityFeePerGas, bumpPercent),
})

function raised(value: bigint, bumpPercent: number): bigint {
  const percent = BigInt(Math.max(CLIENT_BUMP_PERCENT, Math.ceil(bumpPercent)))
  return max((value * (100n + percent) + 99n) / 100n, value + 1n)
}

/** Whether a transaction with these fees can be included in the next block, and is worth it to the block's builder. */
export const fitsMarket = (fees: Fees, market: Market): boolean =>
  market.nextBaseFee === null ? fees.maxFeePerGas >= market.suggested : fees.maxFeePerGas >= market.nextBaseFee

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

/** `1.5 gwei`, exact. */
export function gwei(wei: bigint): string {
  const fraction = (wei % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${wei / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`} gwei`
}

const marketTooDear = (needed: bigint, rules: FeeRules): Quote =>
  wait(`the market asks ${gwei(needed)}, the ceiling is ${gwei(rules.maxFeePerGasWei)}`)
const replacementTooDear = (needed: bigint, rules: FeeRules): Quote =>
  wait(`a replacement needs ${gwei(needed)}, the ceiling is ${gwei(rules.maxFeePerGasWei)}`)
const wait = (because: string): Quote => ({ do: 'wait', because })
const max = (a: bigint, b: bigint): bigint => (a > b ? a : b)
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
