/**
 * Headers and logs as a node answers them, checked before anything believes them.
 */
import type { Address, Hash, Hex } from 'viem'
import { RpcAnswerError } from './errors.ts'
import type { RawLog } from './source.ts'

export interface Header {
  readonly number: bigint
  readonly hash: Hash
  readonly parentHash: Hash
  /** Unix seconds. */
  readonly timestamp: bigint
}

const QUANTITY = /^0x[0-9a-f]{1,16}$/i
const HASH = /^0x[0-9a-f]{64}$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i
const DATA = /^0x([0-9a-f]{2})*$/i

/** A quantity of at most 64 bits. */
export const readQuantity = (value: unknown): bigint => BigInt(text(value, QUANTITY, 'a quantity'))

/** The header in the answer to eth_getBlockBy…; null when the node does not have the block. */
export function readHeader(result: unknown): Header | null {
  if (result === null || result === undefined) return null
  const block = record(result, 'a block')
  return {
    number: readQuantity(block['number']),
    hash: hash(block['hash']),
    parentHash: hash(block['parentHash']),
    timestamp: readQuantity(block['timestamp']),
  }
}

/** The logs in the answer to eth_getLogs, in chain order, without those marked as removed. */
export function readLogs(result: unknown): RawLog[] {
  if (!Array.isArray(result)) throw new RpcAnswerError('the answer has no list of logs')
  const logs = result.map(item => record(item, 'a log')).filter(log => log['removed'] !== true)
  return logs.map(readLog).sort((a, b) => Number(a.blockNumber - b.blockNumber) || a.logIndex - b.logIndex)
}

function readLog(log: Record<string, unknown>): RawLog {
  const topics = log['topics']
  if (!Array.isArray(topics)) throw new RpcAnswerError('a log in the answer has no topics')
  return {
    address: text(log['address'], ADDRESS, 'an address').toLowerCase() as Address, // checked by the pattern
    topics: topics.map(hash),
    data: text(log['data'], DATA, 'data') as Hex, // checked by the pattern
    blockNumber: readQuantity(log['blockNumber']),
    blockHash: hash(log['blockHash']),
    transactionHash: hash(log['transactionHash']),
    logIndex: Number(readQuantity(log['logIndex'])),
  }
}

// checked by the pattern
const hash = (value: unknown): Hash => text(value, HASH, 'a hash').toLowerCase() as Hash

function text(value: unknown, pattern: RegExp, what: string): string {
  if (typeof value === 'string' && pattern.test(value)) return value
  throw new RpcAnswerError(`the answer has something else where ${what} belongs`)
}

function record(value: unknown, what: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown> // any object has string keys
  throw new RpcAnswerError(`the answer has something else where ${what} belongs`)
}
