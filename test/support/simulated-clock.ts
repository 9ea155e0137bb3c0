/**
 * Time moved by hand. Timers fire in the order they are due, and what they set off settles before the next one.
 */
import type { Clock } from '../../src/clock.ts'
import { waitFor } from './patience.ts'

interface Timer {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

/** Rounds of the event loop given to what a timer set off. */
const SETTLE_ROUNDS = 20

export class SimulatedClock implements Clock {
  #now: number
  #order = 0
  readonly #timers = new Set<Timer>()

  /** Starts at 2026-01-01T00:00:00Z unless told otherwise. */
  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now
  }

  now(): number {
    return this.#now
  }

  after(ms: number, run: () => void): () => void {
    const timer: Timer = { at: this.#now + Math.max(0, ms), order: this.#order++, run }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason)
      const onAbort = (): void => {
        cancel()
        reject(signal?.reason)
      }
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', onAbort)
        resolve()
      })
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Timers that are set and have not fired. */
  get pending(): number {
    return this.#timers.size
  }

  /** When the next timer is due; null when none is set. */
  get nextAt(): number | null {
    return this.#next(Number.POSITIVE_INFINITY)?.at ?? null
  }

  /** Moves time by `ms`, firing on the way what falls due; each timer's consequences settle before the next. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    await settle()
    for (let timer = this.#next(end); timer !== undefined; timer = this.#next(end)) {
      this.#timers.delete(timer)
      this.#now = timer.at
      timer.run()
      await settle()
    }
    this.#now = end
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined
    for (const timer of this.#timers) {
      if (timer.at > end) continue
      if (first === undefined || timer.at < first.at || (timer.at === first.at && timer.order < first.order))
        first = timer
    }
    return first
  }
}

/** Lets everything that can go on without time passing go on. */
export async function settle(rounds = SETTLE_ROUNDS): Promise<void> {
  for (let round = 0; round < rounds; round++) await new Promise(resolve => setImmediate(resolve))
}

const QUICK_ROUNDS = 10_000

/** Waits until `holds`, giving the event loop its turns and, after many, real I/O on a busy machine its time. */
export async function until(holds: () => boolean, what = 'the condition'): Promise<void> {
  for (let round = 0; round < QUICK_ROUNDS; round++) {
    if (holds()) return
    await new Promise(resolve => setImmediate(resolve))
  }
  await waitFor(what, holds)
}
