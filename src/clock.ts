/**
 * Time as a parameter. Everything of ours that waits or dates takes a Clock, so that tests drive time by hand.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
  /** Calls `run` once after `ms`; the returned function cancels it. Longer waits than 2^31-1 ms are kept exactly. */
  after(ms: number, run: () => void): () => void
  /** Resolves after `ms`, or rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

const LONGEST_TIMER_MS = 2 ** 31 - 1

function after(ms: number, run: () => void): () => void {
  let timer: NodeJS.Timeout
  const arm = (left: number): void => {
    const step = Math.min(left, LONGEST_TIMER_MS)
    timer = setTimeout(() => (left > step ? arm(left - step) : run()), step)
  }
  arm(Math.max(0, ms))
  return () => clearTimeout(timer)
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = (): void => {
      cancel()
      reject(signal?.reason)
    }
    const cancel = after(ms, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

export const LATE = Symbol('late')

/** What comes of the work, or LATE when it takes longer than `ms`; rejects as the work does. No timer is left behind. */
export async function atMost<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | typeof LATE> {
  const late = Promise.withResolvers<typeof LATE>()
  const cancel = clock.after(ms, () => late.resolve(LATE))
  try {
    return await Promise.race([work, late.promise])
  } finally {
    cancel()
  }
}

export const systemClock: Clock = { now: () => Date.now(), after, sleep }
