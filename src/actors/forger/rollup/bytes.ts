/**
 * Fixed-width numbers and byte strings, as the contract and the circuit lay them out: big-endian unless the name says otherwise.
 */
import type { Hex } from './types.ts'

/** The bytes of `0x…`; an odd number of digits is a programming error of the caller. */
export const bytesOf = (hex: Hex): Uint8Array => Buffer.from(hex.slice(2), 'hex')

export const hexOf = (bytes: Uint8Array): Hex =>
  `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`

/** `value` in exactly `width` bytes, big-endian; higher bits are a RangeError, never cut. */
export function toBytes(value: bigint | number, width: number): Uint8Array {
  const digits = value.toString(16)
  if (value < 0 || digits.length > 2 * width) throw new RangeError(`${value} does not fit in ${width} bytes`)
  return Buffer.from(digits.padStart(2 * width, '0'), 'hex')
}

export const toHex = (value: bigint | number, width: number): Hex => hexOf(toBytes(value, width))

/** The number in `bytes[start, end)`, big-endian; the empty range is 0. */
export const toBigInt = (bytes: Uint8Array, start = 0, end = bytes.length): bigint =>
  end <= start ? 0n : BigInt(hexOf(bytes.subarray(start, end)))

/** Same for at most 48 bits, as a JavaScript integer. */
export const toInteger = (bytes: Uint8Array, start: number, end: number): number => Number(toBigInt(bytes, start, end))

/** The number in `bytes`, little-endian. */
export const fromLittleEndian = (bytes: Uint8Array): bigint => BigInt(hexOf(bytes.toReversed()))

/** `value` in 32 bytes, little-endian. */
export const toLittleEndian32 = (value: bigint): Uint8Array => toBytes(value, 32).toReversed()

export const concat = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat(parts)
