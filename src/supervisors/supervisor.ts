/**
 * A supervisor: starts its children left to right, ends them right to left, and follows the plans of strategy.ts,
 * intensity.ts and backoff.ts when one ends. It handles one job at a time, as an OTP supervisor handles one message at
 * a time: on a strand of its own, or, when it is idle and a child crashes, at once. Only waiting (an outage, a backoff,
 * a parked child) leaves it free.
 */
import { messageOf } from '../errors.ts'
import { type Exit, KILLED, orderly, SHUTDOWN } from '../actors/kit/exit.ts'
import type { Owner, Runtime, StartOutcome, Unit, Within } from '../actors/kit/unit.ts'
import { Worker } from '../actors/kit/worker.ts'
import type { DynamicChild } from './calls.ts'
import { Child } from './children.ts'
import { StoppedWhileStartingError, TooManyRestartsError } from './errors.ts'
import { type Job, Jobs, type JobsHost } from './jobs.ts'
import { type Family, Restarts } from './restarts.ts'
import type { ChildSpec, SupervisorSpec } from './spec.ts'
import { endsWith, restartsAfter } from './strategy.ts'

export class Supervisor implements Unit, JobsHost, Owner, Family {
  readonly id: string
  readonly spec: SupervisorSpec
  readonly runtime: Runtime
  incarnation = 0
  /** Times it ran. */
  starts = 0
  startedAt: number | null = null
  phase: 'stopped' | 'starting' | 'running' | 'stopping' = 'stopped'
  /** In start order. Kept after the end, so that a picture shows what it was. */
  readonly children = new Map<string, Child>()
  readonly #owner: Owner
  readonly #restarts: Restarts
  readonly #jobs: Jobs
  #again = false
  /** Why it ends; null while it does not. */
  #ending: Exit | null = null
  #answer: ((outcome: StartOutcome) => void) | null = null
  #starting: Child | null = null
  #ended: (() => void) | null = null

  constructor(runtime: Runtime, owner: Owner, spec: SupervisorSpec) {
    this.id = spec.id
    this.spec = spec
    this.runtime = runtime
    this.#owner = owner
    this.#restarts = new Restarts(this)
    this.#jobs = new Jobs(runtime.strands, this)
    if (!this.dynamic) for (const child of spec.children) this.add(child)
  }

  /** Whether its children are made from a template, on request. */
  get dynamic(): boolean {
    return this.spec.strategy === 'simple-one-for-one'
  }

  get accepts(): boolean {
    return false
  }

  deliver(message: { readonly type: string }): boolean {
    this.runtime.deadLetter(this.id, message.type)
    return false
  }

  expect(again: boolean): void {
    this.#again = again
    for (const child of this.children.values()) child.unit.expect(again)
  }

  begin(): Promise<StartOutcome> {
    if (this.phase !== 'stopped') this.kill(KILLED) // never two, whatever the owner believes
    this.incarnation++
    this.phase = 'starting'
    this.#ending = null
    this.#restarts.reset()
    this.#resetChildren()
    this.runtime.emit({ type: 'init', id: this.id })
    this.#jobs.begin()
    return new Promise(resolve => {
      this.#answer = resolve
      const all = [...this.children.values()]
      this.post({ run: () => this.sequence(all) })
    })
  }

  end(within: Within): void | Promise<void> {
    if (this.phase === 'stopped') return
    if (within === 'brutal-kill') return this.kill(KILLED)
    if (this.#ending === null) this.#beginEnd()
    return new Promise(resolve => {
      const cancel = within === 'infinity' ? null : this.runtime.clock.after(within, () => this.kill(KILLED))
      this.#ended = () => {
        cancel?.()
        resolve()
      }
    })
  }

  kill(exit: Exit): void {
    if (this.phase === 'stopped') return
    for (const child of [...this.children.values()].toReversed()) {
      child.clear()
      child.live = null
      child.unit.kill(exit)
    }
    this.#over(exit)
  }

  /** Handles no job until resumed, as OTP's `sys:suspend`. An end still happens. */
  suspend(): void {
    this.#jobs.suspend()
  }

  resume(): void {
    this.#jobs.resume()
  }

