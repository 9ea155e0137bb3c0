/**
 * A running tree and what can be done with it from outside. The whole runtime of the daemon hangs on one of these.
 */
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { ask } from '../actors/kit/ask.ts'
import { Deadlines } from '../actors/kit/deadlines.ts'
import { NotRunningError } from '../actors/kit/errors.ts'
import type { SystemEvent } from '../actors/kit/events.ts'
import { type Exit, KILLED } from '../actors/kit/exit.ts'
import type { Tagged } from '../actors/kit/actor.ts'
import { openStrands } from '../actors/kit/nact.ts'
import type { Ref } from '../actors/kit/ref.ts'
import type { Owner, Runtime, StartOutcome, Unit } from '../actors/kit/unit.ts'
import { Worker } from '../actors/kit/worker.ts'
import { type CallResult, type ChildCounts, type ChildRow, type NewChild, refused } from './calls.ts'
import { crashRecorder } from './crashes.ts'
import { DeadLetters } from './dead-letters.ts'
import { NoSuchActorError, StoppedWhileStartingError } from './errors.ts'
import { attributeFloating } from './floating.ts'
import { picture } from './picture.ts'
import {
  call,
  countChildren,
  deleteChild,
  restartChild,
  startChild,
  terminateChild,
  whichChildren,
} from './requests.ts'
import type { CrashPort, TreeSnapshot } from './snapshot.ts'
import type { SupervisorSpec } from './spec.ts'
import { Supervisor } from './supervisor.ts'
import { validate } from './validate.ts'
import { Watches } from './watches.ts'

export interface SystemPorts {
  readonly clock: Clock
  /** Uniform in [0, 1). */
  readonly random: () => number
  readonly log: Log
  readonly crashes?: CrashPort
  /** For nact and logs; default `forgekeeper`. */
  readonly name?: string
  /**
   * Attributes floating rejections and throws in timers to the actor that caused them, through process-wide hooks.
   * Off by default.
   */
  readonly attributeFloating?: boolean
}

/** Why the tree ended. `error` is what a human must look at; null after an ordinary stop. */
export interface Ended {
  readonly reason: string
  readonly error: unknown
}

export interface System {
  /**
   * Starts the tree left to right; resolves when all of it runs (or is parked). An outage is waited out meanwhile, and
   * the snapshot says so. Rejects with the reason when a child cannot be started, after all before it were stopped.
   */
  start(): Promise<void>
  /**
   * Stops the tree right to left, each child within its own shutdown time, and all that is left after `deadlineMs`.
   * Resolves when everything has ended; may be called at any time and more than once.
   */
  stop(deadlineMs?: number): Promise<void>
  /** Resolves when the root has ended, for whatever reason. Never rejects. */
  readonly done: Promise<Ended>
  /** Never fails and never waits; to an actor that does not run it is a counted dead letter. */
  send<M>(to: Ref<M>, message: NoInfer<M>): void
  /** As `send`, but resolves when the message is in the mailbox and rejects when it is lost. */
  deliver<M>(to: Ref<M>, message: NoInfer<M>): Promise<void>
  /** Rejects at once when the other ends or does not run, and after `deadlineMs`. */
  ask<M, R>(to: Ref<M>, question: (reply: (answer: R) => void) => NoInfer<M>, deadlineMs: number): Promise<R>
  /** Runs once when the current incarnation ends, at once when none lives; answers how to take it back. */
  watch(id: string, run: (reason: string) => void): () => void
  /** Every event from now on; answers how to stop listening. Listeners must be quick; what they throw is logged. */
  onEvent(listener: (event: SystemEvent) => void): () => void
  snapshot(): TreeSnapshot
  /** Ends this incarnation at once, as OTP's `exit(Pid, kill)`; its supervisor decides what follows. False: none lives. */
  kill(id: string): boolean
  startChild(supervisorId: string, child: NewChild): Promise<CallResult>
  terminateChild(supervisorId: string, id: string): Promise<CallResult>
  restartChild(supervisorId: string, id: string): Promise<CallResult>
  deleteChild(supervisorId: string, id: string): Promise<CallResult>
  /** In start order; null when the supervisor does not run. */
  whichChildren(supervisorId: string): Promise<ChildRow[] | null>
  countChildren(supervisorId: string): Promise<ChildCounts | null>
  /** The supervisor handles nothing until resumed, as OTP's `sys:suspend`; for tests and inspection. */
  suspend(supervisorId: string): void
  resume(supervisorId: string): void
}

