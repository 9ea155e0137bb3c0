/**
 * One incarnation of a worker: its state, its context, and everything that must die with it.
 *
 * Signal, log and timers come into being when first used; most incarnations never need them.
 */
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Context, Tagged } from './actor.ts'
import { messageOf } from '../../errors.ts'
import { NotRunningError } from './errors.ts'
import { type Close, Owned } from './owned.ts'
import { ref, type Ref } from './ref.ts'
import type { Runtime, StartOutcome } from './unit.ts'

/** What a life needs from the worker it is a life of. */
export interface Host {
  readonly id: string
  readonly runtime: Runtime
  deliver(message: Tagged): boolean
}

export class Life implements Context<Tagged> {
  readonly incarnation: number
  /** False once nothing of this incarnation may have an effect any more. */
  alive = true
  /** Set when it was asked to end, or ends itself. */
  stopping = false
  state: unknown = undefined
  /** When it began to run; null until then. */
  startedAt: number | null = null
  /** Takes back the time limit of what it does now; null when nothing is limited. */
  unlimit: (() => void) | null = null
  /** Its start was already reported as failed or ignored. */
  reported = false
  /** Answers an asynchronous start that is still going on. */
  answerStart: ((outcome: StartOutcome) => void) | null = null
  readonly #host: Host
  #controller: AbortController | null = null
  #log: Log | null = null
  #cancels: Set<() => void> | null = null
  #owned: Owned | null = null

  constructor(host: Host, incarnation: number) {
    this.#host = host
    this.incarnation = incarnation
  }

  get id(): string {
    return this.#host.id
  }

  get self(): Ref<Tagged> {
    return ref(this.#host.id)
  }

  get clock(): Clock {
    return this.#host.runtime.clock
  }

  get random(): () => number {
    return this.#host.runtime.random
  }

  get log(): Log {
    this.#log ??= this.#host.runtime.log.with({ actor: this.#host.id })
    return this.#log
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.stopping || !this.alive) this.#controller.abort()
    return this.#controller.signal
  }

  send<T>(to: Ref<T>, message: T): void {
    const { runtime } = this.#host // first of all, so that a method taken off its context throws instead of losing messages
    // A reference's messages are tagged objects; only the address' type parameter hides it here.
    if (this.alive) runtime.send(to.id, message as Tagged)
  }

  deliver<T>(to: Ref<T>, message: T): Promise<void> {
    const { runtime } = this.#host // as in `send`
    if (!this.alive) return Promise.reject(new NotRunningError(this.id))
    return runtime.deliver(to.id, message as Tagged) // as in `send`
  }

  ask<T, R>(to: Ref<T>, question: (reply: (answer: R) => void) => T, deadlineMs: number): Promise<R> {
    const { runtime } = this.#host // as in `send`
    if (!this.alive) return Promise.reject(new NotRunningError(this.id))
    return runtime.ask(to.id, question, deadlineMs)
  }

  after(ms: number, message: Tagged): () => void {
    return this.#keep(done =>
      this.clock.after(ms, () => {
        done()
        this.#toSelf(message)
      }),
    )
  }

  every(ms: number, message: Tagged): () => void {
    return this.#keep(() => {
      let cancel: (() => void) | null = null
      const arm = (): void => {
        cancel = this.clock.after(jittered(ms, this.random), () => {
          this.#toSelf(message)
          arm()
        })
      }
      arm()
      return () => cancel?.()
    })
  }

  watch<T>(other: Ref<T>, message: (reason: string) => Tagged): () => void {
    return this.#keep(done =>
      this.#host.runtime.watch(other.id, reason => {
        done()
        this.#toSelf(message(reason))
      }),
    )
  }

  own(close: Close): void {
    this.#owned ??= new Owned()
    this.#owned.add(close)
    if (!this.alive) void this.release()
  }

  /** Closes what this incarnation holds open; returns nothing when it holds nothing. */
  release(): Promise<void> | undefined {
    const owned = this.#owned
    this.#owned = null
    return owned?.close(error =>
      this.log.warn('could not close what the actor held open', { reason: messageOf(error) }),
    )
  }

  /** Tells the handler in progress that its result is no longer waited for. */
  abort(): void {
    this.#controller?.abort()
  }

  /** After this nothing of the incarnation has an effect. */
  end(): void {
    this.alive = false
    this.#controller?.abort()
    this.unlimit?.()
    if (this.#cancels !== null) for (const cancel of this.#cancels) cancel()
    this.#cancels = null
  }

  #toSelf(message: Tagged): void {
    if (this.alive) this.#host.deliver(message)
  }

  /** Keeps what `arm` starts until it is done, cancelled, or this incarnation ends. */
  #keep(arm: (done: () => void) => () => void): () => void {
    if (!this.alive) return () => {}
    let open = true
    let stop: (() => void) | null = null
    const forget = (): void => {
      open = false
      this.#cancels?.delete(cancel)
    }
    const cancel = (): void => {
      if (!open) return
      forget()
      stop?.()
    }
    stop = arm(forget)
    // `forget` may have run inside `arm`: a watched actor that does not run answers at once.
    if (open) (this.#cancels ??= new Set()).add(cancel)
    return cancel
  }
}

/** About `ms`: up to a tenth less or more, a fifth in all. */
const jittered = (ms: number, random: () => number): number => ms * (0.9 + 0.2 * random())
