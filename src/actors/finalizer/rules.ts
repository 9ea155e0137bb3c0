/**
 * From the configuration to what policy and actors are told.
 */
import type { RoleContext } from '../../role.ts'
import type { CloserRules } from './closer.ts'
import type { FinalizerConfig } from './config.ts'
import { familyPlans } from './families.ts'
import type { Rules } from './policy.ts'

type Ctx = Pick<RoleContext<FinalizerConfig>, 'config' | 'addressOf' | 'chain'>

/** Added to an estimate: what others change before it is mined may cost a little more. */
const GAS_MARGIN_PERCENT = 20

/** Throws when the configuration names a chain or an account that is not there. */
export function closerRules({ config, addressOf, chain }: Ctx): CloserRules {
  return {
    chain: config.chain,
    account: config.account,
    from: addressOf(config.account),
    generation: config.generation,
    plans: familyPlans(config),
    confirmations: config.confirmations ?? chain(config.chain).confirmations,
    policy: policyRules(config),
  }
}

export const policyRules = (config: FinalizerConfig): Rules => ({
  graceBlocks: config.graceBlocks,
  maxPerPass: config.maxPerPass,
  maxInFlight: config.maxInFlight,
  gasLimit: BigInt(config.gasLimit),
  gasMarginPercent: GAS_MARGIN_PERCENT,
  maxGasPrice: config.maxGasPrice ?? null,
  minGasPrice: config.gasPrice ?? 0n,
  originChains: new Set(config.originChains.map(BigInt)),
  heightFloor: { specimen: BigInt(config.specimenFloor), result: BigInt(config.resultFloor) },
  requireSubmission: config.requireSubmission,
  retryMinMs: config.retryMin,
  retryMaxMs: config.retryMax,
  maxAttempts: config.maxAttempts,
})
