/**
 * A worker: the logical actor that outlives its incarnations. It starts and ends them, keeps the mailbox between
 * them, and tells its supervisor when one ended by itself.
 *
 * What a handler throws decides what follows: `transient` waits and handles the message again, `poison` drops the
 * message, `fatal` ends the actor for a human, anything else is a crash. Results of an ended incarnation are ignored.
 */
import { isFatal, isTransient, messageOf, OperatorError } from '../../errors.ts'
import { atMost } from '../../clock.ts'
import type { ActorDefinition, Tagged } from './actor.ts'
import { ActorEndedError, NotRunningError } from './errors.ts'
import { type Exit, ExitSignal, IgnoreSignal, KILLED, SHUTDOWN } from './exit.ts'
import { Letters } from './letters.ts'
import { Life } from './life.ts'
import { Loop, type LoopHost } from './loop.ts'
import { Outage } from './outage.ts'
import { isPromise } from './promise.ts'
import type { Owner, Runtime, StartOutcome, Within } from './unit.ts'

const OWN_LIMIT_MS = 5000
const RUNNING: StartOutcome = { is: 'running' }

export interface WorkerOptions {
  readonly id: string
  readonly definition: ActorDefinition<unknown, Tagged, unknown>
  readonly args: () => unknown
  /** How long its own end may take. */
  readonly within: Within
}

export interface LastCrash {
  readonly at: number
  readonly reason: string
  readonly message: string | null
}

export class Worker implements LoopHost {
  readonly id: string
  readonly runtime: Runtime
  readonly definition: WorkerOptions['definition']
  readonly letters: Letters
  /** Null until there is a first one. */
  outage: Outage | null = null
  incarnation = 0
  /** Times it ran. */
  starts = 0
  lastCrash: LastCrash | null = null
  readonly #owner: Owner
  readonly #args: () => unknown
  readonly #within: Within
  readonly #loop: Loop
  #life: Life | null = null
  #expected = false
  #ended: (() => void) | null = null
  /** What the last incarnation held open is being closed. */
  #closing: Promise<void> | null = null

  constructor(runtime: Runtime, owner: Owner, { id, definition, args, within }: WorkerOptions) {
    this.id = id
    this.runtime = runtime
    this.definition = definition
    this.#owner = owner
    this.#args = args
    this.#within = within
    this.letters = new Letters(id, definition.mailbox, runtime.deadLetter)
    this.#loop = new Loop(this)
  }

  get accepts(): boolean {
    return this.#expected || (this.#life !== null && !this.#life.stopping)
  }

