/**
 * Arithmetic of the BN254 scalar field as WebAssembly: numbers in Montgomery form with R = 2^261, nine limbs of 29 bits, each in
 * a 64-bit word.
 *
 * R is 169 times the field's order p, so sums of several values need no reduction: a product of values below a·p and b·p is below
 * (a·b/169 + 1)·p. Limbs may reach 30 bits in a factor: nine such products and the reduction's stay below 2^64.
 */
import { FIELD } from '../field.ts'
import {
  add64,
  and64,
  type Code,
  get,
  i64,
  load64,
  mul64,
  seq,
  set,
  shl64,
  shr64,
  store64,
  sub64,
  sum64,
  type WasmFunction,
} from './assembler.ts'

export const LIMBS = 9
export const LIMB_BITS = 29
/** Bytes of one number in memory. */
export const NUMBER_BYTES = 8 * LIMBS
export const R = 1n << BigInt(LIMBS * LIMB_BITS)

const MASK = (1n << BigInt(LIMB_BITS)) - 1n

export const limbsOf = (value: bigint): bigint[] =>
  Array.from({ length: LIMBS }, (_, at) => (value >> BigInt(at * LIMB_BITS)) & MASK)

const P = limbsOf(FIELD)
/** p is 2^28 + 1 in its lowest limb, which is its own inverse there: the quotient digit needs a shift and no product. */
const LOW_LIMB = (1n << 28n) + 1n
if (P[0] !== LOW_LIMB) throw new Error('the field does not have the low limb this code relies on')

/** A number as nine expressions, one a limb. */
export type Limbs = readonly Code[]

export const localLimbs = (first: number): Limbs => Array.from({ length: LIMBS }, (_, at) => get(first + at))
export const memoryLimbs = (pointer: Code, offset = 0): Limbs =>
  Array.from({ length: LIMBS }, (_, at) => load64(pointer, offset + 8 * at))

const at = (limbs: readonly Code[], index: number): Code => limbs[index] ?? i64(0n)
const low = (value: Code): Code => and64(value, i64(MASK))

/** Pairs of limbs whose products make column `k` of a · b. */
const column = (a: Limbs, b: Limbs, k: number): Code[] =>
  a.flatMap((_, i) => (k - i >= 0 && k - i < LIMBS ? [mul64(at(a, i), at(b, k - i))] : []))

/** Terms of column `k` of a product. */
export type Columns = (k: number) => readonly Code[]

export const product =
  (a: Limbs, b: Limbs): Columns =>
  k =>
    column(a, b, k)

export const productSum =
  (pairs: readonly (readonly [Limbs, Limbs])[]): Columns =>
  k =>
    pairs.flatMap(([a, b]) => column(a, b, k))

export const square =
  (a: Limbs): Columns =>
  k => {
    const cross = a.flatMap((_, i) => (i < k - i && k - i < LIMBS ? [mul64(at(a, i), at(a, k - i))] : []))
    const doubled = cross.length === 0 ? [] : [shl64(sum64(cross), i64(1n))]
    return k % 2 === 0 && k / 2 < LIMBS ? [...doubled, mul64(at(a, k / 2), at(a, k / 2))] : doubled
  }

/** Locals that `reduce` works with: nine quotient digits from `digits` on, and one accumulator. */
export interface Scratch {
  readonly digits: number
  readonly acc: number
}

/** Montgomery reduction of a sum of products; hands each limb of the result to `out`. */
export function reduce(terms: Columns, { digits, acc }: Scratch, out: (limb: number, value: Code) => Code): Code {
  const code: Code[] = [set(acc, i64(0n))]
  const accumulate = (k: number): void => {
    const quotient: Code[] = []
    for (let i = Math.max(0, k - LIMBS + 1); i < Math.min(k, LIMBS); i++) {
      quotient.push(mul64(get(digits + i), i64(P[k - i] ?? 0n)))
    }
    code.push(set(acc, sum64([...terms(k), ...quotient, get(acc)])))
  }
  for (let k = 0; k < LIMBS; k++) {
    accumulate(k)
    const digit = sub64(i64(0n), add64(get(acc), shl64(get(acc), i64(28n))))
    code.push(set(digits + k, low(digit)))
    const cleared = add64(get(acc), mul64(get(digits + k), i64(LOW_LIMB)))
    code.push(set(acc, shr64(cleared, i64(BigInt(LIMB_BITS)))))
  }
  for (let k = LIMBS; k < 2 * LIMBS; k++) {
    accumulate(k)
    const last = k === 2 * LIMBS - 1
    code.push(out(k - LIMBS, last ? get(acc) : low(get(acc))))
    if (!last) code.push(set(acc, shr64(get(acc), i64(BigInt(LIMB_BITS)))))
  }
  return seq(...code)
}

export const toLocals =
  (first: number) =>
  (limb: number, value: Code): Code =>
    set(first + limb, value)

export const toMemory =
  (pointer: Code, offset = 0) =>
  (limb: number, value: Code): Code =>
    store64(pointer, offset + 8 * limb, value)

/** (out, a, b): out = Σ a[i] · b[i] / R over `count` consecutive numbers, reduced once. */
export function dotFunction(count: number): WasmFunction {
  const [digits, acc] = [3, 3 + LIMBS]
  const pairs = Array.from(
    { length: count },
    (_, index) => [memoryLimbs(get(1), index * NUMBER_BYTES), memoryLimbs(get(2), index * NUMBER_BYTES)] as const,
  )
  return {
    params: 3,
    i32Locals: 0,
    i64Locals: LIMBS + 1,
    body: reduce(productSum(pairs), { digits, acc }, toMemory(get(0))),
  }
}
