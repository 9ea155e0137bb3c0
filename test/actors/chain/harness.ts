/**
 * A chain followed for real: anvil that mines when told, PostgreSQL, the three actors under a supervisor, one fact source
 * and one subscriber. Time is simulated and moves only while something is waited for.
 */
import type { ExecutionContext } from 'ava'
import { numberToHex, pad, parseAbi, toEventSelector, type Hex } from 'viem'
import { rpcActor } from '../../../src/actors/chain/rpc-actor.ts'
import { createRpc, type Rpc } from '../../../src/actors/chain/rpc.ts'
import { scannerOf, synchronizerOf, type ChainNews } from '../../../src/actors/chain/messages.ts'
import { scanner } from '../../../src/actors/chain/scanner.ts'
import type { FactSource } from '../../../src/actors/chain/source.ts'
import { synchronizer } from '../../../src/actors/chain/synchronizer.ts'
import { defineActor } from '../../../src/actors/kit/actor.ts'
import { ref } from '../../../src/actors/kit/ref.ts'
import { startAnvil } from '../../../src/embedded/anvil.ts'
import { kernelSchema } from '../../../src/entities/kernel/index.ts'
import { migrate, openOrm, type Orm } from '../../../src/entities/orm.ts'
import { silentLog, type Log } from '../../../src/log.ts'
import { createMetrics, type Metrics } from '../../../src/metrics.ts'
import { supervisor, worker } from '../../../src/supervisors/child.ts'
import { createSystem, type System } from '../../../src/supervisors/system.ts'
import { TEST_CHAIN_ID } from '../../support/anvil.ts'
import { waitFor } from '../../support/patience.ts'
import type { TestDatabases } from '../../support/postgres.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

export const CHAIN = 'local'
const NOTEBOOK = '0x00000000000000000000000000000000000f0f0f'
const abi = parseAbi(['event Noted(uint256 value)'])
const [noted] = abi
const SENDER = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'

/** anvil without mining of its own; a contract that logs whatever it is called with. */
export interface Notebook {
  readonly url: string
  readonly wsUrl: string
  rpc(method: string, params?: readonly unknown[]): Promise<unknown>
  /** Mines one block with these notes in it. */
  note(...values: number[]): Promise<void>
  mine(blocks: number): Promise<void>
  /** Replaces the newest blocks; the notes go into the first new one. */
  reorg(depth: number, ...values: number[]): Promise<void>
  head(): Promise<number>
  /** All notes on the chain as it is now, in order. */
  notes(): Promise<number[]>
}

export async function startNotebook(t: ExecutionContext): Promise<Notebook> {
  const anvil = await startAnvil({
    chainId: TEST_CHAIN_ID,
    log: silentLog,
    args: ['--no-mining', '--order', 'fifo'],
  })
  t.teardown(async () => void (await anvil.stop(2000)))
  const rpc = async (method: string, params: readonly unknown[] = []): Promise<unknown> => {
    const reply = await fetch(anvil.rpcUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    })
    const body = (await reply.json()) as { result?: unknown; error?: { message: string } } // anvil's
    if (body.error) throw new Error(`${method}: ${body.error.message}`)
    return body.result
  }
  // copies its input to memory and logs it under the event's topic
  await rpc('anvil_setCode', [NOTEBOOK, `0x365f5f377f${toEventSelector(noted).slice(2)}365fa100`])
  await rpc('evm_mine')
  const call = (value: number): object => ({
    from: SENDER,
    to: NOTEBOOK,
    gas: '0x30000',
    data: pad(numberToHex(value), { size: 32 }),
  })
  return {
    url: anvil.rpcUrl,
    wsUrl: anvil.wsUrl,
    rpc,
    note: async (...values) => {
      for (const value of values) await rpc('eth_sendTransaction', [call(value)])
      await rpc('evm_mine')
    },
    mine: async blocks => void (await rpc('anvil_mine', [numberToHex(blocks)])),
    reorg: async (depth, ...values) => void (await rpc('anvil_reorg', [depth, values.map(value => [call(value), 0])])),
    head: async () => Number(await rpc('eth_blockNumber')),
    notes: async () => {
      const filter = { fromBlock: '0x0', toBlock: 'latest', address: NOTEBOOK }
      const logs = (await rpc('eth_getLogs', [filter])) as { data: Hex }[] // anvil's
      return logs.map(log => valueOf(log))
    },
  }
}

/** The contract logs its input as it is: the data is the value. */
const valueOf = (log: { readonly data: Hex }): number => Number(BigInt(log.data))

interface Note {
  readonly block: bigint
  readonly index: number
  readonly value: number
}

/** Notes as rows of `note`. A note of the value 666 does not decode. */
export const noteSource = (more: Partial<FactSource<Note[]>> = {}): FactSource<Note[]> => ({
  name: 'test/notes',
  addresses: [NOTEBOOK],
  events: [noted],
  fromBlock: 0n,
  gather: async (logs, _range, _client, skip) =>
    logs.flatMap(log => {
      const value = valueOf(log)
      if (value !== 666) return [{ block: log.blockNumber, index: log.logIndex, value }]
      skip(log, 'the number of the beast')
      return []
    }),
  store: async (em, notes) => {
    for (const { block, index, value } of notes)
      await em.execute(
        'insert into note (block, log_index, value) values (?, ?, ?) on conflict (block, log_index) do update set value = excluded.value',
        [String(block), index, value],
      )
  },
  forget: async (em, above) => void (await em.execute('delete from note where block > ?', [String(above)])),
  ...more,
})

