/**
 * The limits of a lane under test, unless a test wants others.
 */
import type { Limits } from '../../src/actors/lanes/tx/lane.ts'

export const GWEI = 1_000_000_000n

export const LANE_LIMITS: Limits = {
  maxFeePerGasWei: 500n * GWEI,
  maxPriorityFeePerGasWei: null,
  minPriorityFeePerGasWei: 0n,
  maxFeePerBlobGasWei: 100n * GWEI,
  bumpPercent: 12,
  bumpAfterMs: 60_000,
  maxInFlight: 64,
  gasMarginPercent: 25,
}
