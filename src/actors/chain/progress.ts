/**
 * How a long catch-up is told: percent, rate and time left, every ten seconds. Pure.
 */

export interface Progress {
  readonly since: number
  readonly from: bigint
  readonly toldAt: number
}

const TELL_EVERY_MS = 10_000
/** Fewer blocks than this are not worth a line. */
const WORTH_TELLING = 100n

export interface ProgressLine {
  readonly percent: number
  readonly blocksPerSecond: number
  readonly secondsLeft: number | null
}

/** The next state, null in step with the head; and the line to log now, if one is due. */
export function progressed(
  before: Progress | null,
  at: bigint,
  head: bigint,
  now: number,
): { readonly progress: Progress | null; readonly line: ProgressLine | null } {
  if (at >= head) return { progress: null, line: null }
  if (before === null || at < before.from) return { progress: { since: now, from: at, toldAt: now }, line: null }
  if (now - before.toldAt < TELL_EVERY_MS || head - at < WORTH_TELLING) return { progress: before, line: null }
  const done = Number(at - before.from)
  const rate = done / ((now - before.since) / 1000)
  const line = {
    percent: Math.floor((100 * done) / Math.max(1, Number(head - before.from))),
    blocksPerSecond: Math.round(rate),
    secondsLeft: rate > 0 ? Math.ceil(Number(head - at) / rate) : null,
  }
  return { progress: { ...before, toldAt: now }, line }
}