/** A database with the kernel's tables and `note`. */
export async function openDatabase(t: ExecutionContext, databases: TestDatabases): Promise<Orm> {
  await databases.template('chain', async url => {
    const orm = await openOrm(url, [kernelSchema])
    await migrate(orm, url, [kernelSchema])
    await orm.em.execute('create table note (block bigint, log_index int, value int, primary key (block, log_index))')
    await orm.close()
  })
  const orm = await openOrm(await databases.create('chain'), [kernelSchema])
  t.teardown(() => orm.close())
  return orm
}

export interface Line {
  readonly text: string
  readonly fields: Record<string, unknown>
}

export interface Follower {
  readonly system: System
  readonly rpc: Rpc
  readonly clock: SimulatedClock
  readonly news: ChainNews[]
  readonly lines: Line[]
  readonly metrics: Metrics
  look(): void
  /** Looks, and lets time pass, until it holds. */
  until(holds: () => boolean | Promise<boolean>): Promise<void>
  /** Until the facts are those of the chain and the subscribers know it. */
  inStep(): Promise<void>
  stop(): Promise<void>
}

export interface FollowOptions {
  readonly notebook: Notebook
  readonly orm: Orm
  readonly urls?: readonly string[]
  readonly wsUrl?: string
  readonly sources?: readonly FactSource[]
  readonly reorgLimit?: number
  readonly logRange?: number
  readonly chainId?: number
  readonly startBlock?: bigint
}

export async function follow(t: ExecutionContext, options: FollowOptions): Promise<Follower> {
  const clock = new SimulatedClock()
  const news: ChainNews[] = []
  const lines: Line[] = []
  const log = recording(lines)
  const metrics = createMetrics({ processMetrics: false })
  const rpc = createRpc({
    name: CHAIN,
    urls: options.urls ?? [options.notebook.url],
    ...(options.wsUrl !== undefined && { wsUrl: options.wsUrl }),
    chainId: options.chainId ?? TEST_CHAIN_ID,
    clock,
    random: () => 0.5,
    log,
    metrics,
    requestTimeoutMs: 86_400_000, // of simulated time, which runs ahead of a busy node
  })
  const system = createSystem(treeOf(options, rpc, news, metrics), { clock, random: () => 0.5, log })
  const until: Follower['until'] = async holds => {
    const passed = async (): Promise<boolean> => {
      if (await holds()) return true
      look()
      await clock.advance(50)
      return false
    }
    await waitFor('it', passed).catch((cause: unknown) => {
      throw new Error(`the last that was said: ${JSON.stringify(lines.slice(-10))}`, { cause })
    })
  }
  const look = (): void => system.send(synchronizerOf(CHAIN), { type: 'look' })
  const stop = async (): Promise<void> => {
    await system.stop(1000)
    await rpc.close()
  }
  t.teardown(stop)
  await system.start()
  const inStep = async (): Promise<void> => {
    const head = (await options.notebook.rpc('eth_getBlockByNumber', ['latest', false])) as { hash: string } // anvil's
    await until(() => {
      const last = news.findLast(item => item.type === 'SyncBlock')
      return last?.hash === head.hash && last.number === last.head
    })
  }
  return { system, rpc, clock, news, lines, metrics, look, until, inStep, stop }
}

const listener = defineActor<ChainNews[], ChainNews, ChainNews[]>({
  kind: 'test/listener',
  start: news => news,
  receive: (news, message) => {
    news.push(message)
    return news
  },
})

function treeOf(options: FollowOptions, rpc: Rpc, news: ChainNews[], metrics: Metrics): ReturnType<typeof supervisor> {
  const { orm, sources = [noteSource()], reorgLimit = 64, logRange = 1000, startBlock = 0n } = options
  const common = { chain: CHAIN, rpc, db: () => orm, sources, metrics }
  const subscribers = [ref<ChainNews>('listener')]
  return supervisor({
    id: 'root',
    strategy: 'rest-for-one',
    intensity: 1000,
    period: 3600,
    children: [
      worker({ id: 'listener', actor: listener, args: () => news }),
      worker({ id: `rpc:${CHAIN}`, actor: rpcActor, args: () => ({ rpc, probeMs: 5000 }) }),
      worker({
        id: synchronizerOf(CHAIN).id,
        actor: synchronizer,
        args: () => ({ ...common, pollMs: 1_000_000, reorgLimit }),
      }),
      worker({
        id: scannerOf(CHAIN).id,
        actor: scanner,
        args: () => ({ ...common, subscribers, startBlock, logRange }),
      }),
    ],
  })
}

const recording = (lines: Line[]): Log => {
  const take = (text: string, fields: Record<string, unknown> = {}): void => void lines.push({ text, fields })
  const log: Log = { error: take, warn: take, info: take, debug: () => {}, with: () => log }
  return log
}

/** The facts in the database, in chain order. */
export async function factsIn(orm: Orm): Promise<number[]> {
  const rows: { value: number }[] = await orm.em.fork().execute('select value from note order by block, log_index')
  return rows.map(({ value }) => value)
}

export interface Picture {
  readonly head: number
  readonly cursor: number
  readonly newestFact: number
  readonly cursors: Record<string, { readonly number: number; readonly hash: string }>
}

/** Head, cursor and newest fact, read in one statement. */
export async function pictureOf(orm: Orm): Promise<Picture> {
  const [row]: { cursors: Picture['cursors'] | null; newest: string | null }[] = await orm.em.fork().execute(
    `select (select json_object_agg(source, json_build_object('number', number, 'hash', hash)) from kernel.cursor) as cursors,
            (select max(block) from note) as newest`,
  )
  const cursors = row?.cursors ?? {}
  return {
    head: cursors['head']?.number ?? -1,
    cursor: cursors['test/notes']?.number ?? -1,
    newestFact: Number(row?.newest ?? -1),
    cursors,
  }
}
