/**
 * The restart budget, with OTP's arithmetic: whole seconds, newest first, the current restart included. Pure.
 */
export interface Budget {
  /** At most this many restarts in `period` seconds. */
  readonly intensity: number
  readonly period: number
}

export interface Counted {
  /** When the restarts that still count were, in whole seconds, newest first. */
  readonly restarts: readonly number[]
  readonly exceeded: boolean
}

/** OTP's default. */
export const DEFAULT_BUDGET: Budget = { intensity: 1, period: 5 }

/** Counts one more restart at `nowMs` and forgets those older than the period. */
export function countRestart(restarts: readonly number[], nowMs: number, { intensity, period }: Budget): Counted {
  const now = Math.floor(nowMs / 1000)
  const kept = [now]
  for (const at of restarts) {
    // Newest first: the first one that is too old ends the list. More than `intensity` of them decide nothing.
    if (at < now - period || kept.length > intensity) break
    kept.push(at)
  }
  return { restarts: kept, exceeded: kept.length > intensity }
}
