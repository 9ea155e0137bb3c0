/**
 * How long to wait before the next try. Pure: the caller counts the tries and brings the randomness.
 */

/** Milliseconds. */
export interface Bounds {
  readonly minMs: number
  readonly maxMs: number
}

/** How outages are waited out unless told otherwise. */
export const OUTAGE: Bounds = { minMs: 100, maxMs: 15_000 }

/** `min(maxMs, minMs * 2^tries)`; `tries` is 0 for the first wait. */
export const ceilingMs = ({ minMs, maxMs }: Bounds, tries: number): number => Math.min(maxMs, minMs * 2 ** tries)

/** Full jitter: a random part of the ceiling. Spreads restarts of many actors that failed together. */
export const fullJitterMs = (bounds: Bounds, tries: number, random: () => number): number =>
  ceilingMs(bounds, tries) * random()

/** Equal jitter: between half of the ceiling and all of it, so that an outage is never hammered. */
export const equalJitterMs = (bounds: Bounds, tries: number, random: () => number): number =>
  ceilingMs(bounds, tries) * (0.5 + 0.5 * random())
