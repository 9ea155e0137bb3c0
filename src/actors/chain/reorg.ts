/**
 * Finding where two histories part. Pure: the stored headers and a way to ask the chain come in as parameters.
 */
import type { Header } from './headers.ts'

/** A block by number and hash; what a cursor points to. */
export interface Place {
  readonly number: bigint
  readonly hash: string
}

/** The hash the chain has at this height now; null when it has no such block (yet). */
export type AskHash = (number: bigint) => Promise<string | null>

/**
 * The newest stored block that the chain still has; null when not even the oldest is. `stored` ascends without gaps.
 * Asks about 2·log2(depth) times: agreement at one height means agreement below it.
 */
export async function findFork(stored: readonly Place[], ask: AskHash): Promise<Place | null> {
  const agrees = async (at: number): Promise<boolean> => {
    const place = stored[at]
    return place !== undefined && (await ask(place.number)) === place.hash
  }
  const top = stored.length - 1
  let bad = stored.length
  let step = 1
  let good = top
  while (good >= 0 && !(await agrees(good))) {
    bad = good
    if (good === 0) return null
    good = Math.max(0, good - step)
    step *= 2
  }
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2)
    if (await agrees(middle)) good = middle
    else bad = middle
  }
  return stored[good] ?? null
}

/** True when each header is the child of the one before it, the first of `parent` (when there is one). */
export function linked(headers: readonly Header[], parent: Place | null): boolean {
  let last = parent
  for (const header of headers) {
    if (last !== null && (header.parentHash !== last.hash || header.number !== last.number + 1n)) return false
    last = header
  }
  return true
}

/** The lowest block whose header must be kept so that a reorganisation `limit` blocks deep still finds its fork. */
export function lowestKept(head: bigint, limit: number): bigint {
  const lowest = head - BigInt(limit)
  return lowest > 0n ? lowest : 0n
}

/**
 * The headers to read to follow the chain from `tip` to `head`: all between them, but never more than must be kept.
 * The range is empty (`from` above `to`) when there is nothing above the tip.
 */
export function missing(
  tip: bigint | null,
  head: bigint,
  limit: number,
): { readonly from: bigint; readonly to: bigint } {
  const lowest = lowestKept(head, limit)
  const next = tip === null ? lowest : tip + 1n
  return { from: next > lowest ? next : lowest, to: head }
}
