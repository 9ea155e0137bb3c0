/**
 * The format of a recorded case: a tree, events, and what OTP did.
 */
export interface WorkerNode {
  readonly id: string
  readonly type: 'worker'
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly shutdown: number | 'brutal_kill' | 'infinity'
  readonly significant?: boolean
  /** The start attempts, from 1, that fail. */
  readonly failStarts?: readonly number[]
  readonly ignoreStarts?: readonly number[]
  readonly onShutdown?: 'hang'
}

export interface SupervisorNode {
  readonly id: string
  readonly type: 'supervisor'
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly shutdown: number | 'brutal_kill' | 'infinity'
  readonly significant?: boolean
  readonly strategy: 'one_for_one' | 'one_for_all' | 'rest_for_one' | 'simple_one_for_one'
  readonly intensity: number
  readonly period: number
  readonly autoShutdown?: 'never' | 'any_significant' | 'all_significant'
  readonly children?: readonly Node[]
  readonly template?: Node
}

export type Node = WorkerNode | SupervisorNode
export type ExitReason = 'normal' | 'shutdown' | 'shutdown_term' | 'crash' | 'kill'

export type Event =
  | { readonly op: 'exit'; readonly id: string; readonly reason: ExitReason }
  | { readonly op: 'exit_batch'; readonly sup: string; readonly exits: readonly (readonly [string, ExitReason])[] }
  | { readonly op: 'terminate_child' | 'restart_child' | 'delete_child'; readonly sup: string; readonly id: string }
  | { readonly op: 'start_child'; readonly sup: string; readonly spec?: Node; readonly id?: string }
  | { readonly op: 'advance'; readonly ms: number }

export type TraceEntry = readonly (string | number)[]
export type State = Readonly<Record<string, readonly (readonly [string, string])[]>>

export interface Step {
  readonly result: string | readonly string[]
  readonly trace: readonly TraceEntry[]
  readonly state: State
}

export interface Expected {
  readonly start: Step
  readonly steps: readonly Step[]
  readonly rootDiedAt: number | null
  readonly end: { readonly trace: readonly TraceEntry[] }
}

export interface Case {
  readonly name: string
  readonly tree: SupervisorNode
  readonly events: readonly Event[]
  readonly expected: Expected
}
