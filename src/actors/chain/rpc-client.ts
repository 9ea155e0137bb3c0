/**
 * viem's client on top of our own endpoints: its transport asks them, and an outage that viem has wrapped comes out again
 * as the OperatorError it is.
 */
import { createPublicClient, createTransport, defineChain, type PublicClient } from 'viem'
import { OperatorError } from '../../errors.ts'
import type { Call } from './json-rpc.ts'

export interface ClientOptions {
  readonly name: string
  readonly chainId: number
  readonly requestTimeoutMs: number
}

/** A client whose every request goes through `request`, once: retrying and failover are done there. */
export const createClient = (options: ClientOptions, request: (call: Call) => Promise<unknown>): PublicClient =>
  surfacing(clientOf(options, request))

function clientOf(options: ClientOptions, request: (call: Call) => Promise<unknown>): PublicClient {
  const chain = defineChain({
    id: options.chainId,
    name: options.name,
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [] } },
  })
  const transport = createTransport({
    key: 'forgekeeper',
    name: `endpoints of ${options.name}`,
    type: 'forgekeeper',
    retryCount: 0,
    timeout: options.requestTimeoutMs,
    request: ({ method, params }: { method: string; params?: unknown }): Promise<never> =>
      // viem types the result of its own methods; it is what the node answered
      request({ method, params: Array.isArray(params) ? params : [] }) as Promise<never>,
  })
  return createPublicClient({ chain, transport: () => transport, cacheTime: 0 }) as PublicClient // the chain is one of ours
}

/** viem wraps whatever its transport throws; this takes an OperatorError out again, so that an outage looks like one. */
function surfacing(client: PublicClient): PublicClient {
  const entries = Object.entries(client).map(([key, value]: [string, unknown]) => {
    if (typeof value !== 'function') return [key, value]
    const surfaced = (...args: unknown[]): unknown => {
      const result: unknown = Reflect.apply(value, client, args)
      return result instanceof Promise ? result.catch(rethrow) : result
    }
    return [key, surfaced]
  })
  return Object.fromEntries(entries) as PublicClient // the same members, each with its own type
}

function rethrow(error: unknown): never {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth += 1)
    if (at instanceof OperatorError) throw at
  throw error
}
