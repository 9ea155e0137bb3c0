/**
 * Reads the logs of one source in one range, so that a branch that changes meanwhile, or an endpoint that does not have
 * the range yet, is noticed: a single block is asked for by its hash, a longer range comes with the header of its end.
 */
import { numberToHex, toEventSelector, type Hash, type Hex } from 'viem'
import { OperatorError } from '../../errors.ts'
import { asksForLess, classOf, offeredSpan } from './classify.ts'
import { RpcAnswerError } from './errors.ts'
import { readHeader, readLogs } from './headers.ts'
import type { Answer, Call, NodeError } from './json-rpc.ts'
import type { Rpc } from './rpc.ts'
import type { FactSource, RawLog } from './source.ts'

export interface LogRange {
  readonly from: bigint
  readonly to: bigint
  /** The hash that block `to` must have; null when no header is kept so far back. */
  readonly toHash: string | null
}

/**
 * `moved`: the chain is not what the headers say, or the endpoint does not have it yet. `less`: the node wants a
 * smaller range; `offered` blocks, if it said so.
 */
export type Reading =
  | { readonly is: 'logs'; readonly logs: readonly RawLog[]; readonly toHash: Hash }
  | { readonly is: 'moved' }
  | { readonly is: 'less'; readonly offered: number | null; readonly because: string }

/** Throws transient OperatorErrors only. */
export async function readRange(rpc: Rpc, source: FactSource, range: LogRange): Promise<Reading> {
  if (source.events.length === 0) return withEnd(range, { result: [] }, await headerOf(rpc, range.to))
  if (range.from === range.to && range.toHash !== null) return byHash(rpc, source, range.toHash as Hash) // from a header
  const answers = await heavy(() => rpc.batch([logsCall(source, spanOf(range)), headerCall(range.to)]))
  if (isLess(answers)) return answers
  const [logs, header] = answers
  return withEnd(range, logs, header)
}

/** The hash of the canonical block at this height, as the chain says now; null when it has none. */
export async function canonicalHash(rpc: Rpc, number: bigint): Promise<Hash | null> {
  const answer = await headerOf(rpc, number)
  if (answer && 'result' in answer) return readHeader(answer.result)?.hash ?? null
  throw refusedBy('a block', answer)
}

async function byHash(rpc: Rpc, source: FactSource, blockHash: Hash): Promise<Reading> {
  const answers = await heavy(() => rpc.batch([logsCall(source, { blockHash })]))
  if (isLess(answers)) return answers
  const [answer] = answers
  if (answer && 'result' in answer) return { is: 'logs', logs: readLogs(answer.result), toHash: blockHash }
  return refusal(answer)
}

function withEnd(range: LogRange, logs: Answer | undefined, end: Answer | undefined): Reading {
  if (!logs || 'error' in logs) return refusal(logs)
  if (!end || 'error' in end) return refusal(end)
  const header = readHeader(end.result)
  if (header === null || (range.toHash !== null && header.hash !== range.toHash)) return { is: 'moved' }
  return { is: 'logs', logs: readLogs(logs.result), toHash: header.hash }
}

function refusal(answer: Answer | undefined): Reading {
  const error: NodeError | null = answer && 'error' in answer ? answer.error : null
  if (error && classOf(error) === 'behind') return { is: 'moved' }
  if (error && asksForLess(error)) return { is: 'less', offered: offeredSpan(error), because: error.message }
  throw refusedBy('the logs', answer)
}

const refusedBy = (what: string, answer: Answer | undefined): RpcAnswerError =>
  new RpcAnswerError(
    `the node does not tell ${what}: ${answer && 'error' in answer ? answer.error.message : 'no answer'}`,
  )

type Less = Extract<Reading, { is: 'less' }>
const isLess = (value: readonly Answer[] | Less): value is Less => 'is' in value

/** An answer that came too late or was too large may come for fewer blocks. */
async function heavy(ask: () => Promise<readonly Answer[]>): Promise<readonly Answer[] | Less> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof OperatorError && error.facts['heavy'] === true)
      return { is: 'less', offered: null, because: error.message }
    throw error
  }
}

interface Filter {
  readonly blockHash?: Hash
  readonly fromBlock?: Hex
  readonly toBlock?: Hex
}

const spanOf = ({ from, to }: LogRange): Filter => ({ fromBlock: numberToHex(from), toBlock: numberToHex(to) })

function logsCall(source: FactSource, filter: Filter): Call {
  const topics = [source.events.map(event => toEventSelector(event))]
  const address = source.addresses.length === 0 ? {} : { address: source.addresses }
  return { method: 'eth_getLogs', params: [{ ...filter, ...address, topics }] }
}

const headerCall = (number: bigint): Call => ({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] })

async function headerOf(rpc: Rpc, number: bigint): Promise<Answer | undefined> {
  return (await rpc.batch([headerCall(number)]))[0]
}
