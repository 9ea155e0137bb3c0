/**
 * One JSON-RPC endpoint: calls of the same moment travel in one batch, its chain id is known before it is used, and
 * what it last did is remembered. Which endpoint to ask is not decided here.
 */
import type { Clock } from '../../clock.ts'
import { OperatorError } from '../../errors.ts'
import { maskUrl } from '../../secrets.ts'
import { classOf } from './classify.ts'
import { RpcAnswerError, RpcChainMismatchError, RpcRateLimitedError, RpcUnavailableError } from './errors.ts'
import { readHeader, readQuantity, type Header } from './headers.ts'
import { afterFailure, afterLimit, type Health } from './health.ts'
import { createPoster, type Poster } from './http.ts'
import { answersOf, bodyOf, parseBody, wholeError, type Answer, type Call } from './json-rpc.ts'

export interface Endpoint {
  readonly index: number
  /** The URL as it may be shown. */
  readonly shown: string
  health: Health
  /** The newest block it has shown last. */
  head: bigint | null
  /** Of its latest answer; null before the first. */
  latencyMs: number | null
  /** All calls in one request. Throws transient OperatorErrors when this endpoint cannot serve, and remembers it. */
  call(calls: readonly Call[]): Promise<readonly Answer[]>
  /** Makes sure that it is on the right chain, asking once. Throws RpcChainMismatchError. */
  ready(): Promise<void>
  /** Its newest block, asked now. */
  latest(): Promise<Header>
  close(): void
}

export interface EndpointOptions {
  readonly url: string
  readonly index: number
  readonly chainId: number
  readonly clock: Clock
  readonly random: () => number
  readonly timeoutMs: number
  /** Told after every request: the error's code, or null. */
  readonly onRequest: (index: number, code: string | null) => void
}

interface Waiting {
  readonly calls: readonly Call[]
  readonly resolve: (answers: readonly Answer[]) => void
  readonly reject: (error: unknown) => void
}

const MAX_BATCH = 100
const MAX_ANSWER_BYTES = 64 * 1024 * 1024
const HTTP_LIMITED = 429

