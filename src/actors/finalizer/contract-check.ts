/**
 * Is there a proof chain contract at the address, with the functions the configuration means? Asked with a session that
 * cannot exist: the right contract refuses it in its own words (reference 3.3), whatever generation it is.
 */
import type { Address, PublicClient } from 'viem'
import type { Family } from '../../entities/finalizer/session.ts'
import { finalizeCall, finalizeFunction, type Generation } from './contracts.ts'
import { tryCall } from './dry-run.ts'
import { NoContractError, OtherContractError } from './errors.ts'
import type { FamilyPlan } from './families.ts'
import { classifyRevert } from './revert.ts'

const NOWHERE = { chainId: 0n, blockHeight: 0n }

/** Throws NoContractError or OtherContractError; transient errors of the RPC pass through. */
export async function inspectContract(
  client: PublicClient,
  { family, contract }: Pick<FamilyPlan, 'family' | 'contract'>,
  generation: Generation,
  from: Address,
): Promise<void> {
  const facts = { family, contract }
  const code = await client.getCode({ address: contract })
  if (code === undefined || code === '0x') {
    throw new NoContractError(`there is no contract at finalizer.${family} ${contract}`, { facts })
  }
  const call = { from, to: contract, data: finalizeCall(family, generation, NOWHERE) }
  const trial = await tryCall(client, call)
  if (trial.does === 'revert' && trial.reason !== null && classifyRevert(trial.reason) !== 'unknownRevert') return
  const name = finalizeFunction(family, generation)
  const answer =
    trial.does === 'revert' ? (trial.reason ?? 'nothing') : trial.does === 'run' ? 'success' : trial.because
  throw new OtherContractError(`finalizer.${family} ${contract} does not know ${name}: it answers ${answer}`, { facts })
}

/** Families whose contract cannot be used, and why; looked at again now and then. */
export type Unusable = ReadonlyMap<Family, NoContractError | OtherContractError>

export async function inspectAll(
  client: PublicClient,
  plans: readonly FamilyPlan[],
  generation: Generation,
  from: Address,
): Promise<Unusable> {
  const found = await Promise.all(
    plans.map(async plan => {
      try {
        await inspectContract(client, plan, generation, from)
        return []
      } catch (error) {
        if (error instanceof NoContractError || error instanceof OtherContractError)
          return [[plan.family, error] as const]
        throw error
      }
    }),
  )
  return new Map(found.flat())
}
