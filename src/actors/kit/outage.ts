/**
 * An outage being waited out: why, until when, and how many in a row. Nothing is counted as a crash meanwhile.
 */
import { messageOf } from '../../errors.ts'
import { equalJitterMs, OUTAGE } from './backoff.ts'
import type { Runtime } from './unit.ts'

export class Outage {
  /** The message of the error; null when nothing is waited for. */
  because: string | null = null
  nextTryAt: number | null = null
  /** In a row. */
  #tries = 0
  #cancel: (() => void) | null = null

  get active(): boolean {
    return this.because !== null
  }

  /** Calls `retry` once after the backoff, unless ended first. */
  wait(runtime: Runtime, id: string, error: unknown, retry: () => void): void {
    const { clock, random } = runtime
    const delayMs = equalJitterMs(OUTAGE, this.#tries++, random)
    this.because = messageOf(error)
    this.nextTryAt = clock.now() + delayMs
    this.#cancel = clock.after(delayMs, () => {
      this.#clear()
      retry()
    })
    runtime.emit({ type: 'waiting', id, because: this.because, delayMs })
  }

  /** Something worked: the next outage starts with the shortest wait again. */
  over(runtime: Runtime, id: string): void {
    if (this.#tries === 0) return
    this.#tries = 0
    runtime.emit({ type: 'resumed', id })
  }

  /** The incarnation that waited is gone. */
  end(): void {
    this.#tries = 0
    this.#cancel?.()
    this.#clear()
  }

  #clear(): void {
    this.#cancel = null
    this.because = null
    this.nextTryAt = null
  }
}
