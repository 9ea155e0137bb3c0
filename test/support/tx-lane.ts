/**
 * A tx-manager on a real chain and a real database, driven by hand: blocks are mined when the test says so. Between it
 * and anvil stands a proxy that enforces geth's rules and misbehaves on demand.
 */
import type { ExecutionContext, TestFn } from 'ava'
import {
  createPublicClient,
  createTestClient,
  createWalletClient,
  stringToHex,
  type Hex,
  type PublicClient,
} from 'viem'
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts'
import type { Clock } from '../../src/clock.ts'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { Intent } from '../../src/entities/kernel/intent.ts'
import { migrate, openOrm, type Orm } from '../../src/entities/orm.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { txManager } from '../../src/actors/lanes/tx-manager.ts'
import type { TxManagerMessage } from '../../src/actors/lanes/tx-manager-messages.ts'
import type { AccountEntry, Limits, TxManagerArgs } from '../../src/actors/lanes/tx/lane.ts'
import { findTransaction, type TransactionView } from '../../src/entities/kernel/transaction-view.ts'
import { cancel, wish, type Wish } from '../../src/actors/lanes/wish.ts'
import { TEST_CHAIN_ID, TEST_KEYS, toNode, useAnvil } from './anvil.ts'
import { drive, type DrivenActor } from './context.ts'
import { GWEI, LANE_LIMITS } from './lane-limits.ts'
import { startProxy, type FaultProxy } from './fault-proxy.ts'
import { counterAbi, counterBytecode, hitData } from './counter.ts'
import { useDatabases } from './postgres.ts'
import { SimulatedClock } from './simulated-clock.ts'

export { GWEI }

/** Timed by the database, so in real time: longer than any test takes, which expires it by hand. */
export const LEASE_MS = 600_000

/** What a test wants otherwise than usual. */
export type LaneChanges = Partial<Omit<TxManagerArgs, 'limits'>> & {
  readonly limits?: Partial<Limits>
  /** Further endpoints that are asked for receipts. */
  readonly endpoints?: readonly PublicClient[]
  /** Another time than the bench's. */
  readonly clock?: Clock
}

export interface Bench {
  /** What the lanes talk to. */
  readonly proxy: FaultProxy
  readonly orm: Orm
  readonly databaseUrl: string
  readonly clock: SimulatedClock
  readonly client: PublicClient
  readonly account: PrivateKeyAccount
  readonly key: Hex
  readonly counter: Hex
  readonly rpcUrl: string
  readonly chain: ReturnType<typeof testClient>
  /** Another actor on the same lane: a new life of the daemon, or another daemon. */
  start(changes?: LaneChanges): Promise<Lane>
  /** A hit of the counter under this key, as it would be wished for. */
  plainWish(key: string): Wish
  /** The account as a daemon makes it known. */
  entry(dailyBudgetWei?: bigint): AccountEntry
  wish(key: string, changes?: Partial<Wish>): Promise<Intent>
  cancel(key: string, because: string): Promise<void>
  tx(key: string): Promise<TransactionView>
  states(keys: readonly string[]): Promise<string[]>
  /** How often the key was hit on chain. */
  hits(key: string): Promise<number>
  /** Mines so many blocks. */
  mine(blocks?: number): Promise<void>
  /** A transfer with the account's key that the lane knows nothing of. */
  foreign(nonce: number): Promise<Hex>
  nonce(): Promise<number>
  /** The node forgets what is not mined. */
  emptyPool(): Promise<void>
}

export type Lane = DrivenActor<TxManagerMessage> & {
  look(): Promise<void>
  tick(): Promise<void>
  /** Mines and tells. */
  block(count?: number): Promise<void>
  reorg(depth: number): Promise<void>
}

/** `const bench = useTxLane(test)` at the top of a file; each call of `bench(t)` is a fresh account, contract and database. */
export function useTxLane(test: TestFn): (t: ExecutionContext, rpcUrl?: string) => Promise<Bench> {
  const anvil = useAnvil(test, { args: ['--no-mining', '--gas-limit', '1000000000'] })
  const databases = useDatabases(test)
  return async (t, through) => {
    await databases.template('kernel', async url => {
      const orm = await openOrm(url, [kernelSchema])
      await migrate(orm, url, [kernelSchema])
      await orm.close()
    })
    const databaseUrl = await databases.create('kernel')
    const orm = await openOrm(databaseUrl, [kernelSchema])
    t.teardown(() => orm.close())
    const { rpcUrl } = await anvil()
    const { proxy, end } = await startProxy(rpcUrl)
    t.teardown(end)
    return createBench({ orm, databaseUrl, rpcUrl, proxy, through: through ?? proxy.url })
  }
}

const testClient = (rpcUrl: string) => createTestClient({ mode: 'anvil', transport: toNode(rpcUrl), cacheTime: 0 })

const connect = (rpcUrl: string): PublicClient => createPublicClient({ transport: toNode(rpcUrl), cacheTime: 0 })

interface Surroundings extends Pick<Bench, 'orm' | 'databaseUrl' | 'rpcUrl' | 'proxy'> {
  readonly through: string
}

