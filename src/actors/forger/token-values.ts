/**
 * What fees in different tokens are worth, to compare them: dollars where the operator gives prices, otherwise each token's
 * smallest unit counts as one.
 */

/** Worth of the smallest unit of each token. */
export interface TokenValues {
  readonly byToken: ReadonlyMap<bigint, number>
  /** Worth of the smallest unit of any other token. */
  readonly other: number
}

/** One entry of `[forger.tokens]`. */
export interface PricedToken {
  readonly id: number
  readonly decimals: number
  /** Dollars a whole token; absent when nobody knows. */
  readonly usd?: number
}

/** With prices, fees count in dollars and a token without one counts as nothing; without any, units are compared as they are. */
export function tokenValuesOf(tokens: readonly PricedToken[]): TokenValues {
  const byToken = new Map<bigint, number>()
  for (const { id, decimals, usd } of tokens) if (usd !== undefined) byToken.set(BigInt(id), usd / 10 ** decimals)
  return { byToken, other: byToken.size === 0 ? 1 : 0 }
}

/** Worth of an amount in smallest units. */
export const worthOf = ({ byToken, other }: TokenValues, tokenId: bigint | number, amount: bigint): number =>
  Number(amount) * (byToken.get(BigInt(tokenId)) ?? other)
