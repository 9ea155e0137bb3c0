/**
 * Deadlines by the thousand on few timers: those that fall into the same few milliseconds share one.
 */
import type { Clock } from '../../clock.ts'

/** Something that is late when nobody took it away first. */
export interface Due {
  late(): void
}

/** Short deadlines are kept to the millisecond; longer ones may be up to this much late. */
const COARSE_MS = 10
const COARSE_FROM_MS = 200

export class Deadlines {
  readonly #clock: Clock
  readonly #buckets = new Map<number, Set<Due>>()
  readonly #timers = new Map<number, () => void>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls `due.late()` after `ms`, never earlier; answers the ticket that `remove` wants. */
  add(due: Due, ms: number): number {
    const now = this.#clock.now()
    const step = ms >= COARSE_FROM_MS ? COARSE_MS : 1
    const at = Math.ceil((now + ms) / step) * step
    const bucket = this.#buckets.get(at)
    if (bucket !== undefined) bucket.add(due)
    else {
      this.#buckets.set(at, new Set([due]))
      this.#timers.set(
        at,
        this.#clock.after(at - now, () => this.#fire(at)),
      )
    }
    return at
  }

  remove(due: Due, ticket: number): void {
    this.#buckets.get(ticket)?.delete(due)
  }

  /** Forgets all; nothing is late any more. */
  clear(): void {
    for (const cancel of this.#timers.values()) cancel()
    this.#timers.clear()
    this.#buckets.clear()
  }

  #fire(at: number): void {
    const bucket = this.#buckets.get(at)
    this.#buckets.delete(at)
    this.#timers.delete(at)
    if (bucket !== undefined) for (const due of bucket) due.late()
  }
}
