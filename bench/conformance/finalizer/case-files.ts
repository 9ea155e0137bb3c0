/**
 * The case files of a folder: JSON whose shape is checked before anything in it is used. Numbers that may exceed 2^53 are
 * decimal strings.
 */
import { Type, type Static, type TSchema } from 'typebox'
import { Errors, Check } from 'typebox/value'
import type { CaseOutcome } from '../index.ts'

export interface CaseFile {
  readonly name: string
  readonly family: string
  readonly data: unknown
}

export const Decimal = Type.String({ pattern: '^[0-9]{1,78}$' })
export const Hex = Type.String({ pattern: '^0x([0-9a-fA-F]{2})*$' })
export const Word = Type.String({ pattern: '^0x[0-9a-fA-F]{64}$' })
export const Address = Type.String({ pattern: '^0x[0-9a-fA-F]{40}$' })
/** A block number or another small one, however it is written. */
export const Numeric = Type.Union([Type.Integer(), Type.String({ pattern: '^-?[0-9]{1,78}$' })])

/** The file with its family. */
export const caseFile = (name: string, data: unknown): CaseFile => ({ name, family: familyOf(data), data })

function familyOf(data: unknown): string {
  if (Array.isArray(data)) return 'abi'
  if (typeof data !== 'object' || data === null) return 'unreadable'
  if ('family' in data) return String(data.family)
  if ('networks' in data) return 'networks'
  return 'events' in data && 'functions' in data ? 'signatures' : 'unknown'
}

/** The data in the shape it must have; throws with the first place where it has not. */
export function shaped<S extends TSchema>(schema: S, data: unknown): Static<S> {
  if (Check(schema, data)) return data
  const [first] = Errors(schema, data)
  throw new Error(`not of the format: ${first?.instancePath || '/'} ${first?.message ?? 'is wrong'}`)
}

/**
 * The outcome of every case of `{ cases: [...] }`, of which there must be one. A case of another shape, or one whose check
 * throws, is a problem of its own: the others are replayed all the same.
 */
export async function* eachCase<S extends TSchema>(
  { data }: CaseFile,
  schema: S,
  check: (one: Static<S>) => string | null | Promise<string | null>,
): AsyncIterable<CaseOutcome> {
  const { cases } = shaped(Cases, data)
  for (const [at, one] of cases.entries()) {
    yield outcome(typeof one.id === 'string' || typeof one.id === 'number' ? String(one.id) : `case ${at}`, () =>
      check(shaped(schema, one)),
    )
  }
}

const Cases = Type.Object({
  cases: Type.Array(Type.Object({ id: Type.Optional(Type.Unknown()) }), { minItems: 1 }),
})

/** Runs a check of one case; what it throws is its problem. */
export async function outcome(name: string, check: () => string | null | Promise<string | null>): Promise<CaseOutcome> {
  try {
    return { name, problem: await check() }
  } catch (error) {
    return { name, problem: `threw ${error instanceof Error ? error.message : String(error)}` }
  }
}

/** The first difference, in either direction: what is there too much counts like what is missing. */
export function difference(actual: unknown, expected: unknown, at = 'value'): string | null {
  if (typeof expected !== 'object' || expected === null || typeof actual !== 'object' || actual === null) {
    return actual === expected ? null : `${at} is ${show(actual)}, expected ${show(expected)}`
  }
  const keys = new Set([...Object.keys(expected), ...Object.keys(actual)])
  for (const key of keys) {
    const [is, wanted] = [(actual as Record<string, unknown>)[key], (expected as Record<string, unknown>)[key]]
    const found = difference(is, wanted, `${at}.${key}`)
    if (found !== null) return found
  }
  return null
}

const show = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value))
