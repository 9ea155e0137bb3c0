/**
 * Writes the event stream down in the recorder's words: start attempts by number, ends by reason.
 */
import type { SystemEvent } from '../../../src/actors/kit/events.ts'
import type { Exit } from '../../../src/actors/kit/exit.ts'
import type { TraceEntry } from './case.ts'

/** Turns of the event loop without an event after which nothing more will come. */
const QUIET_TURNS = 12

export class Recorder {
  readonly #attempts = new Map<string, number>()
  readonly #running = new Set<string>()
  /** Those that have begun to start and have not ended. An id may be a worker's after it was a supervisor's. */
  readonly #supervisors = new Set<string>()
  /** Dynamic children by id, with their supervisor. */
  readonly #dynamic = new Map<string, string>()
  #trace: TraceEntry[] = []
  #heard = 0

  /** Counts a start attempt of a worker. */
  readonly nextAttempt = (id: string): number => {
    const attempt = (this.#attempts.get(id) ?? 0) + 1
    this.#attempts.set(id, attempt)
    return attempt
  }

  dynamic(id: string, supervisor: string): void {
    this.#dynamic.set(id, supervisor)
  }

  runs(id: string): boolean {
    return this.#running.has(id)
  }

  runningSupervisors(): string[] {
    return [...this.#running].filter(id => this.#supervisors.has(id)).toSorted()
  }

  hear(event: SystemEvent): void {
    this.#heard++
    switch (event.type) {
      case 'init':
        this.#supervisors.add(event.id)
        this.#trace.push(['init', event.id, this.nextAttempt(event.id)])
        break
      case 'started':
        this.#running.add(event.id)
        this.#trace.push(['start', event.id, this.#attempt(event.id)])
        break
      case 'start-failed':
        this.#supervisors.delete(event.id)
        this.#trace.push(['start_fail', event.id, this.#attempt(event.id)])
        break
      case 'ignored':
        this.#trace.push(['ignore', event.id, this.#attempt(event.id)])
        break
      case 'terminated':
        this.#running.delete(event.id)
        this.#supervisors.delete(event.id)
        this.#trace.push(['terminate', event.id, reasonOf(event.exit)])
        break
      case 'crashed':
      case 'restarting':
      case 'waiting':
      case 'resumed':
      case 'parked':
      case 'unparked':
      case 'poison':
      case 'dead-letter':
        break
    }
  }

  /** Resolves when nothing happens any more. */
  async quiet(): Promise<void> {
    let heard = -1
    while (heard !== this.#heard) {
      heard = this.#heard
      for (let turn = 0; turn < QUIET_TURNS; turn++) await new Promise(resolve => setImmediate(resolve))
    }
  }

  /** The trace since the last call; runs of ends below one dynamic supervisor are sorted, as their order means nothing. */
  take(): TraceEntry[] {
    const trace = this.#trace
    this.#trace = []
    const out: TraceEntry[] = []
    for (let at = 0; at < trace.length;) {
      const end = this.#endOfRun(trace, at)
      out.push(...trace.slice(at, end).toSorted(byText))
      at = end
    }
    return out
  }

  #endOfRun(trace: readonly TraceEntry[], from: number): number {
    const supervisor = this.#dynamicEnd(trace[from])
    let at = from + 1
    if (supervisor === undefined) return at
    while (at < trace.length && this.#dynamicEnd(trace[at]) === supervisor) at++
    return at
  }

  #dynamicEnd(entry: TraceEntry | undefined): string | undefined {
    return entry?.[0] === 'terminate' ? this.#dynamic.get(String(entry[1])) : undefined
  }

  #attempt(id: string): number {
    return this.#attempts.get(id) ?? 0
  }
}

function reasonOf({ kind, reason }: Exit): string {
  if (kind === 'killed') return 'killed'
  if (kind === 'normal') return 'normal'
  if (kind === 'shutdown') return reason === 'shutdown' ? 'shutdown' : 'shutdown_term'
  return 'crash'
}

const byText = (a: TraceEntry, b: TraceEntry): number => (a.join(',') < b.join(',') ? -1 : 1)
