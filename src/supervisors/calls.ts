/**
 * What the calls to a supervisor answer. OTP's errors are values here: they are expected outcomes.
 */
import type { SpecProblem } from './errors.ts'
import type { ChildSpec } from './spec.ts'

export type CallError =
  /** No such supervisor runs. */
  | 'noproc'
  | 'not-found'
  | 'running'
  | 'restarting'
  | 'already-started'
  | 'already-present'
  /** The id belongs to a child of another supervisor; OTP has no addresses that could clash. */
  | 'id-in-use'
  | 'simple-one-for-one'
  | 'bad-combination'
  | 'invalid-spec'
  | 'start-failed'

export type CallResult =
  | {
      readonly ok: true
      /** `ignored`: the start function had nothing to start. `waiting`: the start waits an outage out. */
      readonly is: 'done' | 'ignored' | 'waiting'
    }
  | {
      readonly ok: false
      readonly error: CallError
      readonly cause?: unknown
      readonly problems?: readonly SpecProblem[]
    }

/** A child of a simple-one-for-one supervisor: the template under another id, and with other args if given. */
export interface DynamicChild {
  readonly id: string
  readonly args?: () => unknown
}

export type NewChild = ChildSpec | DynamicChild

export interface ChildRow {
  readonly id: string
  readonly type: 'worker' | 'supervisor'
  readonly state: 'running' | 'restarting' | 'stopped'
}

export interface ChildCounts {
  readonly specs: number
  readonly active: number
  readonly supervisors: number
  readonly workers: number
}

export const DONE: CallResult = { ok: true, is: 'done' }

export const refused = (error: CallError, cause?: unknown): CallResult =>
  cause === undefined ? { ok: false, error } : { ok: false, error, cause }
