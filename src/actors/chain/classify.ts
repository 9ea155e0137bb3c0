/**
 * What a node's error answer means for the way it came: most are for the caller and pass unchanged; a few mean that
 * this endpoint could not serve and another should be asked. Messages come first, codes differ by client.
 */
import type { NodeError } from './json-rpc.ts'

/**
 * `answer`: for the caller. `rate-limited`, `unavailable`: this endpoint did not process the request. `behind`: it does
 * not have the block; another endpoint may, and if none has, the answer is for the caller. `batch`: it refuses batches.
 */
export type AnswerClass = 'answer' | 'rate-limited' | 'unavailable' | 'behind' | 'batch'

const TOO_MANY =
  /query returned more than|too many (results|logs)|more than \d+ (results|logs)|exceeds? (the )?max(imum)? (results|block range|logs)|block range|range (is )?too (large|wide|big)|range limit|response size|result (set )?(is )?too (large|big)|logs matched|eth_getlogs.*(limited|limit)|limited to|log response|query timeout|query exceeds|try with this block range/i
const RATE =
  /rate.?limit|too many requests|request limit reached|requests per second|compute units per second|throughput|daily request count|exceeded.{0,20}quota/i
const RATE_CODES = new Set([429, -32_097])
const UNAVAILABLE =
  /node is syncing|initial sync is still in progress|service (temporarily )?unavailable|bad gateway|gateway time-?out|upstream|no healthy|temporarily unavailable/i
const BEHIND =
  /header not found|unknown block|block not found|block.{0,20}could not be found|missing trie node|blockoutofrange|after last accepted block/i
const BATCH = /batch (size|limit|requests?|calls?)|max batch|batching/i

/** True for an answer that asks for fewer blocks or logs at a time. */
export const asksForLess = (error: NodeError): boolean => TOO_MANY.test(error.message)

/** The class of a node's error answer. A revert is always the caller's, whatever its text quotes. */
export function classOf(error: NodeError): AnswerClass {
  const { message, code } = error
  if (code === 3 || /revert/i.test(message)) return 'answer'
  if (RATE_CODES.has(code)) return 'rate-limited'
  if (RATE.test(message)) return 'rate-limited'
  if (asksForLess(error)) return 'answer'
  if (BEHIND.test(message)) return 'behind'
  if (UNAVAILABLE.test(message)) return 'unavailable'
  return BATCH.test(message) ? 'batch' : 'answer'
}

/** A range that an endpoint offers instead (`this block range should work: [0x1, 0x2f]`): its length in blocks. */
export function offeredSpan(error: NodeError): number | null {
  const match = /\[(0x[0-9a-f]{1,16}), ?(0x[0-9a-f]{1,16})\]/i.exec(error.message)
  if (!match?.[1] || !match[2]) return null
  const span = BigInt(match[2]) - BigInt(match[1]) + 1n
  return span >= 1n && span < 1_000_000n ? Number(span) : null
}
