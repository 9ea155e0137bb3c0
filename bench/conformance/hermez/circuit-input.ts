/**
 * Comparing a circuit input with the expected one: every key, every slot, and the order of the keys. The number 4660 stands for
 * "the circuit ignores this", but only in the fields where the README allows it.
 */
import { difference } from './cases.ts'

const IGNORED = '4660'
const MAY_BE_IGNORED = new Set(
  'sign1 ay1 balance1 nonce1 oldKey1 oldValue1 sign2 ay2 balance2 nonce2 tokenID2 ethAddr2 newExit oldKey2 oldValue2'.split(
    ' ',
  ),
)

export function inputDifference(actual: unknown, expected: Readonly<Record<string, unknown>>): string | null {
  if (typeof actual !== 'object' || actual === null) return 'no circuit input was built'
  const order = difference(Object.keys(actual), Object.keys(expected), 'input keys')
  if (order !== null) return order
  for (const [key, wanted] of Object.entries(expected)) {
    const mine = (actual as Record<string, unknown>)[key]
    const found = difference(mine, MAY_BE_IGNORED.has(key) ? masked(wanted, mine) : wanted, `input.${key}`)
    if (found !== null) return found
  }
  return null
}

/** The expected list with ignored entries replaced by whatever we have there, as long as it is a number. */
function masked(expected: unknown, actual: unknown): unknown {
  if (!Array.isArray(expected)) return expected
  return expected.map((wanted: unknown, at) => {
    const mine: unknown = Array.isArray(actual) ? actual[at] : undefined
    return wanted === IGNORED && /^\d+$/.test(String(mine)) ? mine : wanted
  })
}
