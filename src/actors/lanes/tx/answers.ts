/**
 * What nodes answer to the lane, checked before anything believes it. What has another shape is an endpoint that does
 * not serve (RpcAnswerError, an outage); what is no receipt of that transaction is none.
 */
import type { Hash } from 'viem'
import { RpcAnswerError } from '../../chain/errors.ts'
import { readHeader, readQuantity } from '../../chain/headers.ts'
import type { FeeHeader } from './fees.ts'
import type { Receipt } from './settle.ts'

/** A block, with its transactions as they were asked for: hashes, or all of each. */
export interface BlockAnswer extends FeeHeader {
  readonly number: bigint
  readonly hash: Hash
  readonly transactions: readonly unknown[]
}

/** The block in the answer; null when the node does not have it. Throws RpcAnswerError. */
export function readBlock(answer: unknown): BlockAnswer | null {
  const header = readHeader(answer)
  if (header === null || !isRecord(answer)) return null
  const { gasLimit, gasUsed, baseFeePerGas, transactions } = answer
  if (!Array.isArray(transactions)) throw new RpcAnswerError('a block in the answer has no transactions')
  return {
    number: header.number,
    hash: header.hash,
    gasLimit: readQuantity(gasLimit),
    gasUsed: readQuantity(gasUsed),
    baseFeePerGas: baseFeePerGas === undefined || baseFeePerGas === null ? null : readQuantity(baseFeePerGas),
    transactions,
  }
}

/** A count or an amount of gas. Throws RpcAnswerError. */
export function readCount(answer: unknown): number {
  const count = Number(readQuantity(answer))
  if (Number.isSafeInteger(count)) return count
  throw new RpcAnswerError('the answer has something else where a count belongs')
}

/** The receipt of this transaction in a block; null for anything else. */
export function readReceipt(answer: unknown, hash: Hash): Receipt | null {
  if (!isRecord(answer) || !isHash(answer['transactionHash']) || !isHash(answer['blockHash'])) return null
  if (answer['transactionHash'].toLowerCase() !== hash.toLowerCase()) return null
  try {
    const gasUsed = readQuantity(answer['gasUsed'])
    return {
      block: readQuantity(answer['blockNumber']),
      blockHash: answer['blockHash'].toLowerCase(),
      succeeded: readQuantity(answer['status']) === 1n,
      gasUsed,
      feeWei: gasUsed * orNothing(answer['effectiveGasPrice']) + blobFee(answer),
    }
  } catch {
    return null
  }
}

const blobFee = (answer: Fields): bigint => orNothing(answer['blobGasUsed']) * orNothing(answer['blobGasPrice'])

const orNothing = (value: unknown): bigint => (value === undefined || value === null ? 0n : readQuantity(value))

type Fields = Readonly<Record<string, unknown>>

/** Any object can be looked into by name. */
export const isRecord = (value: unknown): value is Fields => typeof value === 'object' && value !== null

const isHash = (value: unknown): value is string => typeof value === 'string' && /^0x[0-9a-f]{64}$/i.test(value)
