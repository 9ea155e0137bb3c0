/**
 * What a supervisor does about a child that failed: counts it, carries out the strategy's plan, waits the backoff,
 * and past the budget gives up or parks.
 */
import { isFatal, messageOf } from '../errors.ts'
import { fullJitterMs } from '../actors/kit/backoff.ts'
import type { Exit } from '../actors/kit/exit.ts'
import type { Runtime } from '../actors/kit/unit.ts'
import type { Child } from './children.ts'
import { TooManyRestartsError } from './errors.ts'
import { type Budget, countRestart, DEFAULT_BUDGET, type Second } from './intensity.ts'
import type { Job } from './jobs.ts'
import type { SupervisorSpec } from './spec.ts'
import { type GroupStrategy, groupStrategy, planRestart } from './strategy.ts'

const PARK_MS = 60_000

/** The supervisor, as its restarts see it. */
export interface Family {
  readonly id: string
  readonly spec: SupervisorSpec
  readonly runtime: Runtime
  readonly incarnation: number
  readonly phase: 'stopped' | 'starting' | 'running' | 'stopping'
  readonly children: ReadonlyMap<string, Child>
  post(job: Job): void
  /** False once what an earlier step of this incarnation began must not be carried on. */
  goesOn(incarnation: number): boolean
  sequence(children: readonly Child[]): void | Promise<void>
  /** Returns nothing when the child has ended on the spot. */
  stop(child: Child): void | Promise<void>
  settle(child: Child): void
  die(exit: Exit): Promise<void>
}

export class Restarts {
  readonly #family: Family
  readonly #budget: Budget
  /** How children fail together; null when a failure is the child's own affair. */
  readonly #together: GroupStrategy | null
  /** The restarts that still count, newest first. */
  #counted: readonly Second[] = []

  constructor(family: Family) {
    const { strategy, intensity = DEFAULT_BUDGET.intensity, period = DEFAULT_BUDGET.period } = family.spec
    this.#family = family
    this.#budget = { intensity, period }
    this.#together = groupStrategy(strategy)
  }

  /** The budget is unspent again. */
  reset(): void {
    this.#counted = []
  }

  /** A start attempt failed for good. True when the start of the others may go on. */
  async startFailed(child: Child, error: unknown): Promise<boolean> {
    const family = this.#family
    if (isFatal(error)) return await this.fatal(child, { kind: 'fatal', reason: messageOf(error), error })
    if (family.phase !== 'starting' || child.ranAt !== null) {
      this.#tryAgain(child, messageOf(error))
      return false
    }
    if (family.spec.whenExceeded === 'park') return await this.#park(child, messageOf(error))
    await family.die({ kind: 'shutdown', reason: 'shutdown', error })
    return false
  }

  /** Only a human can help. True when others may go on. */
  async fatal(child: Child, exit: Exit): Promise<boolean> {
    if (this.#family.spec.whenExceeded === 'park') return await this.#park(child, exit.reason)
    child.unit.expect(false)
    await this.#family.die(exit)
    return false
  }

  /** Counts, and starts again whom the strategy says; past the budget the supervisor dies or parks. */
  restart(child: Child, reason: string): void | Promise<void> {
    const { runtime, incarnation } = this.#family
    const now = runtime.clock.now()
    const { restarts, exceeded } = countRestart(this.#counted, now, this.#budget)
    this.#counted = restarts
    if (exceeded) return this.#exceeded(child, reason)
    const delayMs = child.restarting ? 0 : this.#delayMs(child, now)
    child.clear()
    if (this.#together === null) {
      child.unit.expect(true)
      return this.#startGroup(child, [child], delayMs, reason)
    }
    const group = this.#stopGroup(this.#together, child)
    const start = (all: readonly Child[]): void | Promise<void> => {
      if (this.#family.goesOn(incarnation)) return this.#startGroup(child, all, delayMs, reason)
    }
    return group instanceof Promise ? group.then(start) : start(group)
  }

  /** Now, or when the failed one's backoff is over. */
  #startGroup(child: Child, group: readonly Child[], delayMs: number, reason: string): void | Promise<void> {
    if (delayMs === 0) return this.#family.sequence(group)
    child.restarting = true
    child.followers = group.filter(other => other !== child)
    for (const follower of child.followers) follower.due = child
    this.#later(child, delayMs, reason, { run: () => this.#family.sequence(group) })
  }

  /** OTP's `try_again_restart`: a job at the end of the line, so that other messages are handled in between. */
  #tryAgain(child: Child, reason: string): void {
    const delayMs = this.#delayMs(child, null)
    const job: Job = { run: () => (child.restarting ? this.restart(child, reason) : undefined) }
    child.restarting = true
    if (delayMs === 0) this.#family.post(job)
    else this.#later(child, delayMs, reason, job)
  }

  #later(child: Child, delayMs: number, because: string, job: Job): void {
    const { clock, emit } = this.#family.runtime
    const cancel = clock.after(delayMs, () => this.#family.post(job))
    child.later({ at: clock.now() + delayMs, because, cancel })
    emit({ type: 'restarting', id: child.id, delayMs })
  }

  /** A life longer than the longest wait begins a new row of restarts. `now` is null when no life has ended. */
  #delayMs(child: Child, now: number | null): number {
    const { backoff } = child.spec
    if (backoff === undefined) return 0
    if (now !== null && child.ranAt !== null && now - child.ranAt > backoff.maxMs) child.streak = 0
    return fullJitterMs(backoff, child.streak++, this.#family.runtime.random)
  }

  /** Ends those whom the strategy restarts together with this one; answers whom to start, in order. */
  #stopGroup(strategy: GroupStrategy, child: Child): readonly Child[] | Promise<readonly Child[]> {
    const { children } = this.#family
    const views = [...children.values()].map(other => other.view)
    const { stop, forget, start } = planRestart(strategy, views, child.id)
    const group = this.#named(start)
    for (const other of group) other.unit.expect(true)
    return stop.length === 0 ? this.#cleared(group, forget) : this.#stopAll(this.#named(stop), group, forget)
  }

