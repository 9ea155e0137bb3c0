/**
 * How an actor ends, and how it says so itself. The words are OTP's exit reasons.
 */
export type ExitKind = 'normal' | 'shutdown' | 'killed' | 'crash' | 'fatal'

export interface Exit {
  readonly kind: ExitKind
  /** For people: `normal`, `shutdown`, `shutdown:why`, `killed`, or the message of what was thrown. */
  readonly reason: string
  /** What was thrown; null when nothing was. */
  readonly error: unknown
}

export const NORMAL: Exit = { kind: 'normal', reason: 'normal', error: null }
export const SHUTDOWN: Exit = { kind: 'shutdown', reason: 'shutdown', error: null }
export const KILLED: Exit = { kind: 'killed', reason: 'killed', error: null }

/** True for an end that a transient child is not restarted after: `normal`, `shutdown`, `shutdown:why`. */
export const orderly = ({ kind }: Exit): boolean => kind === 'normal' || kind === 'shutdown'

export type OrderlyReason = 'normal' | 'shutdown' | `shutdown:${string}`

/** Thrown by `exit`; not an error, but the only way out of a handler that also leaves its callers. */
export class ExitSignal extends Error {
  readonly exit: Exit

  constructor(reason: OrderlyReason) {
    super(reason)
    this.name = 'ExitSignal'
    this.exit = { kind: reason === 'normal' ? 'normal' : 'shutdown', reason, error: null }
  }
}

/** Thrown by `ignoreStart`. */
export class IgnoreSignal extends Error {
  override readonly name = 'IgnoreSignal'
}

/** Called inside a handler: this actor ends now, in an orderly way; its restart type decides what follows. */
export function exit(reason: OrderlyReason): never {
  throw new ExitSignal(reason)
}

/** Called inside `start`: there is nothing to do here; the child counts as started but does not run (OTP's `ignore`). */
export function ignoreStart(): never {
  throw new IgnoreSignal('ignore')
}
