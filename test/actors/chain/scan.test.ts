import test from 'ava'
import { loadTip } from '../../../src/actors/chain/ledger.ts'
import { scannerOf, synchronizerOf } from '../../../src/actors/chain/messages.ts'
import { rollBack } from '../../../src/actors/chain/rollback.ts'
import type { Range } from '../../../src/actors/chain/source.ts'
import { startFakeRpc, type FakeCall } from '../../support/fake-rpc.ts'
import { useDatabases } from '../../support/postgres.ts'
import { factsIn, follow, noteSource, openDatabase, pictureOf, startNotebook } from './harness.ts'

const databases = useDatabases(test)

interface LogFilter {
  readonly fromBlock?: string
  readonly toBlock?: string
}

const blocksOf = ({ params }: FakeCall): number => {
  const { fromBlock, toBlock } = params[0] as LogFilter // what our reader sends
  return fromBlock === undefined || toBlock === undefined ? 1 : Number(BigInt(toBlock) - BigInt(fromBlock)) + 1
}
const isLogs = (call: FakeCall): boolean => call.method === 'eth_getLogs'

test.serial('a range that gives too many results is halved until it is answered, and grows back', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  for (let i = 1; i <= 8; i++) {
    await notebook.note(i)
    await notebook.mine(100)
  }
  const fake = await startFakeRpc({ upstream: notebook.url })
  t.teardown(() => fake.stop())
  let limit = 10
  fake.rule = call =>
    isLogs(call) && blocksOf(call) > limit
      ? { error: { code: -32_005, message: 'query returned more than 10000 results' } }
      : undefined
  const chain = await follow(t, { notebook, orm, urls: [fake.url], logRange: 64 })
  await chain.until(async () => (await pictureOf(orm)).cursor > 100)
  limit = 1000
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2, 3, 4, 5, 6, 7, 8])
  const sizes = fake.calls.filter(isLogs).map(blocksOf)
  t.deepEqual(sizes.slice(0, 5), [64, 32, 16, 8, 8])
  t.is(Math.max(...sizes.slice(10)), 64, 'it grew back')
  const asked = fake.calls.filter(isLogs).length
  await notebook.note(9)
  await chain.inStep()
  t.is(fake.calls.filter(isLogs).length, asked + 1, 'in step, one request for logs a block')
})

test.serial('a node that refuses even one block is waited for, with its words', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1)
  const fake = await startFakeRpc({ upstream: notebook.url })
  t.teardown(() => fake.stop())
  let refuse = true
  fake.rule = call =>
    refuse && isLogs(call) ? { error: { code: -32_000, message: 'block range is too wide' } } : undefined
  const chain = await follow(t, { notebook, orm, urls: [fake.url] })
  const waiting = (): string | null =>
    chain.system.snapshot().root.children.find(({ id }) => id === scannerOf('local').id)?.because ?? null
  await chain.until(() => waiting() !== null)
  t.regex(waiting() ?? '', /block range is too wide/)
  refuse = false
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1])
})

test.serial('a log that cannot be read is left out, counted and told; the others become facts', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1, 666, 2)
  await notebook.note(3)
  const chain = await follow(t, { notebook, orm })
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2, 3])
  const told = chain.lines.filter(({ text }) => text.includes('could not be read'))
  t.is(told.length, 1)
  t.like(told[0]?.fields, { source: 'test/notes', because: 'the number of the beast', log: 1 })
  t.regex(await chain.metrics.text(), /chain_skipped_logs_total\{chain="local",source="test\/notes"\} 1/)
})

