/**
 * What can go wrong between actors. All but a hung handler are outages for the one who asked: the other side may be
 * back soon, so the asker waits and tries again.
 */
import { OperatorError } from '../../errors.ts'

export class AskTimeoutError extends OperatorError {
  readonly code = 'SUP_201'
  readonly severity = 'transient'
  readonly hint = 'The actor is busy or stuck; `tree` shows which message it works on and for how long.'

  constructor(to: string, deadlineMs: number) {
    super(`${to} did not answer within ${deadlineMs} ms`, { facts: { to, deadlineMs } })
  }
}

export class NotRunningError extends OperatorError {
  readonly code = 'SUP_202'
  readonly severity = 'transient'
  readonly hint = 'The actor is stopped or parked; `tree` shows why and when it is tried again.'

  constructor(to: string) {
    super(`${to} is not running`, { facts: { to } })
  }
}

export class MailboxFullError extends OperatorError {
  readonly code = 'SUP_203'
  readonly severity = 'transient'
  readonly hint = 'The actor receives more than it can handle; `tree` shows its mailbox and what keeps it busy.'

  constructor(to: string) {
    super(`the mailbox of ${to} is full`, { facts: { to } })
  }
}

export class ActorEndedError extends OperatorError {
  readonly code = 'SUP_204'
  readonly severity = 'transient'
  readonly hint = 'The actor ended before it answered; its crash record says why.'

  constructor(to: string, reason: string) {
    super(`${to} ended before it answered: ${reason}`, { facts: { to, reason } })
  }
}

/** A handler overran its deadline. A bug, not an operator's matter, so it crashes the actor and counts. */
export class HandlerHungError extends Error {
  readonly code = 'SUP_205'

  constructor(message: string, deadlineMs: number) {
    super(`the handler of '${message}' did not finish within ${deadlineMs} ms`)
    this.name = 'HandlerHungError'
  }
}
