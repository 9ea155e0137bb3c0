/**
 * Wishes whose business key is the data of their transaction, so that anybody can count effects on the chain.
 */
import { hexToNumber, numberToHex, type Hex } from 'viem'
import type { Wish } from '../../src/actors/lanes/wish.ts'
import { ACCOUNT, CHAIN, CONFIRMATIONS, TARGET } from './world.ts'

const KEY_BYTES = 8

export const ROLE = 'bench'
export const keyOf = (number: number): string => `bench/${number}`

/** The wish with this number: one effect, found by its number in the calldata. */
export const wishOf = (number: number): Wish => ({
  key: keyOf(number),
  role: ROLE,
  subject: `effect/${number}`,
  chain: CHAIN,
  account: ACCOUNT,
  to: TARGET,
  data: numberToHex(number, { size: KEY_BYTES }),
  value: 0n,
  gasLimit: 60_000n,
  notAfterBlock: null,
  confirmations: CONFIRMATIONS,
  traceId: null,
})

/** The number of the wish whose effect this is; null for anything else. */
export const numberOf = (to: Hex | null, input: Hex): number | null =>
  to?.toLowerCase() === TARGET && input.length === 2 + 2 * KEY_BYTES ? hexToNumber(input) : null
