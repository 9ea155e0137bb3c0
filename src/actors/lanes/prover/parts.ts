/**
 * Puts a prover pool together: the pool's actor and one actor a prover, ready to be children of a supervisor.
 * One-for-one is enough: whichever starts again finds the others and the book.
 */
import type { Clock } from '../../../clock.ts'
import { maskUrl } from '../../../secrets.ts'
import type { Bounds } from '../../kit/backoff.ts'
import type { Ref } from '../../kit/ref.ts'
import { proverOf, proverPoolOf } from '../prover-pool-messages.ts'
import type { ProverPoolArgs } from '../prover-pool.ts'
import type { ProofBook } from './book.ts'
import { proverClient, type Fetch } from './client.ts'
import { ProverUrlError } from './errors.ts'
import type { ProverArgs } from './prover-state.ts'

export interface ProverPoolOptions {
  readonly role: string
  /** Base URLs of the proof servers. */
  readonly urls: readonly string[]
  /** Below the base URL: `input`. */
  readonly inputPath: string
  /** Longest pause between two looks at a busy prover. */
  readonly pollMs: number
  readonly proofTimeoutMs: number
  readonly maxAttempts: number
  readonly book: ProofBook
  /** Who hears that a batch was proven or has failed. */
  readonly notify: readonly Ref<{ readonly type: 'look' }>[]
  readonly fetch: Fetch
  readonly clock: Clock
  /** Defaults are in `LIMITS`. */
  readonly limits?: Partial<ProverLimits>
}

export interface ProverLimits {
  /** Shortest pause between two looks at a busy prover. */
  readonly minPollMs: number
  /** Longest wait for the answer to a status request. */
  readonly timeoutMs: number
  readonly cancelTimeoutMs: number
  /** Longest wait for an input to be taken. */
  readonly postTimeoutMs: number
  /** A prover that has a batch and does not answer for this long has lost it. */
  readonly unreachableMs: number
  readonly idleLookMs: number
  readonly lookMs: number
  /** Between tries of a prover that is down. */
  readonly backoff: Bounds
  readonly cancelOnStop: boolean
}

export const LIMITS: ProverLimits = {
  minPollMs: 10,
  timeoutMs: 5_000,
  cancelTimeoutMs: 1_000,
  postTimeoutMs: 60_000,
  unreachableMs: 20_000,
  idleLookMs: 5_000,
  lookMs: 2_000,
  backoff: { minMs: 500, maxMs: 30_000 },
  cancelOnStop: false,
}

/** A child of a supervisor, to be made a worker with its actor and arguments. */
export interface Part<Args> {
  readonly id: string
  readonly args: Args
}

export interface ProverPoolParts {
  readonly pool: Part<ProverPoolArgs>
  readonly provers: readonly Part<ProverArgs>[]
}

/** Throws ProverUrlError for a URL that is none, or is given twice. */
export function proverPoolParts(options: ProverPoolOptions): ProverPoolParts {
  const { role, book, clock, fetch, inputPath } = options
  const limits = { ...LIMITS, ...options.limits }
  const named = proverNames(options.urls).map(([name, url]) => ({ name, url }))
  const shown = named.map(({ name, url }) => ({ name, url: maskUrl(url) }))
  const { minPollMs, timeoutMs, cancelTimeoutMs, postTimeoutMs, unreachableMs, idleLookMs, backoff } = limits
  const { pollMs, proofTimeoutMs, maxAttempts } = options
  const settings = { pollMs, minPollMs, proofTimeoutMs, maxAttempts, unreachableMs, idleLookMs, backoff }
  const calls = { inputPath, fetch, clock, timeoutMs, cancelTimeoutMs, postTimeoutMs }
  return {
    pool: { id: proverPoolOf(role).id, args: { role, provers: shown, book, lookMs: limits.lookMs } },
    provers: named.map(({ name, url }) => ({
      id: proverOf(role, name).id,
      args: {
        name,
        url: maskUrl(url),
        client: proverClient({ ...calls, baseUrl: url }),
        book,
        pool: proverPoolOf(role),
        notify: options.notify,
        settings,
        cancelOnStop: limits.cancelOnStop,
      },
    })),
  }
}

/** A name for each URL that stays the same when others come and go: its host, with the path where hosts repeat. */
export function proverNames(urls: readonly string[]): (readonly [name: string, url: string])[] {
  const parsed = urls.map(url => {
    if (!URL.canParse(url)) throw new ProverUrlError('a prover URL is not a URL')
    return new URL(url)
  })
  const hosts = parsed.map(({ host }) => host)
  const names = parsed.map(({ host, pathname }) =>
    hosts.indexOf(host) === hosts.lastIndexOf(host) ? host : `${host}${pathname.replace(/\/+$/, '')}`,
  )
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new ProverUrlError(`the prover ${twice} is given twice`, { facts: { prover: twice } })
  return names.map((name, at) => [name, urls[at] ?? ''] as const)
}
