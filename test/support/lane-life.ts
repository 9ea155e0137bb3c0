/**
 * A life of a tx-manager in a process of its own, which ends itself by `kill -9` at a named point. Run by `lifeOfLane`:
 * its argument is a JSON of LifeOrder.
 */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { createPublicClient, http, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { ref } from '../../src/actors/kit/ref.ts'
import type { CrashPoint } from '../../src/actors/lanes/tx/crash-points.ts'
import { txManager } from '../../src/actors/lanes/tx-manager.ts'
import { wish, type Wish } from '../../src/actors/lanes/wish.ts'
import { systemClock } from '../../src/clock.ts'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { openOrm } from '../../src/entities/orm.ts'
import { TEST_CHAIN_ID } from './anvil.ts'
import { drive } from './context.ts'
import { LANE_LIMITS } from './lane-limits.ts'

export interface LifeOrder {
  readonly databaseUrl: string
  readonly rpcUrl: string
  readonly key: Hex
  /** Where it ends; `wish-written` is inside the caller's transaction, before its commit. */
  readonly at: CrashPoint | 'wish-written'
  /** Made before anything else; a bigint is written as text. */
  readonly wish: (Omit<Wish, 'value' | 'gasLimit'> & { readonly value: string; readonly gasLimit: string }) | null
}

/** Where Node keeps what it has compiled, so that the second life starts in half the time. */
const NODE_COMPILE_CACHE = fileURLToPath(new URL('../../node_modules/.cache/forgekeeper/compiled', import.meta.url))

/** Runs it; answers the signal it ended by. */
export function lifeOfLane(order: LifeOrder): Promise<NodeJS.Signals | null> {
  const child = fork(import.meta.filename, [JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_COMPILE_CACHE },
  })
  return new Promise(resolve => child.once('exit', (_, signal) => resolve(signal)))
}

async function live(order: LifeOrder): Promise<void> {
  const die = (): void => void process.kill(process.pid, 'SIGKILL')
  const orm = await openOrm(order.databaseUrl, [kernelSchema])
  const { wish: wanted } = order
  if (wanted !== null) {
    await orm.em.fork().transactional(async em => {
      await wish(em, { ...wanted, value: BigInt(wanted.value), gasLimit: BigInt(wanted.gasLimit) }, systemClock)
      if (order.at === 'wish-written') die()
    })
  }
  const client = createPublicClient({ transport: http(order.rpcUrl, { retryCount: 0, timeout: 60_000 }), cacheTime: 0 })
  const lane = await drive(
    txManager,
    {
      chain: 'local',
      account: 'main',
      chainId: TEST_CHAIN_ID,
      db: () => orm,
      rpc: { client, sendRaw: (raw: Hex) => client.request({ method: 'eth_sendRawTransaction', params: [raw] }) },
      signer: privateKeyToAccount(order.key),
      limits: LANE_LIMITS,
      holder: 'first',
      leaseMs: 600_000,
      tickMs: 5_000,
      sendTimeoutMs: 60_000,
      sendWindow: 8,
      listener: (role: string) => ref<{ readonly type: 'look' }>(`${role}/coordinator`),
      crashPoint: (point: CrashPoint) => {
        if (point === order.at) die()
      },
    },
    { id: 'tx-manager:local/main', clock: systemClock },
  )
  for (let round = 0; round < 3; round += 1) await lane.deliver({ type: 'tick' })
  process.exit(0)
}

if (import.meta.main) await live(JSON.parse(process.argv[2] ?? '{}') as LifeOrder) // written by lifeOfLane
