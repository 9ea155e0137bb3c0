/**
 * Hermez's 40-bit decimal float: 5 bits exponent e (top), 35 bits mantissa m, value m · 10^e (reference 9.8).
 */
import { RefusedTransaction } from './errors.ts'

const MANTISSA = 2 ** 35
const MANTISSA_BIG = 2n ** 35n
const MAX_EXPONENT = 31

/** The amount a float stands for. Every 40-bit number is a valid float, canonical or not. */
export const decodeFloat40 = (float: number): bigint =>
  BigInt(float % MANTISSA) * 10n ** BigInt(Math.floor(float / MANTISSA))

/** The one float of exactly `value` with the smallest exponent; `null` with the reason when there is none. */
export function exactFloat40(value: bigint): number | 'not enough precision' | 'number too big' {
  let mantissa = value
  let exponent = 0
  while (mantissa >= MANTISSA_BIG && mantissa % 10n === 0n) {
    mantissa /= 10n
    exponent++
  }
  if (exponent > MAX_EXPONENT) return 'number too big'
  return mantissa >= MANTISSA_BIG ? 'not enough precision' : exponent * MANTISSA + Number(mantissa)
}

/** Like `exactFloat40`, but a value without float is refused as "amount not encodable". */
export function encodeFloat40(value: bigint): number {
  const float = exactFloat40(value)
  if (typeof float === 'number') return float
  throw new RefusedTransaction('amount not encodable', { facts: { amount: value.toString(), because: float } })
}

/** The largest float not above `value` that keeps 35 bits of it; "number too big" beyond 10^31 · (2^35 − 1). */
export const floorFloat40 = (value: bigint): number | 'number too big' => shorten(value, false)

/** The nearest float: after each division one more when the dropped digit is above 5 (5 itself goes down). */
export const roundFloat40 = (value: bigint): number | 'number too big' => shorten(value, true)

function shorten(value: bigint, rounding: boolean): number | 'number too big' {
  let mantissa = value
  let exponent = 0
  while (mantissa >= MANTISSA_BIG) {
    const up = rounding && mantissa % 10n > 5n
    mantissa = mantissa / 10n + (up ? 1n : 0n)
    exponent++
  }
  return exponent > MAX_EXPONENT ? 'number too big' : exponent * MANTISSA + Number(mantissa)
}
