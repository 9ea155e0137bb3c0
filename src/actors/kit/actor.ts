/**
 * What an actor is: a state, a mailbox, one message at a time. Pure description; the runtime gives it life.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Ref } from './ref.ts'

/** Every message is a tagged object; the tag is the verb or the fact (`look`, `SyncBlock`). */
export interface Tagged {
  readonly type: string
}

/**
 * What happens when a mailbox is full.
 *
 * `coalesce`: a message with the same key as a waiting one replaces it in place (two looks are one); beyond
 * capacity the newest is a dead letter. `drop-oldest`, `reject` (the newest is a dead letter), `block-sender` (the
 * promise of `deliver` waits).
 */
export type Overflow = 'coalesce' | 'drop-oldest' | 'reject' | 'block-sender'

export interface MailboxOptions<M> {
  readonly capacity: number
  readonly overflow: Overflow
  /** Which messages are the same news; by default those of equal `type`. */
  readonly key?: (message: M) => string
}

/** What a handler may do besides computing its next state. Belongs to one incarnation. */
export interface Context<M> {
  readonly self: Ref<M>
  readonly id: string
  /** Aborted when this incarnation is stopped, or the message's deadline has passed. Pass it to every await. */
  readonly signal: AbortSignal
  /** Carries the actor's id without being asked. */
  readonly log: Log
  readonly clock: Clock
  /** Uniform in [0, 1); seeded in tests. */
  readonly random: () => number
  /** Never fails and never waits; to an actor that does not run it is a counted dead letter. */
  send<T>(to: Ref<T>, message: NoInfer<T>): void
  /**
   * As `send`, but says what became of the message: resolves when it is in the mailbox (under `block-sender` that may
   * take until there is room), rejects when it is lost. Two actors that deliver to each other can wait for ever.
   */
  deliver<T>(to: Ref<T>, message: NoInfer<T>): Promise<void>
  /** Asks and waits for the answer; rejects at once when the other ends, and after `deadlineMs`. */
  ask<T, R>(to: Ref<T>, question: (reply: (answer: R) => void) => NoInfer<T>, deadlineMs: number): Promise<R>
  /** Sends `message` to self after `ms`. Dies with this incarnation. */
  after(ms: number, message: M): () => void
  /** Sends `message` to self about every `ms`, jittered by a fifth. Dies with this incarnation. */
  every(ms: number, message: M): () => void
  /**
   * Hands something open to this incarnation: however it ends (stopped, crashed, killed, a failed start), `close` runs
   * once, the last one handed over first. The next incarnation starts, and a stop ends, when all is closed or the
   * shutdown time has passed.
   */
  own(close: () => unknown): void
  /** Sends `message` to self when the current incarnation of `other` ends (at once when it does not run). */
  watch<T>(other: Ref<T>, message: (reason: string) => M): () => void
}

export interface ActorDefinition<Args, M extends Tagged, S> {
  /** What sort of actor this is, for logs and metrics; a closed list. */
  readonly kind: string
  readonly mailbox?: MailboxOptions<M>
  /** A handler that takes longer is a crash. */
  readonly deadlineMs?: number
  /** Builds the first state. Quick: open nothing that can be opened later. Throws to say "not started". */
  start(args: Args, ctx: Context<M>): S | Promise<S>
  /** Handles one message and answers the next state. */
  receive(state: S, message: M, ctx: Context<M>): S | Promise<S>
  /** Runs once when the incarnation ends in an orderly way, within its shutdown time. */
  stop?(state: S, reason: string): void | Promise<void>
}

/** Types an actor; the value is returned as it is. */
export const defineActor = <Args, M extends Tagged, S>(
  definition: ActorDefinition<Args, M, S>,
): ActorDefinition<Args, M, S> => definition
