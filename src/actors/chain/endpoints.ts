/**
 * All endpoints of a chain: whom to ask, in which order, and what it means when nobody serves.
 */
import type { Clock } from '../../clock.ts'
import { messageOf, OperatorError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Endpoint } from './endpoint.ts'
import {
  EndpointBehindError,
  RpcAnswerError,
  RpcChainMismatchError,
  RpcRateLimitedError,
  RpcUnavailableError,
} from './errors.ts'
import { becauseOf, dueForProbe, inOrder, type Health } from './health.ts'

export interface Endpoints {
  readonly all: readonly Endpoint[]
  /** In the order in which they are asked now. Throws RpcUnavailableError after closing. */
  usable(): readonly Endpoint[]
  /** Makes sure that it is on the right chain. Throws RpcChainMismatchError, with a warning the first time. */
  ready(endpoint: Endpoint): Promise<void>
  /** Asks one after the other; the first that serves answers. Throws what `nobody` says, or a node's own error. */
  first<T>(ask: (endpoint: Endpoint) => Promise<T>): Promise<{ readonly by: Endpoint; readonly value: T }>
  /** The one error for all these failures. */
  nobody(failures: readonly Failure[]): OperatorError
  /** It shows an older chain than it should; rests until it has caught up. */
  quarantine(endpoint: Endpoint, why: string): void
  close(): void
}

export interface Failure {
  readonly endpoint: Endpoint
  readonly error: OperatorError
}

export interface EndpointsOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Log
}

export function createEndpoints({ name, clock, log }: EndpointsOptions, all: readonly Endpoint[]): Endpoints {
  let closed = false

  function usable(): readonly Endpoint[] {
    if (closed) throw new RpcUnavailableError(`the endpoints of ${name} are closed`)
    return inOrder(all, clock.now())
  }

  async function ready(endpoint: Endpoint): Promise<void> {
    const before = endpoint.health.state
    await endpoint.ready().catch((error: unknown) => {
      if (error instanceof RpcChainMismatchError && before !== 'refused')
        log.warn('an endpoint is on another chain and is not used', { chain: name, because: error.message })
      throw error
    })
  }

  /** While others serve, those whose pause is over are tried without anybody waiting for them. */
  function tryAgain(): void {
    if (!all.some(({ health }) => health.state === 'up')) return
    const now = clock.now()
    for (const endpoint of all.filter(({ health }) => dueForProbe(health, now))) ready(endpoint).catch(() => {}) // noted
  }

  async function first<T>(ask: (endpoint: Endpoint) => Promise<T>): Promise<{ by: Endpoint; value: T }> {
    const order = usable()
    tryAgain()
    const failures: Failure[] = []
    for (const endpoint of order) {
      try {
        await ready(endpoint)
        return { by: endpoint, value: await ask(endpoint) }
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error
        failures.push({ endpoint, error })
        log.debug('an endpoint did not serve', { chain: name, endpoint: endpoint.shown, because: error.message })
      }
    }
    throw nobody(name, all, failures)
  }

  function quarantine(endpoint: Endpoint, why: string): void {
    const error = new EndpointBehindError(`${endpoint.shown} ${why}`)
    endpoint.health = { state: 'quarantined', because: error.message }
    log.warn('an endpoint shows an older chain and rests', { chain: name, code: error.code, because: error.message })
  }

  function close(): void {
    closed = true
    for (const endpoint of all) endpoint.close()
  }

  return { all, usable, ready, first, nobody: failures => nobody(name, all, failures), quarantine, close }
}

export const asOperator = (error: unknown): OperatorError =>
  error instanceof OperatorError ? error : new RpcAnswerError(messageOf(error), { cause: error })

/** Wrong chain only when nobody may be right, limits only when nothing else is wrong. */
function nobody(name: string, endpoints: readonly Endpoint[], failures: readonly Failure[]): OperatorError {
  const reasons = endpoints
    .map(endpoint => {
      const failure = failures.find(failed => failed.endpoint === endpoint)
      return `${endpoint.shown}: ${failure ? failure.error.message : (becauseOf(endpoint.health) ?? 'not asked')}`
    })
    .join('; ')
  const heavy = failures.some(({ error }) => error.facts['heavy'] === true)
  const facts = { chain: name, endpoints: reasons, ...(heavy && { heavy }) }
  const every = (state: Health['state']): boolean => endpoints.every(({ health }) => health.state === state)
  if (every('refused'))
    return new RpcChainMismatchError(`no endpoint of ${name} is on its chain: ${reasons}`, { facts })
  if (every('limited')) return new RpcRateLimitedError(`all endpoints of ${name} ask for fewer requests`, { facts })
  return new RpcUnavailableError(`no endpoint of ${name} answers: ${reasons}`, { facts })
}