/** Builds the tree without starting it. Throws InvalidTreeError when the tree is malformed. */
export function createSystem(root: SupervisorSpec, ports: SystemPorts): System {
  validate(root)
  return new RunningSystem(root, ports)
}

class RunningSystem implements System {
  readonly done: Promise<Ended>
  readonly #ports: SystemPorts
  readonly #units = new Map<string, Unit>()
  /** Replaced, never changed: one may come or go while an event goes round. An array, because a crash is quick. */
  #listeners: readonly ((event: SystemEvent) => void)[] = []
  readonly #deadlines: Deadlines
  readonly #letters: DeadLetters
  readonly #runtime: Runtime
  readonly #root: Supervisor
  readonly #watches: Watches
  #finish: (ended: Ended) => void = () => {}
  #started: Promise<void> | null = null
  #stopped: Promise<void> | null = null
  #lateStart: ((outcome: StartOutcome) => void) | null = null
  #close: () => void

  constructor(spec: SupervisorSpec, ports: SystemPorts) {
    const { clock, random, log, name = 'forgekeeper' } = ports
    this.#ports = ports
    this.#letters = new DeadLetters(log)
    this.#deadlines = new Deadlines(clock)
    this.#watches = new Watches(id => this.#lives(id))
    this.done = new Promise(resolve => (this.#finish = resolve))
    const attribution = ports.attributeFloating === true ? attributeFloating() : null
    const strands = openStrands(name)
    this.#close = () => {
      attribution?.stop()
      strands.end()
      this.#deadlines.clear()
    }
    const emit = (event: SystemEvent): void => this.#emit(event)
    this.#runtime = {
      clock,
      random,
      log,
      strands,
      units: this.#units,
      attribute: attribution === null ? null : attribution.attribute,
      emit,
      deadLetter: (to, message) => this.#deadLetter(to, message),
      send: (to, message) => this.#send(to, message),
      deliver: (to, message) => this.#deliver(to, message),
      ask: (to, question, deadlineMs) => this.#ask(to, question, deadlineMs),
      watch: (id, run) => this.watch(id, run),
    }
    const recorder = crashRecorder({ clock, log, crashes: ports.crashes })
    this.#listeners = [recorder, this.#watches.listener]
    this.#root = new Supervisor(this.#runtime, this.#owner(), spec)
    this.#units.set(spec.id, this.#root)
  }

  start(): Promise<void> {
    this.#started ??= this.#start()
    return this.#started
  }

  stop(deadlineMs?: number): Promise<void> {
    this.#stopped ??= this.#stop()
    if (deadlineMs !== undefined) {
      const cancel = this.#ports.clock.after(deadlineMs, () => this.#root.kill(KILLED))
      void this.done.then(cancel)
    }
    return this.#stopped
  }

  send<M>(to: Ref<M>, message: M): void {
    // A reference's messages are tagged objects; only the address' type parameter hides it here.
    this.#send(to.id, message as unknown as Tagged)
  }

  deliver<M>(to: Ref<M>, message: M): Promise<void> {
    return this.#deliver(to.id, message as unknown as Tagged) // as in `send`
  }

  ask<M, R>(to: Ref<M>, question: (reply: (answer: R) => void) => M, deadlineMs: number): Promise<R> {
    return this.#ask(to.id, question, deadlineMs)
  }

  watch(id: string, run: (reason: string) => void): () => void {
    return this.#watches.add(id, run)
  }

