/**
 * Messages that reached nobody: counted by receiver and type, the first of each kind logged. While the system stops
 * they are to be expected, and only for us.
 */
import type { Log } from '../log.ts'

/** Kinds told apart; what comes later is counted under `(others)`, so that made-up ids cannot fill the memory. */
const MOST_KINDS = 1000
const OTHERS = '(others)'

export class DeadLetters {
  readonly #log: Log
  readonly #counts = new Map<string, Map<string, number>>()
  #kinds = 0
  #expected = false

  constructor(log: Log) {
    this.#log = log
  }

  /** From now on the system ends: what reaches nobody is no news. */
  expect(): void {
    this.#expected = true
  }

  count(to: string, message: string): void {
    const known = this.#counts.get(to)?.get(message)
    if (known === undefined && this.#kinds >= MOST_KINDS && to !== OTHERS) return this.count(OTHERS, OTHERS)
    if (known === undefined) {
      this.#kinds++
      const level = this.#expected ? 'debug' : 'warn'
      this.#log[level]('message reached nobody; more of this kind are only counted', { to, message })
    }
    const of = this.#counts.get(to) ?? new Map<string, number>()
    this.#counts.set(to, of.set(message, (known ?? 0) + 1))
  }

  list(): { to: string; message: string; count: number }[] {
    return [...this.#counts].flatMap(([to, of]) => [...of].map(([message, count]) => ({ to, message, count })))
  }
}
