/**
 * Which nonce comes next, and which are missing. From our table and the chain's latest count, never from `pending`. Pure.
 */

/** The nonce of the next new transaction: after all of ours, and after all that the chain has seen. */
export const nextNonce = (highestOfOurs: number | null, latestCount: number): number =>
  Math.max(highestOfOurs === null ? 0 : highestOfOurs + 1, latestCount)

/**
 * Nonces that the chain waits for and nobody holds: from the latest count up to the highest open nonce. Whoever sent
 * them is gone (a reorganisation deeper than finality, a foreign transaction that vanished); nothing behind them can
 * be mined until they are filled.
 */
export function gaps(latestCount: number, open: readonly number[]): number[] {
  const held = new Set(open)
  const highest = open.reduce((most, nonce) => Math.max(most, nonce), -1)
  const missing: number[] = []
  for (let nonce = latestCount; nonce < highest; nonce += 1) if (!held.has(nonce)) missing.push(nonce)
  return missing
}
