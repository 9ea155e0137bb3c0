/**
 * What the endpoints show as the newest block, and whom to believe: an endpoint that lags or goes back rests, a chain
 * that every endpoint shows as shorter was rolled back.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Endpoint } from './endpoint.ts'
import { asOperator, type Endpoints, type Failure } from './endpoints.ts'
import { EndpointBehindError } from './errors.ts'
import type { Header } from './headers.ts'
import { laggards } from './health.ts'

export interface Heads {
  /** See `Rpc`. */
  latest(known: bigint | null): Promise<Header>
  /** See `Rpc`. */
  verify(): Promise<void>
}

export interface HeadsOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Log
}

/** Blocks an endpoint may be behind the newest one before it rests. */
const MAX_LAG_BLOCKS = 5
/** Times in a row, and for how long, that a lower head must be shown before it is believed. */
const ROLLBACK_PROOFS = 3
const ROLLBACK_MS = 1_000

const NOT_LOWER = { times: 0, since: 0 }

export function createHeads({ name, clock, log }: HeadsOptions, endpoints: Endpoints): Heads {
  /** Looks in a row that showed a lower head everywhere, and since when. */
  let lower = NOT_LOWER

  async function latest(known: bigint | null): Promise<Header> {
    const { by, value } = await endpoints.first(async endpoint => ({
      before: endpoint.head,
      header: await endpoint.latest(),
    }))
    const { before, header } = value
    if (known === null || header.number >= known) {
      lower = NOT_LOWER
      return header
    }
    const others = await othersThan(by)
    const ahead = others.find(seen => seen.number >= known)
    if (ahead === undefined) return lowerEverywhere(known, [header, ...others])
    lower = NOT_LOWER
    const lag = known - header.number
    if (before !== null && before > header.number)
      endpoints.quarantine(by, `went back from block ${before} to ${header.number} while others did not`)
    else if (lag > BigInt(MAX_LAG_BLOCKS)) endpoints.quarantine(by, `lags ${lag} blocks behind`)
    return ahead
  }

  async function othersThan(one: Endpoint): Promise<Header[]> {
    const others = endpoints.all.filter(endpoint => endpoint !== one && endpoint.health.state === 'up')
    const heads = await Promise.allSettled(others.map(endpoint => endpoint.latest()))
    return heads.flatMap(seen => (seen.status === 'fulfilled' ? [seen.value] : []))
  }

  /** Every endpoint shows less than was known: a rollback, if they keep saying so. */
  function lowerEverywhere(known: bigint, seen: readonly Header[]): Header {
    const highest = seen.reduce((best, header) => (header.number > best.number ? header : best))
    const now = clock.now()
    lower = { times: lower.times + 1, since: lower.times === 0 ? now : lower.since }
    if (lower.times >= ROLLBACK_PROOFS && now - lower.since >= ROLLBACK_MS) {
      lower = NOT_LOWER
      return highest
    }
    const message = `the head of ${name} went back from block ${known} to ${highest.number}`
    throw new EndpointBehindError(message, { facts: { known: String(known), head: String(highest.number) } })
  }

  async function verify(): Promise<void> {
    const failures: Failure[] = []
    await Promise.all(
      endpoints.all.map(async endpoint => {
        const { health } = endpoint
        if (health.state === 'limited' && health.until > clock.now()) return
        try {
          await endpoints.ready(endpoint)
          await endpoint.latest()
        } catch (error) {
          failures.push({ endpoint, error: asOperator(error) })
        }
      }),
    )
    judge()
    if (!endpoints.all.some(({ health }) => health.state === 'up')) throw endpoints.nobody(failures)
  }

  function judge(): void {
    const seen = endpoints.all.filter(({ health }) => health.state === 'up' || health.state === 'quarantined')
    const { best, late } = laggards(seen, MAX_LAG_BLOCKS)
    for (const endpoint of seen) {
      const { state } = endpoint.health
      if (late.includes(endpoint)) {
        if (state === 'up') endpoints.quarantine(endpoint, `lags at block ${endpoint.head}, the head is ${best}`)
      } else if (state === 'quarantined') {
        endpoint.health = { state: 'up' }
        log.info('an endpoint has caught up', { chain: name, endpoint: endpoint.shown })
      }
    }
  }

  return { latest, verify }
}
