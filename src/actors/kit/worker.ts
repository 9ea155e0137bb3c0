/**
 * A worker: the logical actor that outlives its incarnations. It owns the mailbox, runs one message at a time on a
 * strand, waits outages out, and tells its supervisor when an incarnation ended by itself.
 *
 * What a handler throws decides what follows: `transient` waits and handles the message again, `poison` drops the
 * message, `fatal` ends the actor for a human, anything else is a crash. Results of an ended incarnation are ignored.
 */
import { isFatal, isTransient, messageOf, OperatorError } from '../../errors.ts'
import type { ActorDefinition, Tagged } from './actor.ts'
import { equalJitterMs, OUTAGE } from './backoff.ts'
import { ActorEndedError, HandlerHungError, NotRunningError } from './errors.ts'
import { type Exit, ExitSignal, IgnoreSignal, KILLED, SHUTDOWN } from './exit.ts'
import { Letters } from './letters.ts'
import { Life } from './life.ts'
import type { Owner, Runtime, StartOutcome, Unit, Within } from './unit.ts'

/** Messages handled in one turn of the event loop, at most. */
const BATCH = 64

export interface WorkerOptions {
  readonly id: string
  readonly definition: ActorDefinition<unknown, Tagged, unknown>
  readonly args: () => unknown
  /** How long its own end may take. */
  readonly within: Within
}

/** An outage that is being waited out. */
interface Outage {
  readonly because: string
  readonly nextTryAt: number
  readonly cancel: () => void
}

export class Worker implements Unit {
  readonly id: string
  readonly runtime: Runtime
  readonly letters: Letters
  incarnation = 0
  /** Times it ran. */
  starts = 0
  lastCrash: { readonly at: number; readonly reason: string; readonly message: string | null } | null = null
  readonly #options: WorkerOptions
  readonly #owner: Owner
  #life: Life | null = null
  #expected = false
  /** A turn is due or in progress. */
  #awake = false
  #outage: Outage | null = null
  /** Outages in a row. */
  #tries = 0
  /** Handled before anything in the mailbox: the message an outage interrupted. */
  #again: Tagged | undefined = undefined
  #current: Tagged | null = null
  #currentSince = 0
  #ended: (() => void) | null = null

  constructor(runtime: Runtime, owner: Owner, options: WorkerOptions) {
    this.id = options.id
    this.runtime = runtime
    this.#owner = owner
    this.#options = options
    this.letters = new Letters(options.id, options.definition.mailbox, runtime.deadLetter)
  }

  get kind(): string {
    return this.#options.definition.kind
  }

  get accepts(): boolean {
    return this.#expected || (this.#life !== null && !this.#life.stopping)
  }

