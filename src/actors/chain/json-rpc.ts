/**
 * JSON-RPC 2.0 as it is on the wire: writing requests, and reading answers that may be anything.
 */
import { RpcAnswerError } from './errors.ts'

export interface Call {
  readonly method: string
  readonly params: readonly unknown[]
}

/** What the node says is wrong with the request; never what is wrong with the way to the node. */
export interface NodeError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

export type Answer = { readonly result: unknown } | { readonly error: NodeError }

const request = (call: Call, id: number): object => ({
  jsonrpc: '2.0',
  id,
  method: call.method,
  params: call.params,
})

/** The body for these calls: an object for one call, else a batch. Ids count from 1. */
export const bodyOf = (calls: readonly Call[]): string => {
  const [first] = calls
  if (calls.length === 1 && first) return JSON.stringify(request(first, 1))
  return JSON.stringify(calls.map((call, at) => request(call, at + 1)))
}

/** The text as JSON. Throws RpcAnswerError when it is none (an HTML page of a proxy, an answer that was cut). */
export function parseBody(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new RpcAnswerError('the answer is not JSON', { facts: { start: text.slice(0, 80), length: text.length } })
  }
}

/** The answers in the order of the calls. Throws RpcAnswerError when one is missing or has another shape. */
export function answersOf(body: unknown, count: number): Answer[] {
  const items: readonly unknown[] = count === 1 && !Array.isArray(body) ? [body] : Array.isArray(body) ? body : []
  const byId = new Map<unknown, Answer>()
  for (const item of items) {
    const answer = answerOf(item)
    if (answer) byId.set(idOf(item, count), answer)
  }
  return Array.from({ length: count }, (_, at) => {
    const answer = byId.get(at + 1)
    if (answer === undefined) throw new RpcAnswerError('the answer is not the JSON-RPC answer to this request')
    return answer
  })
}

/** What a node says about a whole batch: an error object instead of a list; null for anything else. */
export function wholeError(body: unknown): NodeError | null {
  const answer = Array.isArray(body) ? null : answerOf(body)
  return answer && 'error' in answer ? answer.error : null
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Nodes may answer a request they could not read with id null; that is the answer when only one was asked. */
function idOf(item: unknown, count: number): unknown {
  const id = isRecord(item) ? item['id'] : undefined
  if (count === 1 && (id === null || id === undefined)) return 1
  return typeof id === 'string' ? Number(id) : id
}

function answerOf(item: unknown): Answer | null {
  if (!isRecord(item)) return null
  const error = item['error']
  if (isRecord(error)) {
    const { code, message, data } = error
    const text = typeof message === 'string' ? message : JSON.stringify(error)
    return { error: { code: Number(code ?? 0), message: text, ...(data !== undefined && { data }) } }
  }
  if (typeof error === 'string') return { error: { code: 0, message: error } }
  return 'result' in item ? { result: item['result'] } : null
}
