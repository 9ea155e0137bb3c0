/**
 * BabyJubJub on the slots of a field module: multiples of the base point and the signature equation, without bigint arithmetic.
 *
 * Points are kept on the isomorphic curve −x² + y² = 1 + D·x²·y² (x scaled by √−a), in extended coordinates (X, Y, Z, T) with
 * x = X/Z, y = Y/Z, xy = T/Z, where addition is complete and costs eight products. A point that is added often is kept as
 * (Y − X, Y + X, 2D·T, 2Z).
 */
import { invert } from '@noble/curves/abstract/modular.js'
import { babyjubjub } from '@noble/curves/misc.js'
import { FIELD, mod, SUBGROUP } from '../field.ts'
import { type FieldModule, fieldModule, type Slot } from './field-module.ts'
import { squareRootOfFraction } from './square-root.ts'

/** A point of BabyJubJub in affine coordinates. */
export interface BjjPoint {
  readonly x: bigint
  readonly y: bigint
}

type Extended = readonly [X: Slot, Y: Slot, Z: Slot, T: Slot]
/** A point prepared for adding. */
type Addend = readonly [difference: Slot, sum: Slot, scaledT: Slot, doubledZ: Slot]

/** Scalars are taken four bits at a time. */
const WINDOW = 16
const NIBBLES = 63
const PAGES = 6

interface Curve {
  readonly field: FieldModule
  /** √−a and its inverse: to the isomorphic curve and back. */
  readonly scale: bigint
  readonly unscale: bigint
  readonly twoD: Slot
  /** Multiples d · 16^i of the base point at [i][d]. */
  readonly base: readonly (readonly Addend[])[]
  /** Multiples 0…15 of the point being multiplied. */
  readonly table: readonly Addend[]
  readonly sum: Extended
  readonly other: Extended
  readonly temporary: readonly [Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot]
}

let prepared: Curve | undefined
const curve = (): Curve => (prepared ??= prepare(fieldModule(PAGES)))

/** scalar · Base8 for a scalar below the subgroup's order. */
export function multiplyBase(scalar: bigint): BjjPoint {
  const c = curve()
  setPoint(c, c.sum, { x: 0n, y: 1n })
  addBaseMultiple(c, scalar)
  const [X, Y, Z] = c.sum
  const inverse = invert(c.field.read(Z), FIELD)
  return {
    x: (((c.field.read(X) * inverse) % FIELD) * c.unscale) % FIELD,
    y: (c.field.read(Y) * inverse) % FIELD,
  }
}

/** Whether s · Base8 = r + 8 · h · a, for points r and a of the curve. */
export function signatureHolds(s: bigint, h: bigint, a: BjjPoint, r: BjjPoint): boolean {
  const c = curve()
  setPoint(c, c.other, a)
  for (let i = 0; i < 3; i++) double(c, c.other, true)
  multiplyOther(c, mod(-h, SUBGROUP))
  addBaseMultiple(c, s)
  const { field } = c
  const [X, Y, Z] = c.sum
  const [expected, found] = c.temporary
  field.write(expected, (r.x * c.scale) % FIELD)
  field.multiply(expected, expected, Z)
  if (field.read(expected) !== field.read(X)) return false
  field.write(found, r.y)
  field.multiply(found, found, Z)
  return field.read(found) === field.read(Y)
}

function prepare(field: FieldModule): Curve {
  const { a, d, Gx, Gy } = babyjubjub.Point.CURVE()
  const scale = squareRootOfFraction(mod(-a, FIELD), 1n) ?? 0n
  const four = (): [Slot, Slot, Slot, Slot] => [field.allocate(), field.allocate(), field.allocate(), field.allocate()]
  const addends = (): Addend[] => Array.from({ length: WINDOW }, four)
  const c: Curve = {
    field,
    scale,
    unscale: invert(scale, FIELD),
    twoD: field.allocate(mod(-2n * d * invert(a, FIELD), FIELD)),
    base: Array.from({ length: NIBBLES }, addends),
    table: addends(),
    sum: four(),
    other: four(),
    temporary: [...four(), ...four()],
  }
  setPoint(c, c.other, { x: Gx, y: Gy })
  for (const table of c.base) {
    fillTable(c, table)
    for (let i = 0; i < 4; i++) double(c, c.other, true)
  }
  return c
}