  get phase(): 'stopped' | 'starting' | 'running' | 'waiting' | 'stopping' {
    if (this.#life === null) return 'stopped'
    if (this.#life.stopping) return 'stopping'
    if (this.outage?.active === true) return 'waiting'
    return this.#life.startedAt === null ? 'starting' : 'running'
  }

  /** Since when this incarnation runs; null when none does. */
  get startedAt(): number | null {
    return this.#life?.startedAt ?? null
  }

  /** The message in progress and since when (ms since the epoch); null when idle. */
  get busy(): { readonly message: string; readonly since: number } | null {
    const { current, currentSince: since } = this.#loop
    return current === null ? null : { message: current.type, since }
  }

  deliver(message: Tagged): boolean {
    if (!this.accepts) {
      this.runtime.deadLetter(this.id, message.type)
      return false
    }
    const kept = this.letters.offer(message)
    this.#loop.wake()
    return kept
  }

  /** As `deliver`, but under `block-sender` the promise waits for room. */
  async deliverWaiting(message: Tagged): Promise<void> {
    if (!this.accepts) {
      this.runtime.deadLetter(this.id, message.type)
      throw new NotRunningError(this.id)
    }
    const waiting = this.letters.offerWaiting(message)
    this.#loop.wake()
    await waiting
  }

  expect(again: boolean): void {
    this.#expected = again
    if (!again && this.#life === null) this.#retire()
  }

  begin(): StartOutcome | Promise<StartOutcome> {
    if (this.#life !== null) this.#over(this.#life, KILLED, false) // never two, whatever the owner believes
    const life = new Life(this, ++this.incarnation)
    this.#life = life
    this.#expected = true
    return this.#closing === null ? this.#attempt(life) : this.#attemptAfter(this.#closing, life)
  }

  end(within: Within): void | Promise<void> {
    const life = this.#life
    if (life === null) return this.#closing ?? undefined
    if (within === 'brutal-kill') return this.#over(life, KILLED, false)
    const already = life.stopping
    life.stopping = true
    life.abort()
    if (!already && this.#loop.current === null && life.answerStart === null) {
      const stopped = this.#runStop(life, SHUTDOWN)
      if (stopped === undefined) return this.#over(life, SHUTDOWN, false)
      void this.#overAfter(stopped, life, SHUTDOWN, false)
    }
    return this.#endWithin(life, within)
  }

  kill(exit: Exit): void {
    if (this.#life !== null) this.#over(this.#life, exit, true)
  }

  bug(life: Life, error: unknown): void {
    if (life.alive) this.#crash(life, error, null)
  }

  /** A failure that nobody awaited, attributed to this actor from outside. */
  floating(error: unknown): void {
    if (this.#life === null)
      return this.runtime.log.warn('floating failure', { actor: this.id, reason: messageOf(error) })
    this.#crash(this.#life, error, this.#loop.current)
  }

  failed(life: Life, message: Tagged, error: unknown): void {
    if (life.stopping) return life.log.debug('message given up at stop', { message: message.type })
    if (error instanceof ExitSignal) return this.#exit(life, error.exit)
    if (error instanceof OperatorError) {
      if (error.severity === 'transient') return this.#waitOut(life, message, error)
      if (error.severity === 'poison') return this.#poisoned(life, message, error)
    }
    this.#crash(life, error, message)
  }

  hung(life: Life, message: Tagged, error: unknown): void {
    this.#crash(life, error, message)
  }

  async finished(life: Life): Promise<void> {
    // Without someone who waits for the end, the actor ends itself and `#exit` is at it.
    if (this.#ended !== null) await this.#overAfter(this.#runStop(life, SHUTDOWN), life, SHUTDOWN, false)
  }

  #poisoned(life: Life, message: Tagged, error: OperatorError): void {
    const { code, message: reason, hint, facts } = error
    life.log.warn('message dropped, it will never work', { ...facts, message: message.type, code, reason, hint })
    this.runtime.emit({ type: 'poison', id: this.id, message: message.type, error })
    this.letters.refuse(message, error)
  }

  #waitOut(life: Life, message: Tagged, error: unknown): void {
    this.#loop.again = message
    this.outage ??= new Outage()
    this.outage.wait(this.runtime, this.id, error, () => this.#loop.wake())
  }

  #crash(life: Life, error: unknown, handled: Tagged | null): void {
    const { clock, emit } = this.runtime
    const { id, definition, lastCrash } = this
    const at = clock.now()
    const reason = messageOf(error)
    const message = handled?.type ?? null
    const sincePreviousMs = lastCrash === null ? null : at - lastCrash.at
    this.lastCrash = { at, reason, message }
    const { incarnation } = life
    emit({ type: 'crashed', id, kind: definition.kind, incarnation, error, message, at, sincePreviousMs })
    this.#over(life, { kind: isFatal(error) ? 'fatal' : 'crash', reason, error }, true)
  }

  /** The actor ends itself: its `stop` runs, then its supervisor is told. */
  #exit(life: Life, exit: Exit): void {
    life.stopping = true
    const stopped = this.#runStop(life, exit)
    if (stopped === undefined) return this.#over(life, exit, true)
    const limitMs = ownLimitMs(this.#within)
    if (limitMs !== null) life.unlimit = this.runtime.clock.after(limitMs, () => this.#over(life, exit, true))
    void this.#overAfter(stopped, life, exit, true)
  }

  #endWithin(life: Life, within: number | 'infinity'): Promise<void> {
    return new Promise(resolve => {
      const late = (): void => this.#over(life, KILLED, false)
      const cancel = within === 'infinity' ? null : this.runtime.clock.after(within, late)
      this.#ended = () => {
        cancel?.()
        resolve()
      }
    })
  }

  async #overAfter(stopped: Promise<void> | undefined, life: Life, exit: Exit, tell: boolean): Promise<void> {
    await stopped
    this.#over(life, exit, tell)
  }

  /** Runs the definition's `stop`; never throws, and returns nothing when it was done on the spot. */
  #runStop(life: Life, exit: Exit): Promise<void> | undefined {
    const { definition } = this
    if (definition.stop === undefined || life.startedAt === null) return life.release()
    const failed = (error: unknown): void =>
      life.log[isTransient(error) ? 'debug' : 'warn']('stop function failed', {
        reason: messageOf(error),
        exit: exit.reason,
      })
    try {
      const stopped = definition.stop(life.state, exit.reason)
      return isPromise(stopped) ? stopped.catch(failed).then(() => life.release()) : life.release()
    } catch (error) {
      failed(error)
      return life.release()
    }
  }

  /** The incarnation is history. `tell`: it ended by itself, so its supervisor must decide. */
  #over(life: Life, exit: Exit, tell: boolean): void {
    if (this.#life !== life) return
    const { id } = this
    const { incarnation, answerStart, reported } = life
    const ended = this.#ended
    const ran = life.startedAt !== null
    this.#life = null
    this.#ended = null
    this.#loop.end()
    this.outage?.end()
    life.end()
    this.#release(life)
    this.letters.refuseAll(() => new ActorEndedError(id, exit.reason))
    const { emit } = this.runtime
    if (ran) emit({ type: 'terminated', id, incarnation, exit })
    else if (!reported) emit({ type: 'start-failed', id, error: new NotRunningError(id) })
    if (!this.#expected) this.#retire()
    answerStart?.({ is: 'failed', error: new NotRunningError(id) })
    if (ended !== null) ended()
    else if (tell && ran) this.#owner.ended(id, incarnation, exit)
    else if (tell && answerStart === null) {
      this.#owner.lateStart(id, incarnation, { is: 'failed', error: new NotRunningError(id) })
    }
  }

  /** It will not run again by itself: what waits for it reaches nobody. */
  #retire(): void {
    this.letters.discard()
    this.#loop.close()
  }

  /** Begins to close what it held open, and remembers that for as long as the shutdown time allows. */
  #release(life: Life): void {
    const closing = life.release()
    if (closing !== undefined) this.#closing = this.#closed(closing)
  }

  async #closed(closing: Promise<void>): Promise<void> {
    const limitMs = ownLimitMs(this.#within)
    await (limitMs === null ? closing : atMost(this.runtime.clock, limitMs, closing))
    this.#closing = null
  }

  async #attemptAfter(closing: Promise<void>, life: Life): Promise<StartOutcome> {
    await closing
    return life.alive ? await this.#attempt(life) : { is: 'failed', error: new NotRunningError(this.id) }
  }

