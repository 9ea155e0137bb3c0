/** How tests wait for what happens elsewhere: for exactly what they then assert, and longer than any machine needs. */
import { rm } from 'node:fs/promises'
import { systemClock } from '../../src/clock.ts'

/** What has not happened by then never will, on the slowest machine; less than ava waits for the next result. */
export const PATIENCE_MS = 150_000

/** Removes a folder, also one that a server which is just ending still writes to. */
export const removed = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 50, retryDelay: 20 })

/** Asks again and again until it holds; fails loudly when that never comes. */
export async function waitFor(what: string, holds: () => Promise<boolean> | boolean): Promise<void> {
  const giveUp = AbortSignal.timeout(PATIENCE_MS)
  while (!(await holds())) {
    if (giveUp.aborted) throw new Error(`${what} did not come true`)
    await systemClock.sleep(5)
  }
}
