/**
 * The message loop of a worker: one message at a time, up to a batch in one turn of the event loop, the same order as
 * they came in. It outlives incarnations, as the mailbox does, and so does the strand that it runs on: an actor that
 * has never had anything to do has none, and a new one is needed only when a handler that was given up still runs.
 */
import type { ActorDefinition, Tagged } from './actor.ts'
import { HandlerHungError } from './errors.ts'
import type { Letters } from './letters.ts'
import type { Life } from './life.ts'
import type { Runnable, Strand } from './nact.ts'
import type { Outage } from './outage.ts'
import { isPromise } from './promise.ts'
import type { Runtime, Unit } from './unit.ts'

/** Messages handled in one turn of the event loop, at most. */
const BATCH = 64
/** Waits for what runs as soon as this does. */
const NEXT = Promise.resolve()

/** What the loop belongs to. */
export interface LoopHost extends Unit {
  readonly runtime: Runtime
  readonly definition: ActorDefinition<unknown, Tagged, unknown>
  readonly letters: Letters
  readonly outage: Outage | null
  /** A handler threw, or its promise was rejected, while this incarnation lived. */
  failed(life: Life, message: Tagged, error: unknown): void
  /** The handler overran its deadline; its later result counts for nothing. */
  hung(life: Life, message: Tagged, error: unknown): void
  /** The message in progress is done and the incarnation was asked to stop meanwhile. */
  finished(life: Life): void | Promise<void>
  /** Our own code failed. */
  bug(life: Life, error: unknown): void
}

export class Loop implements Runnable {
  /** The message whose handler has not finished; null when idle. */
  current: Tagged | null = null
  currentSince = 0
  /** Handled before anything in the mailbox: the message that an outage interrupted. */
  again: Tagged | undefined = undefined
  readonly #host: LoopHost
  /** The incarnation that runs; null when none does. */
  #life: Life | null = null
  #strand: Strand | null = null
  /** A turn is due or in progress on the strand. */
  #awake = false
  /** A handler, or a stop function after it, has not settled. */
  #occupied = false

  constructor(host: LoopHost) {
    this.#host = host
  }

  /** This incarnation runs from now on. */
  begin(life: Life): void {
    this.#life = life
    this.wake()
  }

  /** Makes a turn due if there is something to do and none is due yet. */
  wake(): void {
    if (this.#awake || this.#ready() === null) return
    if (this.again === undefined && this.#host.letters.box.length === 0) return
    const { strands } = this.#host.runtime
    this.#awake = true
    this.#strand ??= strands.open(this)
    strands.wake(this.#strand)
  }

  /** The incarnation is gone: nothing is in progress as far as anyone can tell. A turn due or begun serves the next. */
  end(): void {
    this.again = undefined
    this.current = null
    this.#life = null
    if (this.#occupied) this.close()
  }

  /** Nobody is expected to run here soon. */
  close(): void {
    if (this.#strand !== null) this.#host.runtime.strands.close(this.#strand)
    this.#strand = null
    this.#awake = false
    this.#occupied = false
  }

  /** Called by the strand, never twice at once. An incarnation that crashes leaves the rest of the turn to the next. */
  turn(): void | Promise<void> {
    const strand = this.#strand
    for (let left = BATCH; left > 0; left--) {
      const life = this.#ready()
      if (life === null) return this.#sleep()
      const message = this.#next()
      if (message === undefined) return this.#host.letters.questioned ? this.#turnOn(null, left) : this.#sleep()
      const going = this.#handle(life, message)
      if (going !== undefined) return this.#turnOn(going, left - 1)
      if (this.#strand !== strand) return
    }
    this.#rest()
  }

  bug(error: unknown): void {
    this.#awake = false
    if (this.#life !== null) this.#host.bug(this.#life, error)
  }

  /** The rest of a turn that waits: for a handler, or for those who, having their answer, ask the next question. */
  async #turnOn(first: Promise<void> | null, budget: number): Promise<void> {
    const strand = this.#strand
    let handled = first !== null
    await first
    for (let left = budget; left > 0; left--) {
      if (this.#strand !== strand) return
      const life = this.#ready()
      if (life === null) return this.#sleep()
      const message = this.#next()
      if (message === undefined) {
        if (!handled) return this.#sleep()
        handled = false
        await NEXT
        continue
      }
      handled = true
      const going = this.#handle(life, message)
      if (going !== undefined) await going
    }
    if (this.#strand === strand) this.#rest()
  }

  /** Nothing waits, or nobody is there for it. */
  #sleep(): void {
    this.#awake = false
  }

  /** The batch is used up: others get their turn first. */
  #rest(): void {
    this.#awake = false
    this.wake()
  }

  /** Who may handle a message now. */
  #ready(): Life | null {
    const life = this.#life
    return life !== null && !life.stopping && this.#host.outage?.active !== true ? life : null
  }

  #next(): Tagged | undefined {
    const { again } = this
    this.again = undefined
    return again ?? this.#host.letters.take()
  }

  #handle(life: Life, message: Tagged): Promise<void> | undefined {
    const host = this.#host
    try {
      const { attribute } = host.runtime
      const next =
        attribute === null
          ? host.definition.receive(life.state, message, life)
          : attribute(host, () => host.definition.receive(life.state, message, life))
      if (isPromise(next)) return this.#finish(life, message, next)
      life.state = next
      host.outage?.over(host.runtime, host.id)
    } catch (error) {
      if (life.alive) host.failed(life, message, error)
    }
  }

  async #finish(life: Life, message: Tagged, going: Promise<unknown>): Promise<void> {
    const host = this.#host
    this.current = message
    this.currentSince = host.runtime.clock.now()
    this.#occupied = true
    const unlimit = this.#limit(life, message)
    try {
      const next = await going
      if (!life.alive) return
      this.#occupied = false
      life.state = next
      host.outage?.over(host.runtime, host.id)
    } catch (error) {
      if (!life.alive) return
      this.#occupied = false
      host.failed(life, message, error)
    } finally {
      unlimit?.()
    }
    if (!life.alive) return
    this.current = null
    if (!life.stopping) return
    this.#occupied = true
    await host.finished(life)
  }

  #limit(life: Life, message: Tagged): (() => void) | null {
    const { runtime, definition } = this.#host
    const { deadlineMs } = definition
    if (deadlineMs === undefined) return null
    const late = (): void => {
      if (life.alive) this.#host.hung(life, message, new HandlerHungError(message.type, deadlineMs))
    }
    life.unlimit = runtime.clock.after(deadlineMs, late)
    return life.unlimit
  }
}
