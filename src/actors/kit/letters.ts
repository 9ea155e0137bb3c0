/**
 * The messages of one worker: its mailbox, the senders that wait for room, and the questions that wait for an answer.
 * Every message offered here is handled, replaced by newer news, or counted as a dead letter; every question settles.
 */
import type { MailboxOptions, Tagged } from './actor.ts'
import { MailboxFullError, NotRunningError } from './errors.ts'
import { Mailbox } from './mailbox.ts'

interface Blocked {
  readonly message: Tagged
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Letters {
  readonly box: Mailbox
  readonly #to: string
  readonly #deadLetter: (to: string, message: string) => void
  #blocked: Blocked[] | null = null
  #questions: Map<unknown, (error: unknown) => void> | null = null

  constructor(to: string, options: MailboxOptions<Tagged> | undefined, deadLetter: (to: string, type: string) => void) {
    this.#to = to
    this.#deadLetter = deadLetter
    this.box = new Mailbox(options)
  }

  /** False when this very message was lost; what was lost in its stead is a dead letter too. */
  offer(message: Tagged): boolean {
    const offer = this.box.offer(message)
    if (offer === 'queued') return true
    const { lost } = this.box
    this.box.lost = null
    if (lost === null) return true
    if (offer === 'full') this.#deadLetter(this.#to, lost.type)
    this.refuse(lost, new MailboxFullError(this.#to))
    return lost !== message
  }

  /** Resolves when the message is in the mailbox, which waits for room only under `block-sender`. */
  offerWaiting(message: Tagged): Promise<void> {
    if (this.box.overflow !== 'block-sender' || !this.box.full) {
      return this.offer(message) ? Promise.resolve() : Promise.reject(new MailboxFullError(this.#to))
    }
    return new Promise((resolve, reject) => (this.#blocked ??= []).push({ message, resolve, reject }))
  }

  take(): Tagged | undefined {
    const message = this.box.take()
    if (this.#blocked !== null && message !== undefined) this.#admit()
    return message
  }

  /** Whether anybody has ever asked. */
  get questioned(): boolean {
    return this.#questions !== null
  }

  /** Remembers whom to tell when the question can no longer be answered. */
  asked(message: unknown, reject: (error: unknown) => void): void {
    this.#questions ??= new Map()
    this.#questions.set(message, reject)
  }

  answered(message: unknown): void {
    this.#questions?.delete(message)
  }

  /** Ends one question without an answer, if the message was one. */
  refuse(message: unknown, error: unknown): void {
    const reject = this.#questions?.get(message)
    this.#questions?.delete(message)
    reject?.(error)
  }

  /** Ends every open question without an answer. */
  refuseAll(error: () => unknown): void {
    if (this.#questions === null || this.#questions.size === 0) return
    const all = [...this.#questions.values()]
    this.#questions.clear()
    const reason = error()
    for (const reject of all) reject(reason)
  }

  /** Nobody will read them: what waits becomes dead letters. */
  discard(): void {
    const blocked = this.#blocked ?? []
    this.#blocked = null
    for (const message of this.box.drain()) this.#deadLetter(this.#to, message.type)
    for (const { message, reject } of blocked) {
      this.#deadLetter(this.#to, message.type)
      reject(new NotRunningError(this.#to))
    }
    this.refuseAll(() => new NotRunningError(this.#to))
  }

  #admit(): void {
    const next = this.#blocked?.shift()
    if (this.#blocked?.length === 0) this.#blocked = null
    if (next === undefined) return
    this.box.offer(next.message)
    next.resolve()
  }
}
