/**
 * Square roots of fractions in the BN254 scalar field, whose order minus one is 2^28 · q with q odd.
 *
 * For u/v take x = u · (uv)^((q−1)/2): x² is (u/v) · t with t = (uv)^q, a power g^e of the generator of the 2^28-th roots of
 * unity. e is found seven bits at a time from a table, and x · g^(−e/2) is the root; there is none when e is odd. No inversion.
 */
import { FIELD } from '../field.ts'
import { type FieldModule, fieldModule, type Slot } from './field-module.ts'

const TWOS = 28
const DIGIT_BITS = 7
const DIGITS = TWOS / DIGIT_BITS
const DIGIT_SIZE = 2 ** DIGIT_BITS
const ODD = (FIELD - 1n) >> BigInt(TWOS)
/** Not a square in this field. */
const NON_RESIDUE = 5n

/** √(u/v), either of the two, or `null` when u/v is not a square; v must not be 0. */
export function squareRootOfFraction(u: bigint, v: bigint): bigint | null {
  tables ??= prepare(fieldModule(1))
  const { field, x, t, power } = tables
  field.write(x, u)
  field.write(t, v)
  field.multiply(t, x, t) // uv
  raiseToHalf(tables, power, t)
  field.multiply(x, x, power)
  field.square(power, power)
  field.multiply(t, t, power)
  const exponent = logarithm(tables)
  if (exponent % 2 === 1) return null
  divideByGenerator(tables, x, exponent / 2)
  return field.read(x)
}

interface Tables {
  readonly field: FieldModule
  readonly x: Slot
  readonly t: Slot
  readonly power: Slot
  /** Powers 0…15 of the number being raised. */
  readonly window: readonly Slot[]
  /** g^(−d · 128^k) at [k][d]. */
  readonly inverses: readonly (readonly Slot[])[]
  /** Which d a power g^(d · 2^21) belongs to, by its canonical number. */
  readonly digitOf: ReadonlyMap<bigint, number>
  /** Hexadecimal digits of (q − 1) / 2, highest first. */
  readonly exponent: readonly number[]
}

let tables: Tables | undefined

function prepare(field: FieldModule): Tables {
  const generator = powMod(NON_RESIDUE, ODD)
  const inverseGenerator = powMod(generator, BigInt(2 ** TWOS - 1))
  const smallest = powMod(generator, BigInt(2 ** (TWOS - DIGIT_BITS)))
  const digits = Array.from({ length: DIGIT_SIZE }, (_, digit) => digit)
  return {
    field,
    x: field.allocate(),
    t: field.allocate(),
    power: field.allocate(),
    window: Array.from({ length: 16 }, () => field.allocate(1n)),
    inverses: Array.from({ length: DIGITS }, (_, place) => {
      const base = powMod(inverseGenerator, BigInt(DIGIT_SIZE ** place))
      return powers(base).map(value => field.allocate(value))
    }),
    digitOf: new Map(powers(smallest).map((value, digit) => [value, digits[digit] ?? 0])),
    exponent: Array.from(((ODD - 1n) / 2n).toString(16), digit => parseInt(digit, 16)),
  }
}

/** base^0 … base^127. */
function powers(base: bigint): bigint[] {
  const values = [1n]
  while (values.length < DIGIT_SIZE) values.push(((values.at(-1) ?? 0n) * base) % FIELD)
  return values
}

function powMod(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % FIELD
    square = (square * square) % FIELD
  }
  return result
}

/** out = base^((q − 1) / 2), four bits at a time. */
function raiseToHalf({ field, window, exponent }: Tables, out: Slot, base: Slot): void {
  for (let at = 1; at < window.length; at++) field.multiply(window[at] ?? 0, window[at - 1] ?? 0, base)
  const [first = 0, ...others] = exponent
  field.multiply(out, window[first] ?? 0, window[0] ?? 0)
  for (const digit of others) {
    for (let bit = 0; bit < 4; bit++) field.square(out, out)
    if (digit !== 0) field.multiply(out, out, window[digit] ?? 0)
  }
}

/** e with t = g^e; t and `power` are used up. */
function logarithm({ field, t, power, window, inverses, digitOf }: Tables): number {
  let exponent = 0
  for (let place = 0; place < DIGITS; place++) {
    field.multiply(power, t, window[0] ?? 0) // a copy
    for (let square = DIGIT_BITS * (DIGITS - 1 - place); square > 0; square--) field.square(power, power)
    const digit = digitOf.get(field.read(power)) ?? 0
    exponent += digit * DIGIT_SIZE ** place
    field.multiply(t, t, inverses[place]?.[digit] ?? 0)
  }
  return exponent
}

/** x = x · g^(−exponent). */
function divideByGenerator({ field, inverses }: Tables, x: Slot, exponent: number): void {
  for (let place = 0, rest = exponent; place < DIGITS; place++, rest = Math.floor(rest / DIGIT_SIZE)) {
    field.multiply(x, x, inverses[place]?.[rest % DIGIT_SIZE] ?? 0)
  }
}