  /** The job is run after those before it; refused when the supervisor does not run. */
  post(job: Job): void {
    if (!this.#jobs.open || this.#ending !== null) return job.refuse?.()
    this.#jobs.push(job)
  }

  /** A job is done; the start may be complete with it. */
  done(): void {
    if (this.phase === 'starting' && this.#ending === null) this.#completeStart()
  }

  /** A failure of our own code: the children are ended in order and the owner starts us again. */
  bug(error: unknown): void {
    this.runtime.log.error('supervisor failed', { supervisor: this.id, reason: messageOf(error), error })
    void this.#fail(error)
  }

  ended(id: string, incarnation: number, exit: Exit): void {
    const child = this.children.get(id)
    if (child === undefined) return
    const run = (): void | Promise<void> => this.#onExit(child, incarnation, exit)
    // A kill may come out of anybody's handler: what follows from it waits for a turn of its own.
    if (this.#jobs.idle && this.#ending === null && exit.kind !== 'killed') this.#jobs.now(run)
    else this.post({ run })
  }

  lateStart(id: string, incarnation: number, outcome: StartOutcome): void {
    const child = this.children.get(id)
    if (child !== undefined) this.post({ run: () => this.#onLateStart(child, incarnation, outcome) })
  }

  /** A child that is not started yet; `own` is what sets it apart from others of its template. */
  add(spec: ChildSpec, own: DynamicChild = spec): Child {
    const { id } = own
    const old = this.runtime.units.get(id)
    const unit = old ?? createUnit(this.runtime, this, spec, own)
    this.runtime.units.set(id, unit)
    const child = new Child(spec, unit)
    this.children.set(id, child)
    return child
  }

  /** Forgets the child's spec; it must not run. */
  drop(child: Child): void {
    child.clear()
    this.children.delete(child.id)
    forget(this.runtime, child.unit)
  }

  /** Starts these that do not run, one after the other, on the spot if it can. Stops where one has to be waited for. */
  sequence(children: readonly Child[], from = 0): void | Promise<void> {
    const { incarnation } = this
    for (let at = from; at < children.length; at++) {
      const child = children[at]
      if (child === undefined || !this.goesOn(incarnation)) return
      if (child.live !== null || this.children.get(child.id) !== child) continue
      child.clear()
      const outcome = this.start(child)
      if (outcome instanceof Promise || outcome.is !== 'running') {
        return this.#decided(child, outcome, incarnation, children, at + 1)
      }
    }
  }

  /** One start attempt; the supervisor is busy until it is decided. */
  start(child: Child): StartOutcome | Promise<StartOutcome> {
    const outcome = child.unit.begin()
    child.live = child.unit.incarnation
    if (!(outcome instanceof Promise)) return this.#begun(child, outcome)
    this.#starting = child
    return outcome.then(settled => this.#begun(child, settled))
  }

  /** Ends the child if it lives, on the spot if it can; it is not started again by itself. */
  stop(child: Child): void | Promise<void> {
    child.clear()
    const ended = child.unit.end(child.shutdown)
    if (ended === undefined) child.live = null
    else return ended.then(() => void (child.live = null))
  }

  /** The child stays ended: its mail is dead, and a temporary one is forgotten. */
  settle(child: Child): void {
    child.clear()
    child.live = null
    child.unit.expect(false)
    if (child.restart === 'temporary' || this.dynamic) this.drop(child)
  }

  /** False once what an earlier step of this incarnation began must not be carried on. */
  goesOn(incarnation: number): boolean {
    return this.#current(incarnation) && this.#ending === null
  }

  #current(incarnation: number): boolean {
    return this.incarnation === incarnation && this.#jobs.open
  }

  /** A start that took its time, or did not end well; then those after it. */
  async #decided(
    child: Child,
    starting: StartOutcome | Promise<StartOutcome>,
    incarnation: number,
    children: readonly Child[],
    next: number,
  ): Promise<void> {
    const outcome = await starting
    if (!this.goesOn(incarnation)) return
    if (outcome.is === 'waiting') return this.#waitFor(child, children.slice(next))
    if (outcome.is === 'ignored') this.settle(child)
    if (outcome.is === 'failed' && !(await this.#restarts.startFailed(child, outcome.error))) return
    await this.sequence(children, next)
  }

  #begun(child: Child, outcome: StartOutcome): StartOutcome {
    this.#starting = null
    if (outcome.is === 'running') child.ranAt = this.runtime.clock.now()
    if (outcome.is === 'ignored' || outcome.is === 'failed') child.live = null
    return outcome
  }

  #resetChildren(): void {
    const fresh = new Set(this.dynamic ? [] : this.spec.children.map(child => child.id))
    for (const child of this.children.values()) {
      child.clear()
      if (!fresh.has(child.id)) this.drop(child)
    }
    this.children.clear()
    if (!this.dynamic) for (const child of this.spec.children) this.add(child).unit.expect(true)
  }

  #completeStart(): void {
    for (const child of this.children.values()) if (child.waiting || child.restarting || child.due !== null) return
    this.phase = 'running'
    this.starts++
    this.startedAt = this.runtime.clock.now()
    this.runtime.emit({ type: 'started', id: this.id, incarnation: this.incarnation })
    this.#tellStart({ is: 'running' })
  }

  #tellStart(outcome: StartOutcome): void {
    const answer = this.#answer
    this.#answer = null
    if (answer === null) this.#owner.lateStart(this.id, this.incarnation, outcome)
    else answer(outcome)
  }

  #waitFor(child: Child, followers: readonly Child[]): void {
    child.waiting = true
    child.followers = followers
    for (const follower of followers) follower.due = child
    if (this.phase === 'starting' && this.#answer !== null) this.#tellStart({ is: 'waiting' })
  }

  async #onLateStart(child: Child, incarnation: number, outcome: StartOutcome): Promise<void> {
    if (child.live !== incarnation || !child.waiting) return
    const followers = child.clear()
    if (outcome.is === 'running') child.ranAt = this.runtime.clock.now()
    else child.live = null
    if (outcome.is === 'ignored') this.settle(child)
    if (outcome.is === 'failed' && !(await this.#restarts.startFailed(child, outcome.error))) {
      for (const follower of followers) follower.due = null
      return
    }
    await this.sequence(followers)
  }

  #onExit(child: Child, incarnation: number, exit: Exit): void | Promise<void> {
    if (child.live !== incarnation) return
    child.live = null
    if (exit.kind === 'fatal') return this.#onFatal(child, exit)
    if (restartsAfter(child.restart, orderly(exit))) return this.#restarts.restart(child, exit.reason)
    this.settle(child)
    const { autoShutdown = 'never' } = this.spec
    if (autoShutdown === 'never' || child.spec.significant !== true) return
    const others = [...this.children.values()].filter(other => other !== child).map(other => other.view)
    if (endsWith(autoShutdown, { significant: true }, others)) return this.die(SHUTDOWN)
  }

  async #onFatal(child: Child, exit: Exit): Promise<void> {
    await this.#restarts.fatal(child, exit)
  }

