/**
 * The one stream of what happens in the tree. Trace replay, metrics, crash records and the console all read it.
 */
import type { Exit } from './exit.ts'

export type SystemEvent =
  /** A supervisor begins to start; its children follow. */
  | { readonly type: 'init'; readonly id: string }
  /** A worker runs; a supervisor's children all do. */
  | { readonly type: 'started'; readonly id: string; readonly incarnation: number }
  | { readonly type: 'start-failed'; readonly id: string; readonly error: unknown }
  | { readonly type: 'ignored'; readonly id: string }
  | { readonly type: 'terminated'; readonly id: string; readonly incarnation: number; readonly exit: Exit }
  /** A bug ended the actor; `message` is the type of the message being handled. */
  | {
      readonly type: 'crashed'
      readonly id: string
      readonly kind: string
      readonly incarnation: number
      readonly error: unknown
      readonly message: string | null
      readonly at: number
      /** Null for its first crash. */
      readonly sincePreviousMs: number | null
    }
  /** A restart is due in `delayMs`. */
  | { readonly type: 'restarting'; readonly id: string; readonly delayMs: number }
  /** An outage is waited out; the next try is in `delayMs`. */
  | { readonly type: 'waiting'; readonly id: string; readonly because: string; readonly delayMs: number }
  /** The outage is over. */
  | { readonly type: 'resumed'; readonly id: string }
  | { readonly type: 'parked'; readonly id: string; readonly because: string; readonly forMs: number }
  | { readonly type: 'unparked'; readonly id: string }
  /** Handling a message failed for good; the actor goes on. */
  | { readonly type: 'poison'; readonly id: string; readonly message: string; readonly error: unknown }
  /** A message reached nobody. */
  | { readonly type: 'dead-letter'; readonly to: string; readonly message: string }