test.serial(
  'a rollback that nobody was told of because of a crash is told after the restart, exactly once',
  async t => {
    const notebook = await startNotebook(t)
    const orm = await openDatabase(t, databases)
    await notebook.mine(5)
    const first = await follow(t, { notebook, orm })
    await notebook.note(1)
    await notebook.note(2)
    await first.inStep()
    await first.stop()
    // the transaction of the reorganisation, and nothing after it
    await notebook.reorg(2)
    const before = await loadTip(orm.em.fork(), 'local')
    const header = (await notebook.rpc('eth_getBlockByNumber', ['0x6', false])) as { hash: string } // anvil's
    const fork = { number: 6n, hash: header.hash }
    if (before === null) return t.fail()
    const sources = [noteSource()]
    t.true(await orm.em.fork().transactional(em => rollBack(em, { chain: 'local', fork, before, sources, now: 0 })))
    t.like(await pictureOf(orm), { head: 6, cursor: 6, newestFact: -1 })
    const second = await follow(t, { notebook, orm })
    await second.inStep()
    t.deepEqual(second.news[0], { type: 'Reorg', chain: 'local', fork: 6n, depth: 2 })
    t.is(second.news.filter(({ type }) => type === 'Reorg').length, 1)
    await second.stop()
    const third = await follow(t, { notebook, orm })
    await third.inStep()
    t.true(third.news.every(({ type }) => type === 'SyncBlock'))
  },
)

test.serial('facts of a source that was switched off during a reorganisation go when it comes back', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1)
  const first = await follow(t, { notebook, orm })
  await notebook.note(2)
  await notebook.note(3)
  await first.inStep()
  await first.stop()
  const without = await follow(t, { notebook, orm, sources: [] })
  await notebook.reorg(2, 5)
  await without.inStep()
  await without.stop()
  t.deepEqual(await factsIn(orm), [1, 2, 3], 'nobody knew how to forget them')
  const second = await follow(t, { notebook, orm })
  await second.inStep()
  t.deepEqual(await factsIn(orm), [1, 5])
})

test.serial('a cursor whose hash is not that of the chain is not believed', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1)
  await notebook.mine(20)
  await notebook.note(2)
  const first = await follow(t, { notebook, orm, reorgLimit: 10 })
  await first.inStep()
  await first.stop()
  await orm.em.execute(`update kernel.cursor set hash = '0xdead' where source = 'test/notes'`)
  await orm.em.execute('update note set value = 77 where value = 2')
  const second = await follow(t, { notebook, orm, reorgLimit: 10 })
  await second.until(async () => (await factsIn(orm))[1] === 2)
  await second.inStep()
  t.deepEqual(await factsIn(orm), [1, 2])
  t.true(second.lines.some(({ text }) => text.includes('dead branch')))
})

test.serial('an endpoint that does not have the end of the range yet gives no facts', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1)
  await notebook.mine(10)
  await notebook.note(2)
  const fake = await startFakeRpc({ upstream: notebook.url })
  t.teardown(() => fake.stop())
  // logs of a node that is behind: it leaves out what it does not have, without a word
  let behind = true
  let asked = 0
  fake.rule = call => {
    if (!behind) return undefined
    if (isLogs(call)) {
      asked += 1
      return { result: [] }
    }
    return call.method === 'eth_getBlockByNumber' && call.params[0] === '0xd' ? { result: null } : undefined
  }
  const chain = await follow(t, { notebook, orm, urls: [fake.url] })
  await chain.until(() => asked > 3)
  t.is((await pictureOf(orm)).cursor, -1)
  behind = false
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2])
})

test.serial('a branch that changes while a source gathers leaves no facts of the old one', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(5)
  let reorgAt = 2
  const ranges: Range[] = []
  const source = noteSource({
    gather: async (logs, range, client, skip) => {
      ranges.push(range)
      if (reorgAt > 0 && logs.length > 0) {
        reorgAt -= 1
        await notebook.reorg(1, 10 + reorgAt)
        // a view at a block that is gone
        if (reorgAt === 0) throw new Error('no such block')
      }
      return noteSource().gather(logs, range, client, skip)
    },
  })
  const chain = await follow(t, { notebook, orm, sources: [source] })
  await chain.inStep()
  await notebook.note(1)
  await chain.until(() => reorgAt === 0)
  await chain.inStep()
  t.deepEqual(await factsIn(orm), await notebook.notes())
  t.deepEqual(await factsIn(orm), [10])
  t.true(chain.system.snapshot().root.children.every(({ restarts }) => restarts === 0))
  t.true(ranges.at(-1)?.atHead)
})

