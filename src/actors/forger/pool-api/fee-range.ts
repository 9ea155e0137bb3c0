/** Fees that are too low to be forged soon, or so high that they look like a mistake, where prices are known. Pure. */
import { worthOf, type TokenValues } from '../token-values.ts'
import { FeeTooBig, FeeTooLow } from './errors.ts'
import type { Submission } from './submission.ts'

export interface FeeRange {
  readonly values: TokenValues
  /** Dollars; 0 is no limit. */
  readonly minUsd: number
  readonly maxUsd: number
}

/** Throws PoolRefusal 23 or 24 when the average fee is out of range; without any price nothing is refused. */
export function requireFeeInRange({ values, minUsd, maxUsd }: FeeRange, txs: readonly Submission[]): void {
  if (values.byToken.size === 0) return
  const usd = txs.reduce((sum, { tx, fee }) => sum + worthOf(values, tx.tokenId, fee), 0) / txs.length
  const facts = { usd, minUsd, maxUsd }
  if (usd < minUsd) throw new FeeTooLow(`the fee is worth ${usd} USD, at least ${minUsd} are asked for`, facts)
  if (maxUsd > 0 && usd > maxUsd) throw new FeeTooBig(`the fee is worth ${usd} USD, at most ${maxUsd} are taken`, facts)
}
