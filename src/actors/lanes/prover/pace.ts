/**
 * How often to look at a prover. Pure. A look costs little beside a proof, and every moment a finished proof lies
 * unseen is a moment the prover idles, so the pace follows how long proofs take: the pause between looks is a small
 * part of the time a proof needs, never above the configured interval.
 */

export interface Pace {
  /** Longest pause between two looks. */
  readonly pollMs: number
  /** Shortest pause between two looks. */
  readonly minPollMs: number
}

/** Looks within the time of one proof: a finished proof lies unseen for less than a 64th of it. */
const FINENESS = 64
/** Looking begins at this part of the shortest usual time. */
const EARLY = 0.97
const REMEMBERED = 15

/**
 * Milliseconds until the next look at a prover that has worked for `elapsedMs`. `usualMs`: how long its proofs take
 * (see `usual`); null when not known yet.
 */
export function nextLookMs(elapsedMs: number, usualMs: number | null, { pollMs, minPollMs }: Pace): number {
  const scale = Math.max(elapsedMs, usualMs ?? 0)
  const fine = Math.min(pollMs, Math.max(minPollMs, scale / FINENESS))
  if (usualMs === null) return fine
  const untilWindow = usualMs * EARLY - elapsedMs
  return Math.max(fine, Math.min(untilWindow, pollMs))
}

/** Adds a duration to the ones remembered, newest last. */
export const remember = (durations: readonly number[], durationMs: number): readonly number[] =>
  [...durations, durationMs].slice(-REMEMBERED)

export const median = (durations: readonly number[]): number | null => quantile(durations, 0.5)

/** The time at which most proofs are not finished yet: looking often begins shortly before. */
export const usual = (durations: readonly number[]): number | null => quantile(durations, 0.2)

function quantile(durations: readonly number[], part: number): number | null {
  const sorted = [...durations].sort((a, b) => a - b)
  return sorted[Math.floor((sorted.length - 1) * part)] ?? null
}