  #attempt(life: Life): StartOutcome | Promise<StartOutcome> {
    const { definition } = this
    const { attribute } = this.runtime
    const start = (): unknown => definition.start(this.#args(), life)
    try {
      const first = attribute === null ? start() : attribute(this, start)
      return isPromise(first) ? this.#attemptAsync(life, first) : this.#run(life, first)
    } catch (error) {
      return this.#notStarted(life, error)
    }
  }

  /** Answers when the start has settled, or as soon as the incarnation was ended meanwhile. */
  #attemptAsync(life: Life, first: Promise<unknown>): Promise<StartOutcome> {
    const given = new Promise<StartOutcome>(resolve => (life.answerStart = resolve))
    const settled = first.then(
      state => this.#run(life, state),
      (error: unknown) => this.#notStarted(life, error),
    )
    void settled.then(life.answerStart)
    return given
  }

  #run(life: Life, state: unknown): StartOutcome | Promise<StartOutcome> {
    life.state = state
    if (!life.alive || life.stopping) return this.#tooLate(life)
    life.answerStart = null
    life.startedAt = this.runtime.clock.now()
    this.starts++
    this.outage?.over(this.runtime, this.id)
    this.runtime.emit({ type: 'started', id: this.id, incarnation: life.incarnation })
    this.#loop.begin(life)
    return RUNNING
  }

  /** It was ended while it started: what the start opened is closed again. */
  async #tooLate(life: Life): Promise<StartOutcome> {
    try {
      await this.definition.stop?.(life.state, 'shutdown')
    } catch (error) {
      life.log.warn('stop function failed', { reason: messageOf(error) })
    }
    this.#over(life, SHUTDOWN, false)
    return { is: 'failed', error: new NotRunningError(this.id) }
  }

  #notStarted(life: Life, error: unknown): StartOutcome {
    if (!life.alive) return { is: 'failed', error }
    const { id } = this
    life.answerStart = null
    if (!life.stopping && isTransient(error)) {
      this.#release(life)
      this.outage ??= new Outage()
      this.outage.wait(this.runtime, id, error, () => void this.#retry(life))
      return { is: 'waiting' }
    }
    life.reported = true
    const ignored = error instanceof IgnoreSignal
    this.runtime.emit(ignored ? { type: 'ignored', id } : { type: 'start-failed', id, error })
    this.#over(life, { kind: 'crash', reason: messageOf(error), error }, false)
    return ignored ? { is: 'ignored' } : { is: 'failed', error }
  }

  async #retry(life: Life): Promise<void> {
    const outcome = await (this.#closing === null ? this.#attempt(life) : this.#attemptAfter(this.#closing, life))
    if (outcome.is !== 'waiting') this.#owner.lateStart(this.id, life.incarnation, outcome)
  }
}

/** How long an actor that ends itself may take; being killed at once is only for those that are told to end. */
function ownLimitMs(within: Within): number | null {
  if (within === 'infinity') return null
  return within === 'brutal-kill' ? OWN_LIMIT_MS : within
}