  get phase(): 'stopped' | 'starting' | 'running' | 'waiting' | 'stopping' {
    if (this.#life === null) return 'stopped'
    if (this.#life.stopping) return 'stopping'
    if (this.#outage !== null) return 'waiting'
    return this.#life.strand === null ? 'starting' : 'running'
  }

  get outage(): Outage | null {
    return this.#outage
  }

  get startedAt(): number | null {
    return this.#life?.startedAt ?? null
  }

  /** The message in progress; null when idle. Times in milliseconds since the epoch. */
  get busy(): { readonly message: string; readonly since: number } | null {
    return this.#current === null ? null : { message: this.#current.type, since: this.#currentSince }
  }

  deliver(message: Tagged): boolean {
    if (!this.accepts) {
      this.runtime.deadLetter(this.id, message.type)
      return false
    }
    const kept = this.letters.offer(message)
    if (!this.#awake) this.#wake()
    return kept
  }

  /** As `deliver`, but under `block-sender` the promise waits for room. */
  async deliverWaiting(message: Tagged): Promise<void> {
    if (!this.accepts) {
      this.runtime.deadLetter(this.id, message.type)
      throw new NotRunningError(this.id)
    }
    const waiting = this.letters.offerWaiting(message)
    this.#wake()
    await waiting
  }

  expect(again: boolean): void {
    this.#expected = again
    if (!again && this.#life === null) this.#dropMail()
  }

  begin(): StartOutcome | Promise<StartOutcome> {
    this.#life = new Life(this, ++this.incarnation)
    this.#expected = true
    return this.#attempt(this.#life)
  }

  end(within: Within): void | Promise<void> {
    const life = this.#life
    if (life === null) return
    if (within === 'brutal-kill') return this.#over(life, KILLED, false)
    const wasStopping = life.stopping
    life.stopping = true
    life.abort()
    if (!wasStopping && this.#current === null && life.answerStart === null) {
      const stopped = this.#stop(life, SHUTDOWN)
      if (stopped === undefined) return this.#over(life, SHUTDOWN, false)
      void stopped.then(() => this.#over(life, SHUTDOWN, false))
    }
    return this.#endWithin(life, within)
  }

  kill(exit: Exit): void {
    if (this.#life !== null) this.#over(this.#life, exit, true)
  }

  /** Called by the strand; never two at once for one incarnation. */
  turn(life: Life): void | Promise<void> {
    for (let left = BATCH; left > 0; left--) {
      if (!this.#ready(life)) return
      const message = this.#next()
      if (message === undefined) return
      const going = this.#handle(life, message)
      if (going !== undefined) return this.#turnOn(life, going, left)
    }
    this.#rest(life)
  }

  bug(life: Life, error: unknown): void {
    if (life.alive) this.#crash(life, error, null)
  }

  /** A failure that nobody awaited, attributed to this actor from outside. */
  floating(error: unknown): void {
    if (this.#life !== null) this.#crash(this.#life, error, this.#current)
  }

  async #turnOn(life: Life, first: Promise<void>, budget: number): Promise<void> {
    await first
    for (let left = budget - 1; left > 0; left--) {
      if (!this.#ready(life)) return
      const message = this.#next()
      if (message === undefined) return
      const going = this.#handle(life, message)
      if (going !== undefined) await going
    }
    this.#rest(life)
  }

  /** The batch is used up: others get their turn first. */
  #rest(life: Life): void {
    if (!this.#ready(life)) return
    this.#awake = false
    this.#wake()
  }

  #ready(life: Life): boolean {
    return life.alive && !life.stopping && this.#outage === null
  }

  #next(): Tagged | undefined {
    const again = this.#again
    this.#again = undefined
    const message = again ?? this.letters.take()
    if (message === undefined) this.#awake = false
    return message
  }

  #wake(): void {
    const strand = this.#life?.strand
    if (this.#awake || this.#outage !== null || strand === null || strand === undefined) return
    if (this.#again === undefined && this.letters.box.length === 0) return
    this.#awake = true
    this.runtime.strands.wake(strand)
  }

  #handle(life: Life, message: Tagged): Promise<void> | undefined {
    const { definition } = this.#options
    try {
      const { attribute } = this.runtime
      const next =
        attribute === null
          ? definition.receive(life.state, message, life)
          : attribute(this, () => definition.receive(life.state, message, life))
      if (isPromise(next)) return this.#finish(life, message, next)
      life.state = next
      if (this.#tries > 0) this.#recovered()
    } catch (error) {
      this.#failed(life, message, error)
    }
  }

  async #finish(life: Life, message: Tagged, going: Promise<unknown>): Promise<void> {
    const { deadlineMs } = this.#options.definition
    const { clock } = this.runtime
    this.#current = message
    this.#currentSince = clock.now()
    const cancel =
      deadlineMs === undefined ? null : clock.after(deadlineMs, () => this.#hung(life, message, deadlineMs))
    try {
      const next = await going
      if (life.alive) {
        life.state = next
        if (this.#tries > 0) this.#recovered()
      }
    } catch (error) {
      this.#failed(life, message, error)
    } finally {
      cancel?.()
    }
    if (this.#life !== life) return
    this.#current = null
    if (life.stopping && this.#ended !== null) await this.#stopThenOver(life, SHUTDOWN, false)
  }

  #hung(life: Life, message: Tagged, deadlineMs: number): void {
    if (life.alive) this.#crash(life, new HandlerHungError(message.type, deadlineMs), message)
  }

  #failed(life: Life, message: Tagged, error: unknown): void {
    if (!life.alive) return
    if (life.stopping) return life.log.debug('message given up at stop', { message: message.type })
    if (error instanceof ExitSignal) return this.#exit(life, error.exit)
    if (isTransient(error)) return this.#waitOut(error, message, () => this.#wake())
    if (error instanceof OperatorError && error.severity === 'poison') return this.#poisoned(life, message, error)
    this.#crash(life, error, message)
  }

  #poisoned(life: Life, message: Tagged, error: OperatorError): void {
    const { code, message: reason, hint, facts } = error
    life.log.warn('message dropped, it will never work', { ...facts, message: message.type, code, reason, hint })
    this.runtime.emit({ type: 'poison', id: this.id, message: message.type, error })
    this.letters.refuse(message, error)
  }

  #waitOut(error: unknown, again: Tagged | undefined, retry: () => void): void {
    const { clock, random } = this.runtime
    const delayMs = equalJitterMs(OUTAGE, this.#tries, random)
    const because = messageOf(error)
    this.#tries++
    this.#again = again
    this.#awake = false
    const cancel = clock.after(delayMs, () => {
      this.#outage = null
      retry()
    })
    this.#outage = { because, nextTryAt: clock.now() + delayMs, cancel }
    this.runtime.emit({ type: 'waiting', id: this.id, because, delayMs })
  }

  #recovered(): void {
    this.#tries = 0
    this.runtime.emit({ type: 'resumed', id: this.id })
  }

  #crash(life: Life, error: unknown, message: Tagged | null): void {
    const { clock, emit } = this.runtime
    const kind = isFatal(error) ? 'fatal' : 'crash'
    const at = clock.now()
    const sincePreviousMs = this.lastCrash === null ? null : at - this.lastCrash.at
    const { id, kind: sort } = this
    const { incarnation } = life
    this.lastCrash = { at, reason: messageOf(error), message: message?.type ?? null }
    emit({ type: 'crashed', id, kind: sort, incarnation, error, message: message?.type ?? null, at, sincePreviousMs })
    this.#over(life, { kind, reason: messageOf(error), error }, true)
  }

  /** The actor ends itself: its `stop` runs, then its supervisor is told. */
  #exit(life: Life, exit: Exit): void {
    life.stopping = true
    const { within } = this.#options
    const stopped = this.#stop(life, exit)
    if (stopped === undefined) return this.#over(life, exit, true)
    const limit = typeof within === 'number' ? within : null
    const cancel = limit === null ? null : this.runtime.clock.after(limit, () => this.#over(life, exit, true))
    void stopped.then(() => {
      cancel?.()
      this.#over(life, exit, true)
    })
  }

  #endWithin(life: Life, within: number | 'infinity'): Promise<void> {
    return new Promise(resolve => {
      const cancel =
        within === 'infinity' ? null : this.runtime.clock.after(within, () => this.#over(life, KILLED, false))
      this.#ended = () => {
        cancel?.()
        resolve()
      }
    })
  }

  async #stopThenOver(life: Life, exit: Exit, tell: boolean): Promise<void> {
    await this.#stop(life, exit)
    this.#over(life, exit, tell)
  }

  /** Runs the definition's `stop`; never throws, and returns nothing when it was done on the spot. */
  #stop(life: Life, exit: Exit): Promise<void> | undefined {
    const { definition } = this.#options
    if (definition.stop === undefined || life.strand === null) return undefined
    const failed = (error: unknown): void =>
      life.log.warn('stop function failed', { reason: messageOf(error), exit: exit.reason })
    try {
      const stopped = definition.stop(life.state, exit.reason)
      return isPromise(stopped) ? stopped.catch(failed) : undefined
    } catch (error) {
      failed(error)
    }
  }

  /** The incarnation is history. `tell`: it ended by itself, so its supervisor must decide. */
  #over(life: Life, exit: Exit, tell: boolean): void {
    if (this.#life !== life) return
    const ran = life.strand !== null
    this.#life = null
    this.#awake = false
    this.#tries = 0
    this.#again = undefined
    this.#current = null
    this.#outage?.cancel()
    this.#outage = null
    life.end()
    this.letters.refuseAll(() => new ActorEndedError(this.id, exit.reason))
    const { incarnation } = life
    if (ran) this.runtime.emit({ type: 'terminated', id: this.id, incarnation, exit })
    else if (!life.reported)
      this.runtime.emit({ type: 'start-failed', id: this.id, error: new NotRunningError(this.id) })
    const ended = this.#ended
    this.#ended = null
    const answer = life.answerStart
    life.answerStart = null
    answer?.({ is: 'failed', error: new NotRunningError(this.id) })
    if (!this.#expected) this.#dropMail()
    if (ended !== null) ended()
    else if (tell && ran) this.#owner.ended(this.id, incarnation, exit)
  }

  #dropMail(): void {
    this.letters.discard()
  }

  #attempt(life: Life): StartOutcome | Promise<StartOutcome> {
    const { definition, args } = this.#options
    try {
      const { attribute } = this.runtime
      const first =
        attribute === null ? definition.start(args(), life) : attribute(this, () => definition.start(args(), life))
      return isPromise(first) ? this.#started(life, first) : this.#run(life, first)
    } catch (error) {
      return this.#notStarted(life, error)
    }
  }

  /** Answers when the start has settled, or as soon as the incarnation was ended meanwhile. */
  #started(life: Life, first: Promise<unknown>): Promise<StartOutcome> {
    return new Promise(resolve => {
      life.answerStart = resolve
      void first
        .then(
          state => this.#run(life, state),
          (error: unknown) => this.#notStarted(life, error),
        )
        .then(outcome => {
          life.answerStart = null
          resolve(outcome)
        })
    })
  }

  #run(life: Life, state: unknown): StartOutcome | Promise<StartOutcome> {
    life.state = state
    life.answerStart = null
    if (!life.alive || life.stopping) return this.#tooLate(life)
    life.strand = this.runtime.strands.open(life)
    life.startedAt = this.runtime.clock.now()
    this.starts++
    if (this.#tries > 0) this.#recovered()
    this.runtime.emit({ type: 'started', id: this.id, incarnation: life.incarnation })
    this.#wake()
    return { is: 'running' }
  }

  /** It was ended while it started: what the start opened is closed again. */
  async #tooLate(life: Life): Promise<StartOutcome> {
    try {
      await this.#options.definition.stop?.(life.state, 'shutdown')
    } catch (error) {
      life.log.warn('stop function failed', { reason: messageOf(error) })
    }
    this.#over(life, SHUTDOWN, false)
    return { is: 'failed', error: new NotRunningError(this.id) }
  }

  #notStarted(life: Life, error: unknown): StartOutcome {
    life.answerStart = null
    const { id } = this
    if (!life.alive) return { is: 'failed', error }
    if (!life.stopping && isTransient(error)) {
      this.#waitOut(error, undefined, () => this.#retry(life))
      return { is: 'waiting' }
    }
    life.reported = true
    const ignored = error instanceof IgnoreSignal
    this.runtime.emit(ignored ? { type: 'ignored', id } : { type: 'start-failed', id, error })
    this.#over(life, { kind: isFatal(error) ? 'fatal' : 'crash', reason: messageOf(error), error }, false)
    return ignored ? { is: 'ignored' } : { is: 'failed', error }
  }

  #retry(life: Life): void {
    const { incarnation } = life
    const late = (outcome: StartOutcome): void => {
      if (outcome.is !== 'waiting') this.#owner.lateStart(this.id, incarnation, outcome)
    }
    const outcome = this.#attempt(life)
    if (outcome instanceof Promise) void outcome.then(late)
    else late(outcome)
  }
}

const isPromise = (value: unknown): value is Promise<never> =>
  typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
