/**
 * The way to one chain over several endpoints. The first healthy one in the order of the configuration is asked; what
 * it cannot serve is asked of the next. An endpoint on another chain is never used; one that shows an older chain than
 * the others rests until it has caught up. What a node answers about a request itself reaches the caller unchanged.
 */
import type { PublicClient } from 'viem'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Metrics } from '../../metrics.ts'
import { chainMetrics } from './chain-metrics.ts'
import { createEndpoint, type Endpoint } from './endpoint.ts'
import { createEndpoints } from './endpoints.ts'
import { watchHeads } from './head-watch.ts'
import type { Header } from './headers.ts'
import { createHeads } from './heads.ts'
import { becauseOf, type Health } from './health.ts'
import type { Answer, Call } from './json-rpc.ts'
import { createRequests } from './requests.ts'
import { createClient } from './rpc-client.ts'

export interface RpcOptions {
  readonly name: string
  /** HTTP endpoints; the later ones are used when the earlier fail. */
  readonly urls: readonly string[]
  /** A WebSocket endpoint that tells of new heads at once; its news is only a hint to look. */
  readonly wsUrl?: string
  /** Endpoints that must agree on critical reads; 1 when left out. */
  readonly quorum?: number
  /** Endpoints that signed transactions are handed to instead; `urls` when left out. */
  readonly sendUrls?: readonly string[]
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
  /**
   * `all`: to every usable endpoint at once, the first good answer counts; `senders`: the same with the endpoints for
   * sending. `first-healthy`: like any other request.
   */
  readonly endpoints: 'all' | 'senders' | 'first-healthy'
}

export interface Rpc {
  readonly name: string
  readonly chainId: number
  /** viem's client with failover. Outages come out of its methods as OperatorErrors, node errors as viem's own. */
  readonly client: PublicClient
  /** The same client, but of each answer as many endpoints are convinced as the quorum asks for. */
  readonly critical: PublicClient
  /**
   * A client for each endpoint in the order of the configuration, for comparing what they say. One that is down or on
   * another chain answers RpcUnavailableError.
   */
  readonly each: readonly PublicClient[]
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

/** Nothing is asked of the endpoints yet. */
export function createRpc(options: RpcOptions): Rpc {
  const { name, chainId } = options
  const meters = chainMetrics(options.metrics, name)
  const { sendUrls = [], quorum = 1 } = options
  const open = (url: string, index: number): Endpoint =>
    createEndpoint({ ...options, url, index, timeoutMs: options.requestTimeoutMs, onRequest: meters.request })
  const all = options.urls.map(open)
  const senders = createEndpoints(
    options,
    sendUrls.map((url, index) => open(url, all.length + index)),
  )
  const endpoints = createEndpoints(options, all)
  const { latest, verify } = createHeads(options, endpoints)
  const { batch, one, toAll, agreed, alone } = createRequests(name, endpoints)
  const toSenders = sendUrls.length === 0 ? toAll : createRequests(name, senders).toAll
  const ways = { all: toAll, senders: toSenders, 'first-healthy': one }
  const watch = options.wsUrl === undefined ? null : watchHeads({ ...options, url: options.wsUrl })
  return {
    name,
    chainId,
    client: createClient(options, one),
    critical: createClient(options, call => agreed(call, quorum)),
    each: all.map(endpoint => createClient(options, call => alone(endpoint, call))),
    status: () =>
      all.map(({ shown, health, latencyMs, head }) => ({
        url: shown,
        state: health.state,
        latencyMs,
        head,
        because: becauseOf(health),
      })),
    verify,
    latest,
    batch,
    send: (method, params, { endpoints: to }) => ways[to]({ method, params }),
    onHead: listener => watch?.listen(listener),
    get announced() {
      return watch?.connected ?? false
    },
    close: async () => {
      watch?.close()
      endpoints.close()
      senders.close()
    },
  }
}
