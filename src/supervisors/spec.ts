/**
 * Child specs, in the words of Erlang/OTP (`supervisor`, stdlib 4.2) plus what OTP leaves out. Plain data.
 */
import type { ActorDefinition, Tagged } from '../actors/kit/actor.ts'

export type Restart = 'permanent' | 'transient' | 'temporary'
/** Milliseconds to end in, or at once, or as long as it takes. */
export type Shutdown = number | 'brutal-kill' | 'infinity'
export type Strategy = 'one-for-one' | 'one-for-all' | 'rest-for-one' | 'simple-one-for-one'
export type AutoShutdown = 'never' | 'any-significant' | 'all-significant'

/** Exponential with full jitter: the n-th restart in a row waits a random part of `min(maxMs, minMs * 2^n)`. */
export interface Backoff {
  readonly minMs: number
  readonly maxMs: number
}

interface ChildOptions {
  /** Unique in the system; the address of the actor. */
  readonly id: string
  readonly restart?: Restart
  readonly shutdown?: Shutdown
  readonly significant?: boolean
  /** Between restarts. OTP has none, and none is the default. */
  readonly backoff?: Backoff
}

export interface WorkerSpec extends ChildOptions {
  readonly type: 'worker'
  readonly actor: ActorDefinition<unknown, Tagged, unknown>
  /** Read anew for every incarnation. */
  readonly args: () => unknown
}

export interface SupervisorSpec extends ChildOptions {
  readonly type: 'supervisor'
  readonly strategy: Strategy
  /** More than `intensity` restarts in `period` seconds end the supervisor. Defaults: 1 in 5, as in OTP. */
  readonly intensity?: number
  readonly period?: number
  readonly autoShutdown?: AutoShutdown
  /**
   * What to do past the intensity: `die` as in OTP, or `park`: stop the children, tell a human through a crash record,
   * and try again after `parkMs`.
   */
  readonly whenExceeded?: 'die' | 'park'
  readonly parkMs?: number
  readonly children: readonly ChildSpec[]
}

export type ChildSpec = WorkerSpec | SupervisorSpec
