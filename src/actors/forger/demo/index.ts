/**
 * The forger in `--demo`: its contracts on the demo's chain, three mock provers, a few users.
 */
import type { DemoWorld, RoleDemo } from '../../../role.ts'
import { worker } from '../../../supervisors/child.ts'
import type { ChildSpec } from '../../../supervisors/spec.ts'
import { DEMO_CIRCUIT, demoContracts, demoDeployment } from './contracts.ts'
import { demoProvers } from './provers.ts'
import { traffic } from './traffic.ts'

const PROVERS = 3
const PROOF_MS = 2_000
const USERS = 6
const TRANSFER_EVERY_MS = 150
/** Of the demo's funded accounts: the deployer, the forger, and from the third on the users. */
const [DEPLOYER, FORGER, FIRST_USER] = [0, 1, 2]

export async function demo(world: DemoWorld): Promise<RoleDemo> {
  const ports = world.given('forger.provers.urls') ? [] : await world.freePorts(PROVERS)
  const deployer = world.account(DEPLOYER)
  const contracts = demoContracts(deployer.address)
  const keys = Array.from({ length: USERS }, (_, index) => world.keyOf(FIRST_USER + index))
  return {
    base: base(world, contracts, ports),
    onChain: [
      worker({
        id: 'forger/demo-contracts',
        actor: demoDeployment,
        args: () => ({ ...world, deployer, forger: world.account(FORGER).address }),
      }),
    ],
    beside: [
      ...(ports.length === 0 ? [] : [provers(ports)]),
      worker({
        id: 'forger/demo-users',
        actor: traffic,
        args: () => ({ ...world, rollup: contracts.rollup, keys, everyMs: TRANSFER_EVERY_MS }),
      }),
    ],
  }
}

const provers = (ports: readonly number[]): ChildSpec =>
  worker({ id: 'forger/demo-provers', actor: demoProvers, args: () => ({ ports, delayMs: PROOF_MS }) })

const base = (
  world: DemoWorld,
  { rollup, auction }: ReturnType<typeof demoContracts>,
  ports: readonly number[],
): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ['accounts.forger.chain', world.chain],
    ['accounts.forger.key', world.keyOf(FORGER)],
    ['accounts.forger.allow_raw_keys', true],
    ['forger.chain', world.chain],
    ['forger.account', 'forger'],
    ['forger.rollup', rollup],
    ['forger.auction', auction],
    ['forger.forge_delay', '1s'],
    ['forger.circuit.max_tx', DEMO_CIRCUIT.maxTx],
    ['forger.circuit.n_levels', DEMO_CIRCUIT.nLevels],
    ...(ports.length === 0 ? [] : [proversAt(ports)]),
    ['forger.provers.poll_interval', '200ms'],
    ['forger.provers.proof_timeout', '30s'],
  ])

const proversAt = (ports: readonly number[]): [string, unknown] => [
  'forger.provers.urls',
  ports.map(port => `http://127.0.0.1:${port}/`),
]
