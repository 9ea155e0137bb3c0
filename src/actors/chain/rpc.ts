/**
 * The way to one chain over several endpoints. The first healthy one in the order of the configuration is asked; what
 * it cannot serve is asked of the next. An endpoint on another chain is never used; one that shows an older chain than
 * the others rests until it has caught up. What a node answers about a request itself reaches the caller unchanged.
 */
import { RpcRequestError, type PublicClient } from 'viem'
import type { Clock } from '../../clock.ts'
import { messageOf, OperatorError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import { chainMetrics } from './chain-metrics.ts'
import { classOf } from './classify.ts'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import {
  EndpointBehindError,
  RpcAnswerError,
  RpcChainMismatchError,
  RpcRateLimitedError,
  RpcUnavailableError,
} from './errors.ts'
import { watchHeads, type HeadWatch } from './head-watch.ts'
import type { Header } from './headers.ts'
import { becauseOf, dueForProbe, inOrder, laggards, type Health } from './health.ts'
import type { Answer, Call } from './json-rpc.ts'
import { createClient } from './rpc-client.ts'

export interface RpcOptions {
  readonly name: string
  /** HTTP endpoints; the later ones are used when the earlier fail. */
  readonly urls: readonly string[]
  /** A WebSocket endpoint that tells of new heads at once; its news is only a hint to look. */
  readonly wsUrl?: string
  readonly chainId: number
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics?: Metrics
  readonly requestTimeoutMs: number
}

export interface EndpointStatus {
  /** Masked. */
  readonly url: string
  readonly state: Health['state']
  readonly latencyMs: number | null
  readonly head: bigint | null
  /** Why it is not in use; null when it is. */
  readonly because: string | null
}

export interface SendOptions {
  /** `all`: to every usable endpoint at once, the first good answer counts. `first-healthy`: like any other request. */
  readonly endpoints: 'all' | 'first-healthy'
}

export interface Rpc {
  readonly name: string
  readonly chainId: number
  /** viem's client with failover. Outages come out of its methods as OperatorErrors, node errors as viem's own. */
  readonly client: PublicClient
  status(): readonly EndpointStatus[]
  /**
   * Looks at every endpoint: chain id and head. Throws RpcChainMismatchError when all that answer are on another chain,
   * RpcUnavailableError when none answers.
   */
  verify(): Promise<void>
  /**
   * The newest block. `known` is the head the caller believes in: a lower one is only answered after every healthy
   * endpoint has shown it several times over a second (the chain was rolled back); until then EndpointBehindError is thrown.
   */
  latest(known: bigint | null): Promise<Header>
  /** All calls to one endpoint in one request; node errors are answers. */
  batch(calls: readonly Call[]): Promise<readonly Answer[]>
  /** One raw request. Node errors are thrown as viem's RpcRequestError (`code`, `details`, `data`), unchanged. */
  send(method: string, params: readonly unknown[], options: SendOptions): Promise<unknown>
  /** Calls `listener` when a new head is announced over WebSocket; replaces the former one, null takes it away. */
  onHead(listener: (() => void) | null): void
  /** True while heads are announced, so that polling may be slow. */
  readonly announced: boolean
  close(): Promise<void>
}

/** Blocks an endpoint may be behind the newest one before it rests. */
const MAX_LAG_BLOCKS = 5
/** Times in a row, and for how long, that a lower head must be shown before it is believed. */
const ROLLBACK_PROOFS = 3
const ROLLBACK_MS = 1_000

export function createRpc(options: RpcOptions): Rpc {
  const { name, chainId, clock, log } = options
  const meters = chainMetrics(options.metrics, name)
  const endpoints = options.urls.map((url, index) =>
    createEndpoint({
      ...options,
      url,
      index,
      timeoutMs: options.requestTimeoutMs,
      onRequest: (at, code) => meters.request(at, code),
    }),
  )
  const watch: HeadWatch | null = options.wsUrl === undefined ? null : watchHeads({ ...options, url: options.wsUrl })
  let closed = false
  /** Looks in a row that showed a lower head everywhere, and since when. */
  let lower = { times: 0, since: 0 }

  /** Asks one endpoint after the other; the first that serves answers. */
  async function dispatch<T>(ask: (endpoint: Endpoint) => Promise<T>): Promise<{ by: Endpoint; value: T }> {
    if (closed) throw new RpcUnavailableError(`the endpoints of ${name} are closed`)
    probeInBackground()
    const failures: Failure[] = []
    for (const endpoint of inOrder(endpoints, clock.now())) {
      try {
        await ready(endpoint)
        return { by: endpoint, value: await ask(endpoint) }
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        failures.push({ endpoint, error })
        log.debug('an endpoint did not serve', { chain: name, endpoint: endpoint.shown, because: error.message })
      }
    }
    throw nobody(name, endpoints, failures)
  }

  async function ready(endpoint: Endpoint): Promise<void> {
    const before = endpoint.health.state
    await endpoint.ready().catch((error: unknown) => {
      if (error instanceof RpcChainMismatchError && before !== 'refused')
        log.warn('an endpoint is on another chain and is not used', { chain: name, because: error.message })
      throw error
    })
  }

  function probeInBackground(): void {
    const now = clock.now()
    if (!endpoints.some(({ health }) => health.state === 'up')) return
    for (const endpoint of endpoints.filter(({ health }) => dueForProbe(health, now))) ready(endpoint).catch(() => {}) // its health has the reason
  }

  async function batch(calls: readonly Call[]): Promise<readonly Answer[]> {
    let behind: readonly Answer[] | null = null
    try {
      const { value } = await dispatch(async endpoint => {
        const answers = await endpoint.call(calls)
        if (!answers.some(answer => 'error' in answer && classOf(answer.error) === 'behind')) return answers
        behind ??= answers
        throw new EndpointBehindError(`${endpoint.shown} does not have the block that was asked for`)
      })
      return value
    } catch (error) {
      if (behind !== null) return behind
      throw error
    }
  }

  async function one(call: Call): Promise<unknown> {
    const [answer] = await batch([call])
    if (answer && 'error' in answer && classOf(answer.error) === 'behind')
      throw new EndpointBehindError(`no endpoint of ${name} has the block: ${answer.error.message}`)
    return resultOf(call, answer)
  }

  async function toAll(call: Call): Promise<unknown> {
    const usable = inOrder(endpoints, clock.now())
    const tries = usable.map(async endpoint => {
      await ready(endpoint)
      return resultOf(call, (await endpoint.call([call]))[0])
    })
    try {
      return await Promise.any(tries)
    } catch (none) {
      const errors: unknown[] = none instanceof AggregateError ? none.errors : [none]
      const answered = errors.find(error => !(error instanceof OperatorError))
      if (answered !== undefined) throw answered
      throw nobody(
        name,
        endpoints,
        usable.map((endpoint, at) => ({ endpoint, error: asOperator(errors[at]) })),
      )
    }
  }

  async function latest(known: bigint | null): Promise<Header> {
    const { by, value } = await dispatch(async endpoint => ({ before: endpoint.head, header: await endpoint.latest() }))
    const { before, header } = value
    if (known === null || header.number >= known) {
      lower = { times: 0, since: 0 }
      return header
    }
    const others = await otherHeads(by)
    const ahead = others.find(seen => seen.number >= known)
    if (ahead === undefined) return lowerEverywhere(known, [header, ...others])
    lower = { times: 0, since: 0 }
    const backwards = before !== null && before > header.number
    const lag = known - header.number
    if (backwards) quarantine(by, `went back from block ${before} to ${header.number} while others did not`)
    else if (lag > BigInt(MAX_LAG_BLOCKS)) quarantine(by, `lags ${lag} blocks behind`)
    return ahead
  }

  async function otherHeads(than: Endpoint): Promise<Header[]> {
    const others = endpoints.filter(endpoint => endpoint !== than && endpoint.health.state === 'up')
    const heads = await Promise.allSettled(others.map(endpoint => endpoint.latest()))
    return heads.flatMap(seen => (seen.status === 'fulfilled' ? [seen.value] : []))
  }

  /** Every endpoint shows less than was known: a rollback, if they keep saying so. */
  function lowerEverywhere(known: bigint, seen: readonly Header[]): Header {
    const highest = seen.reduce((best, header) => (header.number > best.number ? header : best))
    const now = clock.now()
    lower = { times: lower.times + 1, since: lower.times === 0 ? now : lower.since }
    if (lower.times >= ROLLBACK_PROOFS && now - lower.since >= ROLLBACK_MS) {
      lower = { times: 0, since: 0 }
      return highest
    }
    const message = `the head of ${name} went back from block ${known} to ${highest.number}`
    throw new EndpointBehindError(message, { facts: { known: String(known), head: String(highest.number) } })
  }

  function quarantine(endpoint: Endpoint, why: string): void {
    const error = new EndpointBehindError(`${endpoint.shown} ${why}`)
    endpoint.health = { state: 'quarantined', because: error.message }
    log.warn('an endpoint shows an older chain and rests', { chain: name, code: error.code, because: error.message })
  }

  async function verify(): Promise<void> {
    const failures: Failure[] = []
    await Promise.all(
      endpoints.map(async endpoint => {
        if (endpoint.health.state === 'limited' && endpoint.health.until > clock.now()) return
        try {
          if (endpoint.health.state !== 'up' && endpoint.health.state !== 'quarantined') await ready(endpoint)
          await endpoint.latest()
        } catch (error) {
          failures.push({ endpoint, error: asOperator(error) })
        }
      }),
    )
    judge()
    if (!endpoints.some(({ health }) => health.state === 'up')) throw nobody(name, endpoints, failures)
  }

  function judge(): void {
    const seen = endpoints.filter(({ health }) => health.state === 'up' || health.state === 'quarantined')
    const { best, late } = laggards(seen, MAX_LAG_BLOCKS)
    for (const endpoint of seen) {
      if (late.includes(endpoint)) {
        if (endpoint.health.state === 'up') quarantine(endpoint, `lags at block ${endpoint.head}, the head is ${best}`)
      } else if (endpoint.health.state === 'quarantined') {
        endpoint.health = { state: 'up' }
        log.info('an endpoint has caught up', { chain: name, endpoint: endpoint.shown })
      }
    }
  }

  return {
    name,
    chainId,
    client: createClient(options, one),
    status: () =>
      endpoints.map(({ shown, health, latencyMs, head }) => ({
        url: shown,
        state: health.state,
        latencyMs,
        head,
        because: becauseOf(health),
      })),
    verify,
    latest,
    batch,
    send: (method, params, { endpoints: to }) => (to === 'all' ? toAll : one)({ method, params }),
    onHead: listener => watch?.listen(listener),
    get announced() {
      return watch?.connected ?? false
    },
    close: async () => {
      closed = true
      watch?.close()
      for (const endpoint of endpoints) endpoint.close()
    },
  }
}

interface Failure {
  readonly endpoint: Endpoint
  readonly error: OperatorError
}

const asOperator = (error: unknown): OperatorError =>
  error instanceof OperatorError ? error : new RpcAnswerError(messageOf(error), { cause: error })

function resultOf(call: Call, answer: Answer | undefined): unknown {
  if (answer === undefined) throw new RpcAnswerError('the answer is empty')
  if ('result' in answer) return answer.result
  throw new RpcRequestError({ body: { method: call.method }, error: answer.error, url: '' })
}

/** Why nobody served: wrong chain only when nobody may be right, limits only when nothing else is wrong. */
function nobody(name: string, endpoints: readonly Endpoint[], failures: readonly Failure[]): OperatorError {
  const reasons = endpoints.map(endpoint => {
    const failure = failures.find(failed => failed.endpoint === endpoint)
    return `${endpoint.shown}: ${failure ? failure.error.message : (becauseOf(endpoint.health) ?? 'not asked')}`
  })
  const heavy = failures.some(({ error }) => error.facts['heavy'] === true)
  const facts = { chain: name, endpoints: reasons.join('; '), ...(heavy && { heavy }) }
  const all = (state: Health['state']): boolean => endpoints.every(({ health }) => health.state === state)
  if (all('refused'))
    return new RpcChainMismatchError(`no endpoint of ${name} is on its chain: ${reasons.join('; ')}`, { facts })
  if (all('limited')) return new RpcRateLimitedError(`all endpoints of ${name} ask for fewer requests`, { facts })
  return new RpcUnavailableError(`no endpoint of ${name} answers: ${reasons.join('; ')}`, { facts })
}
