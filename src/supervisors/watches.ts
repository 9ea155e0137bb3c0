/**
 * Who wants to be told when an actor ends. A watch is used up when it fires.
 */
import type { SystemEvent } from '../actors/kit/events.ts'

const NOT_RUNNING = 'not running'

export class Watches {
  readonly #lives: (id: string) => boolean
  readonly #of = new Map<string, Set<(reason: string) => void>>()

  constructor(lives: (id: string) => boolean) {
    this.#lives = lives
  }

  add(id: string, run: (reason: string) => void): () => void {
    if (!this.#lives(id)) {
      run(NOT_RUNNING)
      return () => {}
    }
    // A watcher of its own, so that the same function can watch twice.
    const watcher = (reason: string): void => run(reason)
    const all = this.#of.get(id) ?? new Set()
    this.#of.set(id, all.add(watcher))
    return () => {
      all.delete(watcher)
      if (all.size === 0 && this.#of.get(id) === all) this.#of.delete(id)
    }
  }

  /** For the event stream. */
  readonly listener = (event: SystemEvent): void => {
    if (event.type !== 'terminated') return
    const all = this.#of.get(event.id)
    if (all === undefined) return
    this.#of.delete(event.id)
    for (const watcher of all) watcher(event.exit.reason)
  }
}
