/**
 * A question to an actor and the promise of its answer. Settles exactly once: answered, refused because the other
 * ended or lost the message, or late.
 */
import type { Tagged } from './actor.ts'
import type { Deadlines, Due } from './deadlines.ts'
import { AskTimeoutError, NotRunningError } from './errors.ts'
import type { Worker } from './worker.ts'

class Question<R> implements Due {
  readonly #to: Worker
  readonly #deadlineMs: number
  readonly #deadlines: Deadlines
  readonly #resolve: (answer: R) => void
  readonly #reject: (error: unknown) => void
  #open = true
  #ticket = 0
  #message: unknown = null

  constructor(
    to: Worker,
    deadlines: Deadlines,
    deadlineMs: number,
    resolve: (answer: R) => void,
    reject: (error: unknown) => void,
  ) {
    this.#to = to
    this.#deadlines = deadlines
    this.#deadlineMs = deadlineMs
    this.#resolve = resolve
    this.#reject = reject
  }

  send(question: (reply: (answer: R) => void) => unknown): void {
    const message = question(answer => this.#answered(answer))
    if (!this.#open) return
    this.#message = message
    this.#ticket = this.#deadlines.add(this, this.#deadlineMs)
    this.#to.letters.asked(message, error => this.#refused(error))
    // A reference's messages are tagged objects; only the address' type parameter hides it here.
    if (!this.#to.deliver(message as Tagged)) this.#to.letters.refuse(message, new NotRunningError(this.#to.id))
  }

  late(): void {
    if (!this.#open) return
    this.#open = false
    this.#to.letters.answered(this.#message)
    this.#reject(new AskTimeoutError(this.#to.id, this.#deadlineMs))
  }

  #answered(answer: R): void {
    if (!this.#open) return
    this.#close()
    this.#to.letters.answered(this.#message)
    this.#resolve(answer)
  }

  #refused(error: unknown): void {
    if (!this.#open) return
    this.#close()
    this.#reject(error)
  }

  #close(): void {
    this.#open = false
    this.#deadlines.remove(this, this.#ticket)
  }
}

/** Asks a worker; rejects at once when it neither runs nor will run again by itself. */
export function ask<R>(
  to: Worker,
  deadlines: Deadlines,
  question: (reply: (answer: R) => void) => unknown,
  deadlineMs: number,
): Promise<R> {
  return new Promise((resolve, reject) => {
    if (!to.accepts) return reject(new NotRunningError(to.id))
    new Question(to, deadlines, deadlineMs, resolve, reject).send(question)
  })
}