function setPoint({ field, scale }: Curve, [X, Y, Z, T]: Extended, { x, y }: BjjPoint): void {
  field.write(X, (x * scale) % FIELD)
  field.write(Y, y)
  field.write(Z, 1n)
  field.multiply(T, X, Y)
}

/** Multiples 0…15 of `other`, by way of `sum`. */
function fillTable(c: Curve, table: readonly Addend[]): void {
  const [zero, one, ...more] = table
  if (zero === undefined || one === undefined) return
  setPoint(c, c.sum, { x: 0n, y: 1n })
  prepareAddend(c, zero, c.sum)
  prepareAddend(c, one, c.other)
  add(c, c.sum, one)
  for (const next of more) {
    add(c, c.sum, one)
    prepareAddend(c, next, c.sum)
  }
}

function prepareAddend(
  { field, twoD }: Curve,
  [difference, sum, scaledT, doubledZ]: Addend,
  [X, Y, Z, T]: Extended,
): void {
  field.subtract(difference, Y, X)
  field.add(sum, Y, X)
  field.multiply(scaledT, T, twoD)
  field.add(doubledZ, Z, Z)
}

/** sum = scalar · other. */
function multiplyOther(c: Curve, scalar: bigint): void {
  fillTable(c, c.table)
  setPoint(c, c.sum, { x: 0n, y: 1n })
  for (const nibble of nibblesOf(scalar)) {
    for (let i = 3; i >= 0; i--) double(c, c.sum, i === 0)
    const addend = c.table[nibble]
    if (nibble !== 0 && addend !== undefined) add(c, c.sum, addend)
  }
}

/** sum = sum + scalar · Base8. */
function addBaseMultiple(c: Curve, scalar: bigint): void {
  nibblesOf(scalar).forEach((nibble, at) => {
    const addend = c.base[NIBBLES - 1 - at]?.[nibble]
    if (nibble !== 0 && addend !== undefined) add(c, c.sum, addend)
  })
}

/** Highest first. */
const nibblesOf = (scalar: bigint): number[] =>
  Array.from(scalar.toString(16).padStart(NIBBLES, '0'), digit => parseInt(digit, 16))

function add({ field, temporary }: Curve, [X, Y, Z, T]: Extended, [difference, sum, scaledT, doubledZ]: Addend): void {
  const [a, b, c, d, e, f, g, h] = temporary
  field.subtract(a, Y, X)
  field.multiply(a, a, difference)
  field.add(b, Y, X)
  field.multiply(b, b, sum)
  field.multiply(c, T, scaledT)
  field.multiply(d, Z, doubledZ)
  field.subtract(e, b, a)
  field.subtract(f, d, c)
  field.add(g, d, c)
  field.add(h, b, a)
  field.multiply(X, e, f)
  field.multiply(Y, g, h)
  field.multiply(T, e, h)
  field.multiply(Z, f, g)
}

/** T is only needed by an addition that follows. */
function double({ field, temporary }: Curve, [X, Y, Z, T]: Extended, withT: boolean): void {
  const [a, b, c, e, f, g, h] = temporary
  field.square(a, X)
  field.square(b, Y)
  field.square(c, Z)
  field.add(c, c, c)
  field.add(h, a, b)
  field.add(e, X, Y)
  field.square(e, e)
  field.subtract(e, h, e)
  field.subtract(g, a, b)
  field.add(f, c, g)
  field.multiply(X, e, f)
  field.multiply(Y, g, h)
  field.multiply(Z, f, g)
  if (withT) field.multiply(T, e, h)
}
