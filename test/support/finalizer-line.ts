/**
 * The finalizer's line on real parts: anvil that mines when told, both proof chains, PostgreSQL, the chain's actors, the
 * lane of an account and the coordinator, under a supervisor. Time is the system's; tests wait for conditions.
 */
import type { ExecutionContext } from 'ava'
import type { PublicClient } from 'viem'
import { generatePrivateKey, privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts'
import { rpcActor } from '../../src/actors/chain/rpc-actor.ts'
import { createRpc } from '../../src/actors/chain/rpc.ts'
import { scannerOf, synchronizerOf, type ChainNews } from '../../src/actors/chain/messages.ts'
import { scanner } from '../../src/actors/chain/scanner.ts'
import { synchronizer } from '../../src/actors/chain/synchronizer.ts'
import { coordinatorActor, type CoordinatorArgs } from '../../src/actors/finalizer/coordinator.ts'
import type { FamilyPlan } from '../../src/actors/finalizer/families.ts'
import { coordinator } from '../../src/actors/finalizer/messages.ts'
import { finalizerMeters } from '../../src/actors/finalizer/meters.ts'
import type { Rules } from '../../src/actors/finalizer/policy.ts'
import { proofSource, sourceName } from '../../src/actors/finalizer/proof-source.ts'
import type { Ref } from '../../src/actors/kit/ref.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { txManagerOf } from '../../src/actors/lanes/tx-manager-messages.ts'
import { txManager } from '../../src/actors/lanes/tx-manager.ts'
import { systemClock } from '../../src/clock.ts'
import { Session, type Family } from '../../src/entities/finalizer/session.ts'
import { Intent } from '../../src/entities/kernel/intent.ts'
import type { Orm } from '../../src/entities/orm.ts'
import { silentLog, type Log } from '../../src/log.ts'
import { createMetrics } from '../../src/metrics.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import { createSystem, type System } from '../../src/supervisors/system.ts'
import { TEST_CHAIN_ID } from './anvil.ts'
import { proofChainKit, type ProofChainKit } from './proof-chain.ts'
import { PATIENCE_MS, waitFor } from './patience.ts'

export const CHAIN = 'local'
const CONFIRMATIONS = 2
/** A transaction that was signed so long ago is replaced: far longer than a test takes, which makes rows older instead. */
export const BUMP_AFTER_MS = 3_600_000

export interface LineOptions {
  readonly rules?: Partial<Rules>
  readonly balance?: bigint
  /** What the coordinator is told otherwise than usual. */
  readonly args?: Partial<CoordinatorArgs>
  /** Contracts instead of those deployed. */
  readonly contracts?: Partial<Record<Family, `0x${string}`>>
  /** Where requests go instead of straight to the node. */
  readonly through?: string
  /** Hears what is warned of, and worse. */
  readonly warned?: string[]
  /** Whose key the lane signs with; a new one unless said. */
  readonly signer?: PrivateKeyAccount
  readonly sessionBlocks?: bigint
}

export interface Line {
  readonly kit: ProofChainKit
  readonly orm: Orm
  readonly system: System
  readonly account: `0x${string}`
  session(height: bigint, family?: Family): Promise<Session>
  /** Waits until the session is in one of these states. */
  until(height: bigint, ...states: readonly string[]): Promise<Session>
  intents(): Promise<Intent[]>
  /** Transactions the account has had mined. */
  nonce(): Promise<number>
  mine(blocks?: number): Promise<void>
  /** Waits until coordinator and facts have seen the newest block. */
  seen(): Promise<void>
}

const RULES: Rules = {
  graceBlocks: 0,
  maxPerPass: 256,
  maxInFlight: 512,
  gasLimit: 300_000n,
  gasMarginPercent: 20,
  maxGasPrice: null,
  minGasPrice: 0n,
  originChains: new Set(),
  heightFloor: { specimen: 0n, result: 0n },
  requireSubmission: true,
  retryMinMs: 100,
  retryMaxMs: 1_000,
  maxAttempts: 4,
}

/** On an anvil that was started with AUTO_IMPERSONATE. The system ends with the test. */
export async function openLine(
  t: ExecutionContext,
  orm: Orm,
  rpcUrl: string,
  options: LineOptions = {},
): Promise<Line> {
  const kit = await proofChainKit(rpcUrl, 4, { sessionBlocks: options.sessionBlocks ?? 10n })
  const signer = options.signer ?? privateKeyToAccount(generatePrivateKey())
  await kit.tools.setBalance({ address: signer.address, value: options.balance ?? 10n ** 20n })
  const from = await kit.head()
  const plans = (['specimen', 'result'] as const).map((family): FamilyPlan => {
    const contract = options.contracts?.[family] ?? kit.contracts[family]
    return { family, contract, from, heightFloor: 0n, blockIdFloor: 0n, views: [] }
  })
  const log = options.warned === undefined ? silentLog : warnLog(options.warned)
  const rpc = createRpc({
    name: CHAIN,
    urls: [options.through ?? rpcUrl],
    chainId: TEST_CHAIN_ID,
    clock: systemClock,
    random: Math.random,
    log,
    requestTimeoutMs: 30_000,
  })
  t.teardown(() => rpc.close())
  const client: PublicClient = rpc.client
  const lane = txManagerOf(CHAIN, 'finalizer')
  const sources = plans.map(plan => proofSource(plan, CHAIN, systemClock))
  const db = (): Orm => orm
  const shared = { chain: CHAIN, rpc, db, sources }
  const subscribers: Ref<ChainNews>[] = [lane, coordinator]
  const backoff = { minMs: 1, maxMs: 20 }
  const coordinatorArgs = (): CoordinatorArgs => ({
    db,
    client,
    rules: {
      chain: CHAIN,
      account: 'finalizer',
      from: signer.address,
      generation: '2022',
      plans,
      confirmations: CONFIRMATIONS,
      policy: { ...RULES, ...options.rules },
    },
    sources: plans.map(({ family }) => ({ name: sourceName(family), from })),
    address: undefined,
    lane,
    meters: finalizerMeters(createMetrics({ processMetrics: false }), db, CHAIN),
    ...options.args,
  })
  const laneArgs = () => ({
    chain: CHAIN,
    account: 'finalizer',
    chainId: TEST_CHAIN_ID,
    db,
    rpc: { client, sendRaw: (raw: `0x${string}`) => rpc.send('eth_sendRawTransaction', [raw], { endpoints: 'all' }) },
    signer,
    limits: {
      maxFeePerGasWei: 10n ** 12n,
      maxPriorityFeePerGasWei: null,
      minPriorityFeePerGasWei: 10n ** 9n,
      maxFeePerBlobGasWei: 10n ** 9n,
      bumpPercent: 12,
      bumpAfterMs: BUMP_AFTER_MS,
      maxInFlight: 64,
      gasMarginPercent: 20,
    },
    holder: 'test',
    leaseMs: 600_000,
    tickMs: 100,
    sendTimeoutMs: 30_000,
    sendWindow: 16,
    listener: (role: string) => ref<{ readonly type: 'look' }>(`${role}/coordinator`),
  })
  const limits = { intensity: 1_000, period: 1 }
  const system = createSystem(
    supervisor({
      id: 'root',
      strategy: 'one-for-one',
      ...limits,
      children: [
        supervisor({
          id: 'platform',
          strategy: 'rest-for-one',
          ...limits,
          children: [
            worker({ id: `rpc:${CHAIN}`, actor: rpcActor, args: () => ({ rpc, probeMs: 500 }), backoff }),
            worker({
              id: synchronizerOf(CHAIN).id,
              actor: synchronizer,
              args: () => ({ ...shared, pollMs: 30, reorgLimit: 64 }),
              backoff,
            }),
            worker({
              id: scannerOf(CHAIN).id,
              actor: scanner,
              args: () => ({ ...shared, subscribers, startBlock: 0n, logRange: 2_000 }),
              backoff,
            }),
            worker({ id: lane.id, actor: txManager, args: laneArgs, backoff }),
          ],
        }),
        supervisor({
          id: 'finalizer',
          strategy: 'one-for-one',
          ...limits,
          children: [worker({ id: coordinator.id, actor: coordinatorActor, args: coordinatorArgs, backoff })],
        }),
      ],
    }),
    { clock: systemClock, random: () => 0.5, log },
  )
  await system.start()
  t.teardown(() => system.stop(PATIENCE_MS))
  return lineOf(kit, orm, system, signer.address)
}

function lineOf(kit: ProofChainKit, orm: Orm, system: System, account: `0x${string}`): Line {
  const find = (height: bigint, family: Family): Promise<Session | null> =>
    orm.em.fork().findOne(Session, { originHeight: height, family })
  const session = async (height: bigint, family: Family = 'specimen'): Promise<Session> => {
    const found = await find(height, family)
    if (found === null) throw new Error(`there is no ${family} session of ${height}`)
    return found
  }
  return {
    kit,
    orm,
    system,
    account,
    session,
    until: async (height, ...states) => {
      let last = 'not there'
      await waitFor(`session ${height} ${states.join(' or ')}`, async () => {
        last = (await find(height, 'specimen'))?.state ?? 'not there'
        return states.includes(last)
      }).catch(error => {
        throw new Error(`${String(error)}: it is ${last}`)
      })
      return session(height)
    },
    intents: () => orm.em.fork().find(Intent, { role: 'finalizer' }, { orderBy: { id: 'asc' } }),
    nonce: () => kit.chain.getTransactionCount({ address: account }),
    mine: (blocks = 1) => kit.tools.mine({ blocks }),
    seen: async () => {
      const head = await kit.head()
      await waitFor(`facts of block ${head}`, async () => {
        const rows: { n: string }[] = await orm.em
          .fork()
          .execute(`select min(number) as n from kernel.cursor where source like 'finalizer/%'`)
        return BigInt(rows[0]?.n ?? -1) >= head
      })
      system.send(coordinator, { type: 'look' })
    },
  }
}

const warnLog = (into: string[]): Log => ({
  ...silentLog,
  warn: text => void into.push(text),
  error: text => void into.push(text),
  with: () => warnLog(into),
})
