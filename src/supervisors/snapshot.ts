/**
 * One consistent picture of the tree, as plain data: what HTTP, the console and the crash reports show.
 */
import type { AutoShutdown, Restart, Strategy } from './spec.ts'

export type NodeState =
  | 'starting'
  | 'running'
  | 'waiting' // an outage is being waited out; `because` names it
  | 'restarting' // a restart is due after its backoff
  | 'stopping'
  | 'stopped'
  | 'parked'

export interface CrashSummary {
  /** ISO 8601, UTC. */
  readonly at: string
  readonly reason: string
  /** The type of the message that did it; null when no message was being handled. */
  readonly message: string | null
}

export interface TreeNode {
  readonly id: string
  readonly type: 'worker' | 'supervisor'
  /** The actor's kind, or the supervisor's strategy. */
  readonly kind: string
  readonly state: NodeState
  /** Why it waits, restarts or is parked; null when it runs. */
  readonly because: string | null
  /** When the next try is due, ISO 8601; null when none is. */
  readonly nextTryAt: string | null
  readonly restart: Restart
  /** Since when this incarnation lives, ISO 8601; null when none does. */
  readonly startedAt: string | null
  readonly restarts: number
  readonly mailbox: { readonly length: number; readonly capacity: number | null; readonly dropped: number } | null
  /** The message in progress and since when, in milliseconds; null when idle. */
  readonly busy: { readonly message: string; readonly forMs: number } | null
  readonly lastCrash: CrashSummary | null
  readonly strategy: Strategy | null
  readonly autoShutdown: AutoShutdown | null
  readonly children: readonly TreeNode[]
}

export interface TreeSnapshot {
  readonly takenAt: string
  readonly root: TreeNode
  /** Messages that reached nobody, by receiver id and message type. */
  readonly deadLetters: readonly { readonly to: string; readonly message: string; readonly count: number }[]
}

/** A crash as it is kept. `stack` is cut to 8 kB. */
export interface CrashRecord {
  readonly actor: string
  readonly kind: string
  readonly at: Date
  readonly reason: string
  readonly code: string | null
  readonly stack: string | null
  readonly message: string | null
  readonly incarnation: number
  /** Milliseconds since this actor's previous crash; null for the first. */
  readonly sincePreviousMs: number | null
}

/** Where crash records go. Must not throw for long: a failing port is logged once and never stops a restart. */
export interface CrashPort {
  record(crash: CrashRecord): void | Promise<void>
}
