/**
 * The restart budget, with OTP's arithmetic: whole seconds, the current restart included. Pure.
 *
 * OTP keeps a list of all restarts of the period; counting them by second decides the same and stays small however
 * large the budget is.
 */
export interface Budget {
  /** At most this many restarts in `period` seconds. */
  readonly intensity: number
  readonly period: number
}

/** Restarts within one second. */
export interface Second {
  /** In whole seconds since the epoch. */
  readonly at: number
  readonly count: number
}

export interface Counted {
  /** Those that still count, newest first. */
  readonly restarts: readonly Second[]
  readonly exceeded: boolean
}

/** OTP's default. */
export const DEFAULT_BUDGET: Budget = { intensity: 1, period: 5 }

/** Counts one more restart at `nowMs` and forgets those older than the period. */
export function countRestart(restarts: readonly Second[], nowMs: number, { intensity, period }: Budget): Counted {
  const now = Math.floor(nowMs / 1000)
  const [newest] = restarts
  const current = newest?.at === now ? { at: now, count: newest.count + 1 } : { at: now, count: 1 }
  const kept = [current]
  let total = current.count
  for (const second of restarts) {
    if (second === newest && second.at === now) continue
    // Newest first: the first one that is too old ends the list.
    if (second.at < now - period) break
    kept.push(second)
    total += second.count
  }
  return { restarts: kept, exceeded: total > intensity }
}