test.serial('a source that fails is a crash with a restart, and stores nothing of that range', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  let bad = true
  const good = noteSource()
  const source = noteSource({
    store: async (em, facts, range) => {
      await good.store(em, facts, range)
      if (!bad) return
      bad = false
      throw new TypeError('a mistake of the source')
    },
  })
  await notebook.note(1)
  const chain = await follow(t, { notebook, orm, sources: [source] })
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1])
  const node = chain.system.snapshot().root.children.find(({ id }) => id === scannerOf('local').id)
  t.is(node?.restarts, 1)
})

test.serial('each source has a cursor of its own and starts at its own block', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  for (let i = 1; i <= 6; i++) await notebook.note(i)
  const seen = new Map<string, Range[]>()
  const watching = (name: string, fromBlock: bigint) =>
    noteSource({
      name,
      fromBlock,
      gather: async (_logs, range) => {
        seen.set(name, [...(seen.get(name) ?? []), range])
        return []
      },
    })
  const sources = [noteSource({ fromBlock: 4n }), watching('a', 0n), watching('b', 7n), watching('c', 100n)]
  const chain = await follow(t, { notebook, orm, sources, logRange: 3, startBlock: 2n })
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [3, 4, 5, 6])
  t.is(seen.get('a')?.[0]?.from, 2n)
  t.deepEqual(
    seen.get('b')?.map(({ from, to, atHead }) => [from, to, atHead]),
    [[7n, 7n, true]],
  )
  t.is(seen.get('c'), undefined)
  t.is((await pictureOf(orm)).cursors['c'], undefined)
})

test.serial('a long way to the head is told now and then, with the time that is left', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(1500)
  const slow = noteSource({
    gather: async () => {
      await chainClock.advance(4000)
      return []
    },
  })
  const chainClock = { advance: async (_ms: number): Promise<void> => {} }
  const chain = await follow(t, { notebook, orm, sources: [slow], logRange: 100 })
  chainClock.advance = ms => chain.clock.advance(ms)
  await chain.inStep()
  const lines = chain.lines.filter(({ text }) => text === 'reading the chain')
  t.true(lines.length >= 4)
  const { percent, blocksPerSecond, secondsLeft } = lines.at(-1)?.fields ?? {}
  t.true(Number(percent) > 50 && Number(percent) < 100)
  t.true(Number(blocksPerSecond) > 0 && Number(secondsLeft) > 0)
})

test.serial('endpoints and database that go away are waited out, and nothing is lost', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  const fake = await startFakeRpc({ upstream: notebook.url })
  t.teardown(() => fake.stop())
  const chain = await follow(t, { notebook, orm, urls: [fake.url] })
  await notebook.note(1)
  await chain.inStep()
  fake.rule = () => 'reset'
  await notebook.note(2)
  const because = (id: string): string | null =>
    chain.system.snapshot().root.children.find(child => child.id === id)?.because ?? null
  await chain.until(() => because(synchronizerOf('local').id) !== null)
  t.regex(because(synchronizerOf('local').id) ?? '', /no endpoint of local answers/)
  fake.rule = () => undefined
  await chain.inStep()
  await notebook.note(3)
  await orm.em.execute(
    'select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = current_database()',
  )
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2, 3])
  t.true(chain.system.snapshot().root.children.every(({ restarts }) => restarts === 0))
})

test.serial('a lagging endpoint is no reorganisation', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  const fake = await startFakeRpc({ upstream: notebook.url })
  t.teardown(() => fake.stop())
  const chain = await follow(t, { notebook, orm, urls: [fake.url, notebook.url] })
  await notebook.mine(20)
  await notebook.note(1)
  await chain.inStep()
  const old: unknown = await notebook.rpc('eth_getBlockByNumber', ['0x5', false])
  fake.rule = call => (call.params[0] === 'latest' ? { result: old } : undefined)
  await notebook.note(2)
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2])
  t.true(chain.news.every(({ type }) => type === 'SyncBlock'))
  t.is(chain.rpc.status()[0]?.state, 'quarantined')
})