  onEvent(listener: (event: SystemEvent) => void): () => void {
    const own = (event: SystemEvent): void => listener(event) // the same function may listen twice
    this.#listeners = [...this.#listeners, own]
    return () => void (this.#listeners = this.#listeners.filter(one => one !== own))
  }

  snapshot(): TreeSnapshot {
    const { clock } = this.#ports
    return {
      takenAt: new Date(clock.now()).toISOString(),
      root: picture(clock, this.#root, null),
      deadLetters: this.#letters.list(),
    }
  }

  kill(id: string): boolean {
    const unit = this.#units.get(id)
    if (unit === undefined || !this.#lives(id)) return false
    unit.kill(KILLED)
    return true
  }

  startChild(supervisorId: string, child: NewChild): Promise<CallResult> {
    return this.#call(supervisorId, refused('noproc'), to => startChild(to, child))
  }

  terminateChild(supervisorId: string, id: string): Promise<CallResult> {
    return this.#call(supervisorId, refused('noproc'), to => terminateChild(to, id))
  }

  restartChild(supervisorId: string, id: string): Promise<CallResult> {
    return this.#call(supervisorId, refused('noproc'), to => restartChild(to, id))
  }

  deleteChild(supervisorId: string, id: string): Promise<CallResult> {
    return this.#call(supervisorId, refused('noproc'), to => deleteChild(to, id))
  }

  whichChildren(supervisorId: string): Promise<ChildRow[] | null> {
    return this.#call<ChildRow[] | null>(supervisorId, null, whichChildren)
  }

  countChildren(supervisorId: string): Promise<ChildCounts | null> {
    return this.#call<ChildCounts | null>(supervisorId, null, countChildren)
  }

  suspend(supervisorId: string): void {
    this.#supervisor(supervisorId).suspend()
  }

  resume(supervisorId: string): void {
    this.#supervisor(supervisorId).resume()
  }

  async #start(): Promise<void> {
    this.#root.expect(true)
    const late = new Promise<StartOutcome>(resolve => (this.#lateStart = resolve))
    let outcome = await this.#root.begin()
    if (outcome.is === 'waiting') outcome = await late
    this.#lateStart = null
    if (outcome.is !== 'failed') return
    this.#end({ kind: 'crash', reason: 'not started', error: outcome.error })
    throw outcome.error
  }

  async #stop(): Promise<void> {
    this.#letters.expect()
    this.#root.expect(false)
    if (this.#root.phase === 'stopped') this.#end({ kind: 'shutdown', reason: 'shutdown', error: null })
    await this.#root.end('infinity')
    this.#lateStart?.({ is: 'failed', error: new StoppedWhileStartingError(this.#root.id) })
    this.#end({ kind: 'shutdown', reason: 'shutdown', error: null })
    await this.done
  }

  /** The root ended: whoever waits is told, and no handle is left. Later calls change nothing. */
  #end(exit: Exit): void {
    this.#letters.expect()
    this.#root.expect(false)
    this.#close()
    this.#close = () => {}
    this.#finish({ reason: exit.reason, error: exit.error })
  }

  #owner(): Owner {
    return {
      ended: (_id, _incarnation, exit) => this.#end(exit),
      lateStart: (_id, _incarnation, outcome) => this.#lateStart?.(outcome),
    }
  }

  #emit(event: SystemEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (error) {
        this.#ports.log.error('event listener failed', { event: event.type, reason: messageOf(error) })
      }
    }
  }

  #deadLetter(to: string, message: string): void {
    this.#letters.count(to, message)
    this.#emit({ type: 'dead-letter', to, message })
  }

  #send(to: string, message: Tagged): void {
    const unit = this.#units.get(to)
    if (unit === undefined) this.#deadLetter(to, message.type)
    else unit.deliver(message)
  }

  async #deliver(to: string, message: Tagged): Promise<void> {
    const unit = this.#units.get(to)
    if (unit instanceof Worker) return await unit.deliverWaiting(message)
    this.#send(to, message)
    throw new NotRunningError(to)
  }

  #ask<R>(to: string, question: (reply: (answer: R) => void) => unknown, deadlineMs: number): Promise<R> {
    const unit = this.#units.get(to)
    if (!(unit instanceof Worker)) return Promise.reject(new NotRunningError(to))
    return ask(unit, this.#deadlines, question, deadlineMs)
  }

  #lives(id: string): boolean {
    const unit = this.#units.get(id)
    if (unit instanceof Worker || unit instanceof Supervisor) return unit.startedAt !== null
    return false
  }

  #call<R>(id: string, noproc: R, request: (to: Supervisor) => R | Promise<R>): Promise<R> {
    const unit = this.#units.get(id)
    return unit instanceof Supervisor ? call(unit, noproc, () => request(unit)) : Promise.resolve(noproc)
  }

  #supervisor(id: string): Supervisor {
    const unit = this.#units.get(id)
    if (unit instanceof Supervisor) return unit
    throw new NoSuchActorError(id)
  }
}
