/**
 * Poseidon's constants for one width, in a form that makes the partial rounds cheap.
 *
 * In a partial round only element 0 passes the S-box: with the mixing matrix M = [[m, v], [w, H]], input u and output Y of that
 * element, and the other elements W, a round is Y' = v·W + m·u, W' = H·W + w·u. A linear system with one input and one output
 * obeys a recurrence of its order n = width − 1, so W never needs to be computed:
 *
 *   Y(r+1) = Σ a(j)·u(r−j), j = 0…n  −  Σ h(j)·Y(r+1−j), j = 1…n
 *
 * where h is the characteristic polynomial of H. That is 2n + 1 products and one reduction a round. `start` gives the outputs
 * that would have led to the W found before the first partial round; `finish` finds W again from the last inputs and outputs.
 * Round constants act on u only, through what they contribute to Y; the rest joins the next full round's.
 */
import { Field } from '@noble/curves/abstract/modular.js'
import { grainGenConstants } from '@noble/curves/abstract/poseidon.js'
import { FIELD } from '../field.ts'
import { add, apply, dot, inverse, type Matrix, multiply, power, type Vector } from './matrix.ts'

export const FULL_ROUNDS = 8

/** Partial rounds of circomlib's parameters, for two (one input) to seven elements. */
const PARTIAL_ROUNDS = [56, 57, 56, 60, 60, 63] as const

export interface PoseidonConstants {
  /** Added before each full round of the first half. */
  readonly first: Matrix
  /** Added to the output before it becomes an input, one number a partial round. */
  readonly partial: Vector
  /** Added before each full round of the second half. */
  readonly last: Matrix
  readonly mixing: Matrix
  /** From W to the outputs before the first: Y(1−n), …, Y(0). */
  readonly start: Matrix
  /** Factors of u(r−n), Y(r−n+1), u(r−n+1), …, Y(r), u(r) in Y(r+1). */
  readonly recurrence: Vector
  /** From the last n pairs u(r), Y(r+1) to W. */
  readonly finish: Matrix
}

const Fp = Field(FIELD)

/** Constants of a permutation of `width` elements. */
export function poseidonConstants(width: number): PoseidonConstants {
  const partialRounds = PARTIAL_ROUNDS[width - 2] ?? 0
  const { mds, roundConstants } = grainGenConstants({
    Fp,
    t: width,
    roundsFull: FULL_ROUNDS,
    roundsPartial: partialRounds,
  })
  const half = FULL_ROUNDS / 2
  const { partial, next } = constantsOfOutput(mds, roundConstants.slice(half, half + partialRounds + 1))
  return {
    first: roundConstants.slice(0, half),
    partial,
    last: [next, ...roundConstants.slice(half + partialRounds + 1)],
    mixing: mds,
    ...recurrenceOf(mds),
  }
}

interface Split {
  readonly m: bigint
  readonly v: Vector
  readonly w: Vector
  readonly H: Matrix
}

const split = ([[m = 0n, ...v] = [], ...below]: Matrix): Split => ({
  m,
  v,
  w: below.map(row => row[0] ?? 0n),
  H: below.map(row => row.slice(1)),
})

/** What constants add to the output of each partial round; and to all elements of the full round after them. */
function constantsOfOutput(mds: Matrix, constants: Matrix): { partial: Vector; next: Vector } {
  const { v, H } = split(mds)
  const [[first = 0n, ...rest] = [], ...others] = constants
  let inner: Vector = rest
  const outputs = [first]
  for (const [constant = 0n, ...more] of others) {
    outputs.push(Fp.add(dot(v, inner), constant))
    inner = add(apply(H, inner), more)
  }
  return { partial: outputs.slice(0, -1), next: [outputs.at(-1) ?? 0n, ...inner] }
}

function recurrenceOf(mds: Matrix): Pick<PoseidonConstants, 'start' | 'recurrence' | 'finish'> {
  const { m, v, w, H } = split(mds)
  const n = H.length
  const powers = Array.from({ length: n + 1 }, (_, exponent) => power(H, exponent))
  const response = [m, ...powers.slice(0, n).map(matrix => dot(v, apply(matrix, w)))]
  const h = characteristic(H)
  const a = h.map((_, j) =>
    h.slice(0, j + 1).reduce((sum, value, i) => Fp.add(sum, Fp.mul(value, response[j - i] ?? 0n)), 0n),
  )
  const backwards = inverse(H)
  return {
    start: Array.from({ length: n }, (_, at) => applyLeft(v, power(backwards, n - at))),
    recurrence: Array.from({ length: 2 * n + 1 }, (_, at) =>
      at % 2 === 0 ? (a[n - at / 2] ?? 0n) : Fp.neg(h[n - (at - 1) / 2] ?? 0n),
    ),
    finish: finishOf({ m, v, w, H }, powers, response),
  }
}

/** W = A·Y + B·u with A = Hⁿ·O⁻¹ for the observability matrix O, and B = [Hⁿ⁻¹w … w] − A·G for the responses G. */
function finishOf({ v, w, H }: Split, powers: readonly Matrix[], response: Vector): Matrix {
  const n = H.length
  const observed = powers.slice(0, n).map(matrix => applyLeft(v, matrix))
  const A = multiply(powers[n] ?? [], inverse(observed))
  const responses = observed.map((_, k) => observed.map((__, i) => (i <= k ? (response[k - i] ?? 0n) : 0n)))
  const seen = multiply(A, responses)
  const driven = powers.slice(0, n).map(matrix => apply(matrix, w))
  return A.map((row, at) =>
    row.flatMap((factor, i) => [Fp.sub(driven[n - 1 - i]?.[at] ?? 0n, seen[at]?.[i] ?? 0n), factor]),
  )
}

/** Row vector times matrix. */
const applyLeft = (row: Vector, matrix: Matrix): Vector => multiply([row], matrix)[0] ?? []

/** Coefficients of det(λ − H) from the highest power down (Faddeev and LeVerrier). */
function characteristic(H: Matrix): Vector {
  const coefficients = [1n]
  let current: Matrix = H.map(row => row.map(() => 0n))
  for (let k = 1; k <= H.length; k++) {
    const last = coefficients.at(-1) ?? 0n
    current = multiply(H, current).map((row, at) => row.map((value, i) => (at === i ? Fp.add(value, last) : value)))
    const trace = multiply(H, current).reduce((sum, row, at) => Fp.add(sum, row[at] ?? 0n), 0n)
    coefficients.push(Fp.neg(Fp.div(trace, BigInt(k))))
  }
  return coefficients
}
