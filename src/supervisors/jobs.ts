/**
 * What a supervisor has to do, one job at a time, in the order it heard of it: the mailbox of the supervisor.
 */
export interface Job {
  run(): void | Promise<void>
  /** Called instead of `run` when the supervisor ended first. */
  refuse?(): void
}

export class Jobs {
  #waiting: Job[] = []
  #next = 0

  get length(): number {
    return this.#waiting.length - this.#next
  }

  push(job: Job): void {
    this.#waiting.push(job)
  }

  take(): Job | undefined {
    const job = this.#waiting[this.#next]
    if (job === undefined) return undefined
    this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting = []
      this.#next = 0
    }
    return job
  }

  /** Forgets all that waits, and says so to whoever waits for an answer. */
  refuseAll(): void {
    const left = this.#waiting.slice(this.#next)
    this.#waiting = []
    this.#next = 0
    for (const job of left) job.refuse?.()
  }
}
