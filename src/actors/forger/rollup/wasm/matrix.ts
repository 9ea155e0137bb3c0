/**
 * Small matrices over the BN254 scalar field, as rows.
 */
import { invert } from '@noble/curves/abstract/modular.js'
import { FIELD, mod } from '../field.ts'

export type Vector = readonly bigint[]
export type Matrix = readonly Vector[]

export const dot = (a: Vector, b: Vector): bigint =>
  mod(
    a.reduce((sum, value, at) => sum + value * (b[at] ?? 0n), 0n),
    FIELD,
  )

export const add = (a: Vector, b: Vector): bigint[] => a.map((value, at) => mod(value + (b[at] ?? 0n), FIELD))

export const apply = (matrix: Matrix, vector: Vector): bigint[] => matrix.map(row => dot(row, vector))

/** a · b; a may have any number of rows. */
export function multiply(a: Matrix, b: Matrix): bigint[][] {
  const columns = (b[0] ?? []).map((_, column) => b.map(row => row[column] ?? 0n))
  return a.map(row => columns.map(column => dot(row, column)))
}

export const identity = (size: number): bigint[][] =>
  Array.from({ length: size }, (_, row) => Array.from({ length: size }, (__, column) => (row === column ? 1n : 0n)))

export function power(matrix: Matrix, exponent: number): Matrix {
  let result: Matrix = identity(matrix.length)
  for (let i = 0; i < exponent; i++) result = multiply(result, matrix)
  return result
}

/** Gauss and Jordan on [matrix | identity]; a singular matrix is an error of the caller. */
export function inverse(matrix: Matrix): bigint[][] {
  const size = matrix.length
  const unit = identity(size)
  const rows = matrix.map((row, at) => [...row, ...(unit[at] ?? [])])
  for (let pivot = 0; pivot < size; pivot++) {
    const from = rows.findIndex((row, at) => at >= pivot && row[pivot] !== 0n)
    const chosen = rows[from]
    if (chosen === undefined) throw new RangeError('the matrix is singular')
    rows[from] = rows[pivot] ?? []
    const scale = invert(chosen[pivot] ?? 0n, FIELD)
    const line = chosen.map(value => mod(value * scale, FIELD))
    rows.forEach((row, at) => {
      const factor = row[pivot] ?? 0n
      rows[at] = row.map((value, column) => mod(value - factor * (line[column] ?? 0n), FIELD))
    })
    rows[pivot] = line
  }
  return rows.map(row => row.slice(size))
}