async function createBench({ orm, databaseUrl, rpcUrl, proxy, through }: Surroundings): Promise<Bench> {
  const clock = new SimulatedClock()
  const chain = testClient(rpcUrl)
  const client = connect(rpcUrl)
  const key = generatePrivateKey()
  const account = privateKeyToAccount(key)
  await chain.setBalance({ address: account.address, value: 10n ** 20n })
  const counter = await deploy(rpcUrl, () => chain.mine({ blocks: 8 })) // deeper than any reorganisation here
  const mine = (blocks = 1): Promise<void> => chain.mine({ blocks })
  const bench: Bench = {
    proxy,
    orm,
    databaseUrl,
    key,
    clock,
    client,
    account,
    counter,
    rpcUrl,
    chain,
    mine,
    start: async (changes = {}) => startLane(bench, connect(through), changes),
    plainWish: key => plainWish(key, counter),
    entry: dailyBudgetWei => ({
      chain: 'local',
      name: 'main',
      address: account.address,
      signer: 'privateKey',
      dailyBudgetWei: dailyBudgetWei ?? null,
    }),
    wish: (key, changes = {}) =>
      orm.em.fork().transactional(async em => {
        const id = await wish(em, { ...plainWish(key, counter), ...changes }, clock)
        return em.findOneOrFail(Intent, { id })
      }),
    cancel: (key, because) => orm.em.fork().transactional(em => cancel(em, key, because, clock)),
    tx: async key => {
      const found = await findTransaction(orm.em.fork(), key)
      if (!found) throw new Error(`no wish ${key}`)
      return found
    },
    states: keys => Promise.all(keys.map(async key => (await bench.tx(key)).state)),
    hits: async key => Number(await client.readContract({ ...counterCall(counter, key) })),
    foreign: async nonce => {
      const raw = await account.signTransaction({
        type: 'eip1559',
        chainId: TEST_CHAIN_ID,
        nonce,
        to: account.address,
        gas: 21_000n,
        maxFeePerGas: 900n * GWEI,
        maxPriorityFeePerGas: 50n * GWEI,
      })
      return client.sendRawTransaction({ serializedTransaction: raw })
    },
    nonce: () => client.getTransactionCount({ address: account.address }),
    emptyPool: () => chain.request({ method: 'anvil_dropAllTransactions' as 'anvil_reset', params: [] as never }), // not in viem's schema
  }
  return bench
}

const counterCall = (address: Hex, key: string) =>
  ({ address, abi: counterAbi, functionName: 'count', args: [stringToHex(key, { size: 32 })] }) as const

async function deploy(rpcUrl: string, mine: () => Promise<void>): Promise<Hex> {
  const account = privateKeyToAccount(TEST_KEYS[0])
  const wallet = createWalletClient({ account, transport: toNode(rpcUrl) })
  const client = connect(rpcUrl)
  const hash = await wallet.deployContract({ abi: counterAbi, bytecode: counterBytecode, chain: null })
  await mine()
  const { contractAddress } = await client.getTransactionReceipt({ hash })
  if (!contractAddress) throw new Error('the counter was not deployed')
  return contractAddress
}

const plainWish = (key: string, to: string): Wish => ({
  key,
  role: 'forger',
  subject: `thing/${key}`,
  chain: 'local',
  account: 'main',
  to,
  data: hitData(key),
  value: 0n,
  gasLimit: 200_000n,
  notAfterBlock: null,
  confirmations: 2,
  traceId: null,
})

async function startLane(bench: Bench, client: PublicClient, changes: LaneChanges = {}): Promise<Lane> {
  const args: TxManagerArgs = {
    chain: 'local',
    account: 'main',
    chainId: TEST_CHAIN_ID,
    db: () => bench.orm,
    rpc: {
      client,
      sendRaw: raw => client.request({ method: 'eth_sendRawTransaction', params: [raw] }),
      ...(changes.endpoints ? { endpoints: changes.endpoints } : {}),
    },
    signer: bench.account,
    holder: 'first',
    leaseMs: LEASE_MS,
    tickMs: 5_000,
    sendTimeoutMs: 10_000,
    sendWindow: 8,
    listener: role => ref(`${role}/coordinator`),
    errors: counterAbi,
    ...changes,
    limits: { ...LANE_LIMITS, ...changes.limits },
  }
  const actor = await drive(txManager, args, { id: 'tx-manager:local/main', clock: changes.clock ?? bench.clock })
  const news = async (): Promise<void> => {
    const block = await bench.client.getBlock()
    await actor.deliver({
      type: 'SyncBlock',
      chain: 'local',
      number: block.number,
      hash: block.hash,
      head: block.number,
    })
  }
  return {
    ...actor,
    look: () => actor.deliver({ type: 'look' }),
    tick: () => actor.deliver({ type: 'tick' }),
    block: async (count = 1) => {
      await bench.mine(count)
      await news()
    },
    reorg: async depth => {
      const head = await bench.client.getBlockNumber({ cacheTime: 0 })
      await bench.chain.request({ method: 'anvil_reorg' as 'anvil_reset', params: [depth, []] as never }) // not in viem's schema
      await actor.deliver({ type: 'Reorg', chain: 'local', fork: head - BigInt(depth), depth })
      await news()
    },
  }
}
