/**
 * The finalizer in `--demo`: the proof chains on the demo's chain, and two operators whose sessions there are to close.
 */
import type { DemoWorld, RoleDemo } from '../../../role.ts'
import { worker } from '../../../supervisors/child.ts'
import { demoContracts, demoDeployment } from './contracts.ts'
import { demoOperators } from './operators.ts'

/** Of the demo's funded accounts, the second decade: deployer, finalizer, and the two operators. */
const [DEPLOYER, FINALIZER, FIRST_OPERATOR, SECOND_OPERATOR] = [10, 11, 12, 13]

export async function demo(world: DemoWorld): Promise<RoleDemo> {
  const { rpcUrl, chainId } = world
  const deployer = world.account(DEPLOYER)
  const operators = [world.account(FIRST_OPERATOR), world.account(SECOND_OPERATOR)] as const
  const contracts = demoContracts(deployer.address)
  return {
    base: new Map<string, unknown>([
      ['accounts.finalizer.chain', world.chain],
      ['accounts.finalizer.key', world.keyOf(FINALIZER)],
      ['accounts.finalizer.allow_raw_keys', true],
      ['finalizer.chain', world.chain],
      ['finalizer.account', 'finalizer'],
      ['finalizer.specimen', contracts.specimen],
      ['finalizer.result', contracts.result],
    ]),
    onChain: [
      worker({
        id: 'finalizer/demo-contracts',
        actor: demoDeployment,
        args: () => ({ rpcUrl, chainId, deployer, operators: operators.map(({ address }) => address) }),
      }),
    ],
    beside: [
      worker({
        id: 'finalizer/demo-operators',
        actor: demoOperators,
        args: () => ({ rpcUrl, contracts, operators }),
      }),
    ],
  }
}
