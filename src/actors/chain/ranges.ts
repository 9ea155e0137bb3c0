/**
 * How many blocks to ask logs for at a time. Pure: shrinks when a node refuses, grows back when it does not.
 */

export interface Span {
  /** Blocks in the next request; at least 1. */
  readonly blocks: number
  /** Good answers since the last refusal. */
  readonly good: number
}

/** Good answers before a span that was refused is widened again. */
const PATIENCE = 4

export const firstSpan = (most: number): Span => ({ blocks: Math.max(1, most), good: PATIENCE })

/** Half, or what the node offers instead if that is less. */
export function refused(span: Span, offered: number | null): Span {
  const half = Math.max(1, Math.floor(span.blocks / 2))
  return { blocks: offered === null ? half : Math.max(1, Math.min(half, offered)), good: 0 }
}

/** Doubles up to `most` once a few answers in a row were good. */
export function accepted(span: Span, most: number): Span {
  if (span.blocks >= most) return span
  const good = span.good + 1
  return good < PATIENCE ? { ...span, good } : { blocks: Math.min(most, span.blocks * 2), good: 0 }
}

/** The next range above `cursor`, both ends inclusive; null when the cursor is at the head. */
export function nextRange(
  cursor: bigint,
  head: bigint,
  span: Span,
): { readonly from: bigint; readonly to: bigint } | null {
  if (cursor >= head) return null
  const to = cursor + BigInt(span.blocks)
  return { from: cursor + 1n, to: to < head ? to : head }
}
