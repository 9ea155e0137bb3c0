/**
 * How the Hermez API writes things: `hez:ETH:256` for an account, `hez:0x…` for an address, `hez:` and base64url for a key.
 *
 * Reading takes the plain forms as well: `256`, `0x` with 40 digits, and `0x` with 64 digits for a compressed key as a
 * big-endian number. A wrong checksum or length is null.
 */
import { bytesOf, hexOf } from '../rollup/bytes.ts'
import type { Hex } from '../rollup/types.ts'

const MAX_IDX = 2 ** 48 - 1

/** An account index, with or without its prefix; the token's symbol is for people and is not read. */
export function parseIdx(text: string): number | null {
  const digits = /^(?:hez:[A-Za-z0-9]{1,20}:)?([0-9]{1,15})$/.exec(text)?.[1]
  const idx = Number(digits ?? NaN)
  return idx <= MAX_IDX ? idx : null
}

/** Token 0 is ether; symbols of other tokens are not known here. */
export const formatIdx = (idx: number | bigint, tokenId: number | bigint): string =>
  `hez:${BigInt(tokenId) === 0n ? 'ETH' : `TKN${tokenId}`}:${idx}`

export function parseEthAddr(text: string): Hex | null {
  const address = /^(?:hez:)?(0x[0-9a-fA-F]{40})$/.exec(text)?.[1]
  return address === undefined ? null : (address.toLowerCase() as Hex) // matched by the pattern
}

export const formatEthAddr = (address: string): string => `hez:${address}`

/** A compressed key as a big-endian number of 32 bytes. */
export function parseBjj(text: string): Hex | null {
  const plain = /^(?:hez:)?(0x[0-9a-fA-F]{64})$/.exec(text)?.[1]
  if (plain !== undefined) return plain.toLowerCase() as Hex // matched by the pattern
  const packed = /^hez:([A-Za-z0-9_-]{44})$/.exec(text)?.[1]
  if (packed === undefined) return null
  const bytes = Buffer.from(packed, 'base64url')
  const key = bytes.subarray(0, 32)
  return bytes[32] === checksum(key) ? hexOf(key.toReversed()) : null
}

export function formatBjj(compressed: Hex): string {
  const key = bytesOf(compressed).toReversed()
  return `hez:${Buffer.from([...key, checksum(key)]).toString('base64url')}`
}

const checksum = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0)

/** 64 bytes of hex, with or without `0x`. */
export function parseSignature(text: string, bytes: number): Hex | null {
  const digits = /^(?:0x)?([0-9a-fA-F]+)$/.exec(text)?.[1]
  return digits?.length === 2 * bytes ? `0x${digits.toLowerCase()}` : null
}
