/**
 * What an incarnation opened: closed once, however it ends, the last opened first.
 */
import { isPromise } from './promise.ts'

export type Close = () => unknown

export class Owned {
  readonly #closers: Close[] = []

  add(close: Close): void {
    this.#closers.push(close)
  }

  /** Closes all that is open now, one after the other; a failure goes to `failed` and stops nothing. */
  async close(failed: (error: unknown) => void): Promise<void> {
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) {
      try {
        const closing = close()
        if (isPromise(closing)) await closing
      } catch (error) {
        failed(error)
      }
    }
  }
}
