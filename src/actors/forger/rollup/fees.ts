/**
 * The fee of an L2 transaction: 256 selectors, each a factor of the amount (reference 9.8; factors in fee-factors.ts).
 */
import { RefusedTransaction } from './errors.ts'
import { FEE_FACTORS } from './fee-factors.ts'

/** Selectors below this have 60 fractional bits, those from here on none. */
export const FIRST_WHOLE_SELECTOR = 192
const MAX_FEE = (1n << 128n) - 1n

/** The fee for an amount, or `null` when it needs more than 128 bits. */
export function feeOf(amount: bigint, selector: number): bigint | null {
  const product = amount * (FEE_FACTORS[selector] ?? 0n)
  const fee = selector < FIRST_WHOLE_SELECTOR ? product >> 60n : product
  return fee > MAX_FEE ? null : fee
}

/** Like `feeOf`; an overflow is refused. */
export function requireFee(amount: bigint, selector: number): bigint {
  const fee = feeOf(amount, selector)
  if (fee === null) throw new RefusedTransaction('fee overflow', { facts: { amount: amount.toString(), selector } })
  return fee
}