  async #fail(error: unknown): Promise<void> {
    const { incarnation } = this
    try {
      await this.die({ kind: 'crash', reason: messageOf(error), error })
    } catch {
      // The orderly way failed too; nothing of this incarnation may live on.
      if (this.#current(incarnation)) this.kill(KILLED)
    }
  }

  /** Told to end: what waits is refused, and a start in progress is given up. */
  #beginEnd(): void {
    this.#ending = SHUTDOWN
    this.#jobs.refuseAll()
    this.#jobs.push({ run: () => this.die(SHUTDOWN) })
    const starting = this.#starting
    if (starting !== null) void starting.unit.end(starting.shutdown)
    this.#jobs.resume()
  }

  /** Ends all children in reverse order, then itself. The first reason counts. */
  async die(exit: Exit): Promise<void> {
    const { incarnation } = this
    this.#ending ??= exit
    this.phase = 'stopping'
    this.#jobs.refuseAll()
    const all = [...this.children.values()].toReversed()
    if (this.dynamic) await Promise.all(all.flatMap(child => this.stop(child) ?? []))
    else for (const child of all) if (this.#current(incarnation)) await this.stop(child)
    if (!this.#current(incarnation)) return
    this.#over(this.#ending)
  }

  #over(exit: Exit): void {
    const { incarnation, id } = this
    const announced = this.startedAt !== null
    this.#jobs.end()
    this.phase = 'stopped'
    this.startedAt = null
    this.#starting = null
    if (!this.#again) for (const child of this.children.values()) child.unit.expect(false)
    const error = startErrorOf(id, exit)
    if (announced) this.runtime.emit({ type: 'terminated', id, incarnation, exit })
    else this.runtime.emit({ type: 'start-failed', id, error })
    const ended = this.#ended
    this.#ended = null
    const answer = this.#answer
    this.#answer = null
    answer?.({ is: 'failed', error })
    if (ended !== null) ended()
    else if (announced) this.#owner.ended(id, incarnation, exit)
    else if (answer === null) this.#owner.lateStart(id, incarnation, { is: 'failed', error })
  }
}

/** Too many restarts are the supervisor's end, but a start that failed so may be tried again by its owner. */
const startErrorOf = (id: string, { error }: Exit): unknown =>
  error instanceof TooManyRestartsError
    ? new Error(error.message, { cause: error })
    : (error ?? new StoppedWhileStartingError(id))

function createUnit(runtime: Runtime, owner: Owner, spec: ChildSpec, own: DynamicChild): Unit {
  const { id } = own
  if (spec.type === 'supervisor') return new Supervisor(runtime, owner, id === spec.id ? spec : { ...spec, id })
  const { actor: definition, args, shutdown: within = 5000 } = spec
  return new Worker(runtime, owner, { id, definition, args: own.args ?? args, within })
}

/** Takes the unit and all below it out of the address book. */
function forget(runtime: Runtime, unit: Unit): void {
  unit.expect(false)
  if (runtime.units.get(unit.id) === unit) runtime.units.delete(unit.id)
  if (unit instanceof Supervisor) for (const child of unit.children.values()) forget(runtime, child.unit)
}