export function createEndpoint(options: EndpointOptions): Endpoint {
  const poster = createPoster({ ...options, maxAnswerBytes: MAX_ANSWER_BYTES })
  let batching = true
  let queue: Waiting[] = []
  let verifying: Promise<void> | null = null

  const endpoint: Endpoint = {
    index: options.index,
    shown: maskUrl(options.url),
    health: { state: 'new' },
    head: null,
    latencyMs: null,
    call: calls =>
      new Promise((resolve, reject) => {
        if (queue.length === 0) setImmediate(flush)
        queue.push({ calls, resolve, reject })
      }),
    ready: () => {
      const { state } = endpoint.health
      if (state === 'up' || state === 'quarantined') return Promise.resolve()
      verifying ??= verify().finally(() => (verifying = null))
      return verifying
    },
    latest: async () => {
      const [answer] = await endpoint.call([{ method: 'eth_getBlockByNumber', params: ['latest', false] }])
      const header = answer && 'result' in answer ? believed(() => readHeader(answer.result)) : null
      if (header === null) throw failed(new RpcAnswerError('the endpoint has no latest block'))
      endpoint.head = header.number
      return header
    },
    close: () => poster.close(),
  }

  /** Everything asked for in this turn of the event loop, in as few requests as the batch limit allows. */
  function flush(): void {
    const waiting = queue
    queue = []
    for (const group of batching ? groups(waiting) : waiting.map(one => [one])) void serve(group)
  }

  async function serve(group: readonly Waiting[]): Promise<void> {
    try {
      const answers = await exchange(group.flatMap(waiting => waiting.calls))
      let at = 0
      for (const waiting of group) settle(waiting, answers.slice(at, (at += waiting.calls.length)))
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  /** A refusal of one call of a batch is the matter of its caller only; the others have their answers. */
  function settle({ resolve, reject }: Waiting, answers: readonly Answer[]): void {
    const refusal = answers.map(refusalOf).find(error => error !== null)
    if (refusal) reject(failed(refusal))
    else resolve(answers)
  }

  async function exchange(calls: readonly Call[]): Promise<readonly Answer[]> {
    if (calls.length > 1 && !batching) return (await Promise.all(calls.map(call => exchange([call])))).flat()
    const since = options.clock.now()
    try {
      const answers = await ask(poster, calls)
      endpoint.latencyMs = options.clock.now() - since
      if (answers === null) {
        batching = false
        return await exchange(calls)
      }
      options.onRequest(options.index, null)
      if (endpoint.health.state === 'limited') endpoint.health = { state: 'up' }
      return answers
    } catch (error) {
      throw failed(error)
    }
  }

  function believed<T>(parse: () => T): T {
    try {
      return parse()
    } catch (error) {
      throw failed(error)
    }
  }

  function failed(error: unknown): unknown {
    if (!(error instanceof OperatorError)) return error
    const now = options.clock.now()
    options.onRequest(options.index, error.code)
    if (error instanceof RpcChainMismatchError) endpoint.health = { state: 'refused', because: error.message }
    else if (error instanceof RpcRateLimitedError)
      endpoint.health = afterLimit(error.message, now, pauseOf(error.facts['retryAfterMs']))
    else if (endpoint.health.state !== 'refused')
      endpoint.health = afterFailure(endpoint.health, error.message, now, options.random())
    return error
  }

  async function verify(): Promise<void> {
    const [answer] = await endpoint.call([{ method: 'eth_chainId', params: [] }])
    if (!answer || 'error' in answer) throw failed(new RpcAnswerError('the endpoint does not tell its chain id'))
    const chainId = believed(() => Number(readQuantity(answer.result)))
    if (chainId !== options.chainId) {
      throw failed(
        new RpcChainMismatchError(`${endpoint.shown} is on chain ${chainId}, not on ${options.chainId}`, {
          facts: { endpoint: endpoint.shown, chainId, expected: options.chainId },
        }),
      )
    }
    endpoint.health = { state: 'up' }
  }

  return endpoint
}

/** Null when the endpoint refuses batches. */
async function ask(poster: Poster, calls: readonly Call[]): Promise<readonly Answer[] | null> {
  const { status, text, retryAfterMs } = await poster.post(bodyOf(calls))
  if (status === HTTP_LIMITED) {
    throw new RpcRateLimitedError('the endpoint asks for fewer requests (HTTP 429)', { facts: { retryAfterMs } })
  }
  const body = read(status, text)
  const whole = calls.length > 1 ? wholeError(body) : null
  if (whole === null) return answersOf(body, calls.length)
  const refusal = refusalOf({ error: whole })
  if (refusal) throw refusal
  return null
}

/** Some nodes answer JSON-RPC errors with HTTP 4xx and 5xx: the JSON counts, if it is there. */
function read(status: number, text: string): unknown {
  if (status >= 200 && status < 300) return parseBody(text)
  try {
    const body: unknown = JSON.parse(text)
    if (wholeError(body) !== null || Array.isArray(body)) return body
  } catch {
    // an HTML page of a proxy
  }
  throw new RpcUnavailableError(`the endpoint answered HTTP ${status}`, { facts: { status } })
}

/** What an error answer says about the endpoint instead of the request; null when it is for the caller. */
function refusalOf(answer: Answer): OperatorError | null {
  if (!('error' in answer)) return null
  const kind = classOf(answer.error)
  const { message } = answer.error
  if (kind === 'rate-limited') return new RpcRateLimitedError(message, { facts: { retryAfterMs: null } })
  return kind === 'unavailable' ? new RpcUnavailableError(message) : null
}

function groups(waiting: readonly Waiting[]): Waiting[][] {
  const all: Waiting[][] = []
  let size = 0
  for (const one of waiting) {
    const last = all.at(-1)
    if (last && size + one.calls.length <= MAX_BATCH) last.push(one)
    else all.push([one])
    size = last && all.at(-1) === last ? size + one.calls.length : one.calls.length
  }
  return all
}

const pauseOf = (value: unknown): number | null => (typeof value === 'number' ? value : null)
