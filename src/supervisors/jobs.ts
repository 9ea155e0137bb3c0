/**
 * What a supervisor has to do, one job at a time, in the order it heard of it: its mailbox and its loop, on a strand of
 * its own or, when it is idle, on the spot.
 */
import type { Runnable, Strand, Strands } from '../actors/kit/nact.ts'

export interface Job {
  run(): void | Promise<void>
  /** Called instead of `run` when the supervisor ended first. */
  refuse?(): void
}

export interface JobsHost {
  /** A job is done. */
  done(): void
  /** Our own code failed. */
  bug(error: unknown): void
}

/** Jobs handled in one turn of the event loop, at most. */
const BATCH = 64

export class Jobs implements Runnable {
  readonly #strands: Strands
  readonly #host: JobsHost
  #waiting: Job[] = []
  #next = 0
  /** Null when closed. */
  #strand: Strand | null = null
  /** A turn is due or in progress. */
  #awake = false
  #suspended = false

  constructor(strands: Strands, host: JobsHost) {
    this.#strands = strands
    this.#host = host
  }

  /** Whether jobs are taken. */
  get open(): boolean {
    return this.#strand !== null
  }

  /** Whether a job could run on the spot: nothing waits, is in progress, or holds it up. */
  get idle(): boolean {
    return this.#strand !== null && !this.#awake && !this.#suspended
  }

  /** Runs the job on the spot, only when idle; what is pushed meanwhile has its turn later. */
  now(run: Job['run']): void {
    const strand = this.#strand
    this.#awake = true
    try {
      const going = run()
      if (going === undefined) this.#done(strand)
      else void this.#finish(going, strand, 0).catch((error: unknown) => this.bug(error))
    } catch (error) {
      this.bug(error)
    }
  }

  begin(): void {
    this.#awake = false
    this.#strand = this.#strands.open(this)
  }

  /** Refuses what waits. A job in progress is not waited for. */
  end(): void {
    if (this.#strand !== null) this.#strands.close(this.#strand)
    this.#strand = null
    this.#awake = false
    this.#suspended = false
    this.refuseAll()
  }

  push(job: Job): void {
    this.#waiting.push(job)
    this.#wake()
  }

  /** Runs no job until resumed. */
  suspend(): void {
    this.#suspended = true
  }

  resume(): void {
    this.#suspended = false
    this.#wake()
  }

  /** Forgets all that waits, and says so to whoever waits for an answer. */
  refuseAll(): void {
    const left = this.#waiting.slice(this.#next)
    this.#waiting = []
    this.#next = 0
    for (const job of left) job.refuse?.()
  }

  turn(): void | Promise<void> {
    return this.#run(BATCH)
  }

  bug(error: unknown): void {
    this.#awake = false
    this.#host.bug(error)
  }

  #run(budget: number): void | Promise<void> {
    const strand = this.#strand
    for (let left = budget; left > 0 && !this.#suspended; left--) {
      const job = this.#take()
      if (job === undefined) break
      const going = job.run()
      if (going !== undefined) return this.#finish(going, strand, left - 1)
      if (this.#strand !== strand) return
      this.#host.done()
    }
    this.#rest(strand)
  }

  #done(strand: Strand | null): void {
    if (this.#strand !== strand) return
    this.#host.done()
    this.#rest(strand)
  }

  /** The turn is over. */
  #rest(strand: Strand | null): void {
    if (this.#strand !== strand) return
    this.#awake = false
    this.#wake()
  }

  async #finish(going: Promise<void>, strand: Strand | null, left: number): Promise<void> {
    await going
    if (this.#strand !== strand) return
    this.#host.done()
    await this.#run(left)
  }

  #take(): Job | undefined {
    const job = this.#waiting[this.#next]
    if (job === undefined) return undefined
    this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting = []
      this.#next = 0
    }
    return job
  }

  #wake(): void {
    if (this.#awake || this.#strand === null || this.#suspended || this.#waiting.length === 0) return
    this.#awake = true
    this.#strands.wake(this.#strand)
  }
}
