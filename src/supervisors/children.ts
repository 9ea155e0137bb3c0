/**
 * The children of one supervisor: what it knows about each, in start order.
 */
import type { Unit } from '../actors/kit/unit.ts'
import type { ChildView } from './strategy.ts'
import type { ChildSpec, Restart, Shutdown } from './spec.ts'

export interface Parked {
  readonly because: string
  readonly until: number
}

export interface Later {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly because: string
  readonly cancel: () => void
}

const NOBODY: readonly Child[] = []

/** What a supervisor knows about one child. */
export class Child {
  /** Shared by all children of a template; `id` and not `spec.id` is theirs. */
  readonly spec: ChildSpec
  readonly unit: Unit
  /** The incarnation that lives, or is being started; null when none does. */
  live: number | null = null
  /** A failed start, or one that backoff delays, is due to be tried again. */
  restarting = false
  /** Its start waits an outage out. */
  waiting = false
  /** It is to be started after another child that is not ready yet. */
  due: Child | null = null
  /** When it last began to run under this incarnation of the supervisor. */
  ranAt: number | null = null
  /** Those to be started once this one runs. */
  followers: readonly Child[] = NOBODY
  parked: Parked | null = null
  /** Restarts in a row, for the backoff. */
  streak = 0
  #later: Later | null = null

  constructor(spec: ChildSpec, unit: Unit) {
    this.spec = spec
    this.unit = unit
  }

  get id(): string {
    return this.unit.id
  }

  get restart(): Restart {
    return this.spec.restart ?? 'permanent'
  }

  /** OTP's defaults: 5 s for a worker, as long as it takes for a supervisor. */
  get shutdown(): Shutdown {
    return this.spec.shutdown ?? (this.spec.type === 'worker' ? 5000 : 'infinity')
  }

  get view(): ChildView {
    const { id, restart, live, restarting, spec } = this
    return { id, restart, significant: spec.significant === true, alive: live !== null || restarting }
  }

  /** Nothing is due for this child any more; answers who was to be started after it. */
  clear(): readonly Child[] {
    const { followers } = this
    this.#later?.cancel()
    this.#later = null
    this.restarting = false
    this.waiting = false
    this.due = null
    this.followers = NOBODY
    this.parked = null
    return followers
  }

  /** What is to happen to it at a set time, and why; null when nothing is. */
  get next(): Omit<Later, 'cancel'> | null {
    return this.#later
  }

  /** Replaces what was to happen later. */
  later(later: Later): void {
    this.#later?.cancel()
    this.#later = later
  }
}