  async #stopAll(
    stop: readonly Child[],
    group: readonly Child[],
    forget: readonly string[],
  ): Promise<readonly Child[]> {
    const family = this.#family
    const { incarnation } = family
    for (const other of stop) {
      const stopping = family.stop(other)
      if (stopping !== undefined) await stopping
      if (!family.goesOn(incarnation)) return []
    }
    return this.#cleared(group, forget)
  }

  #cleared(group: readonly Child[], forget: readonly string[]): readonly Child[] {
    for (const other of group) other.clear()
    for (const other of this.#named(forget)) this.#family.settle(other)
    return group
  }

  #named(ids: readonly string[]): readonly Child[] {
    const { children } = this.#family
    const named: Child[] = []
    for (const id of ids) {
      const child = children.get(id)
      if (child !== undefined) named.push(child)
    }
    return named
  }

  async #exceeded(child: Child, reason: string): Promise<void> {
    const { id, runtime, spec } = this.#family
    const { intensity, period } = this.#budget
    const error = new TooManyRestartsError(id, child.id, intensity, period)
    if (spec.whenExceeded === 'park') return void (await this.#park(child, `${error.message}: ${reason}`))
    runtime.log.error('supervisor gives up', { supervisor: id, child: child.id, because: error.message, reason })
    this.#family.settle(child)
    await this.#family.die({ kind: 'shutdown', reason: 'shutdown', error })
  }

  /** Independent children are parked alone; a group is parked together. True when others may go on. */
  async #park(child: Child, because: string): Promise<boolean> {
    const family = this.#family
    const { incarnation, runtime } = family
    const group = this.#together === null ? [child] : [...family.children.values()]
    for (const other of group) other.unit.expect(false)
    for (const other of group.toReversed()) {
      await family.stop(other)
      if (!family.goesOn(incarnation)) return false
    }
    this.#counted = []
    const id = this.#together === null ? child.id : family.id
    const forMs = family.spec.parkMs ?? PARK_MS
    const at = runtime.clock.now() + forMs
    const unpark = runtime.clock.after(forMs, () => family.post({ run: () => this.#unpark(id, group) }))
    let parked = group.length
    // Who is started or terminated by call meanwhile is no longer of it; the last one takes the timer back.
    const cancel = (): void => void (--parked === 0 && unpark())
    for (const other of group) {
      other.streak = 0
      other.parked = { because, until: at }
      other.later({ at, because, cancel })
    }
    runtime.log.error('parked, will be tried again', { actor: id, because, forMs })
    runtime.emit({ type: 'parked', id, because, forMs })
    return this.#together === null
  }

  #unpark(id: string, group: readonly Child[]): void | Promise<void> {
    this.#family.runtime.emit({ type: 'unparked', id })
    const parked = group.filter(child => child.parked !== null)
    for (const child of parked) child.unit.expect(true)
    return this.#family.sequence(parked)
  }
}
