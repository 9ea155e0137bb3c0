/**
 * What the lane stands on goes away: the database, the disk under it, most of the answers of its endpoints. Nothing is
 * broadcast without a committed attempt, nothing is lost, and it goes on by itself.
 */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { createRpc } from '../../../src/actors/chain/rpc.ts'
import { systemClock } from '../../../src/clock.ts'
import { startPostgres } from '../../../src/embedded/postgres.ts'
import { kernelSchema } from '../../../src/entities/kernel/index.ts'
import { migrate, openOrm } from '../../../src/entities/orm.ts'
import { isTransient } from '../../../src/errors.ts'
import { silentLog } from '../../../src/log.ts'
import { wish } from '../../../src/actors/lanes/wish.ts'
import { TEST_CHAIN_ID } from '../../support/anvil.ts'
import { PATIENCE_MS, removed } from '../../support/patience.ts'
import { seeded } from '../../support/seeded.ts'
import { startProxy, type Rule } from '../../support/fault-proxy.ts'
import { useTxLane, type Bench, type Lane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const sends = (b: Bench): number => b.proxy.calls.filter(call => call.method === 'eth_sendRawTransaction').length

/** Handles a message although the database may be away; true when it was, as an outage that is waited out. */
async function wasAway(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return false
  } catch (error) {
    if (isTransient(error)) return true
    throw error
  }
}

test.serial(
  '29: the database goes away between signing and the commit: nothing is sent, then all of it once',
  async t => {
    const b = await bench(t)
    const folder = await mkdtemp(join(tmpdir(), 'fk-out-'))
    const open = () => startPostgres({ folder, log: silentLog, durable: false })
    let server = await open()
    const orm = await openOrm(server.url, [kernelSchema])
    await migrate(orm, server.url, [kernelSchema])
    t.teardown(async () => {
      await orm.close()
      await server.stop(PATIENCE_MS)
      await removed(folder)
    })
    let goAway = true
    const lane = await b.start({
      db: () => orm,
      crashPoint: async point => {
        if (point !== 'attempts-signed' || !goAway) return
        goAway = false
        await server.stop(PATIENCE_MS)
      },
    })
    for (const key of ['a', 'b', 'c']) await orm.em.fork().transactional(em => wish(em, b.plainWish(key), b.clock))
    t.true(await wasAway(lane.tick()))
    for (let round = 0; round < 3; round += 1) t.true(await wasAway(lane.tick()))
    t.is(sends(b), 0)
    server = await open()
    while (await wasAway(lane.tick())) await systemClock.sleep(20)
    t.is(sends(b), 3)
    await lane.block(3)
    t.deepEqual([...new Set(await Promise.all(['a', 'b', 'c'].map(b.hits)))], [1])
    t.is(await b.nonce(), 3)
    const [row] = await orm.em.execute<{ n: number }[]>(
      `select count(*)::int as n from kernel.intent where state = 'confirmed'`,
    )
    t.is(row?.n, 3)
  },
)

for (const [what, sqlState] of [
  ['the disk is full', '53100'],
  ['the server became a standby', '25006'],
] as const) {
  test.serial(`29: ${what}: nothing is sent that could not be stored, and it goes on when it can`, async t => {
    const b = await bench(t)
    const lane = await b.start()
    await lane.tick()
    for (const key of ['a', 'b']) await b.wish(key)
    await b.orm.em.execute(`
      create function refuse() returns trigger language plpgsql as
        $$ begin raise exception 'no more' using errcode = '${sqlState}'; end $$;
      create trigger refuse before insert on kernel.attempt for each statement execute function refuse();`)
    for (let round = 0; round < 3; round += 1) t.true(await wasAway(lane.tick()))
    t.is(sends(b), 0)
    t.deepEqual(await b.states(['a', 'b']), ['queued', 'queued'])
    await b.orm.em.execute('drop trigger refuse on kernel.attempt')
    await lane.tick()
    await lane.block(3)
    t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
    t.is(await b.nonce(), 2)
  })
}

const MANY = 60

/**
 * Half of all answers of one of two endpoints go wrong in one of the ways of providers: 429, 502, garbage, silence. What
 * is silent breaks off after a while, so that no time limit must be so short that a busy machine exceeds it; the first
 * never does.
 */
function badProvider(random: () => number): Rule {
  let silences = 0
  return async (_, forward) => {
    if (random() > 0.5) return forward()
    const ways = [
      { status: 429, body: 'slow down' },
      { status: 502, body: '<html>bad gateway</html>' },
      { status: 200, body: '{"jsonrpc":"2.0","id":1,"res' },
      'reset',
      'hang',
    ] as const
    const way = ways[Math.floor(random() * ways.length)] ?? 'reset'
    if (way !== 'hang' || (silences += 1) === 1) return way
    await systemClock.sleep(150)
    return 'reset'
  }
}

/** Blocks until every wish is settled. */
async function blocksFor(b: Bench, lane: Lane, keys: readonly string[]): Promise<number> {
  for (let blocks = 1; blocks < 60; blocks += 1) {
    await b.clock.advance(1_000)
    await lane.block()
    if ((await b.states(keys)).every(state => state === 'confirmed')) return blocks
  }
  return Number.POSITIVE_INFINITY
}

test.serial(
  '27: with a third of all calls going wrong it is at most twice as slow, loses nothing, doubles nothing',
  async t => {
    const b = await bench(t)
    const second = await startProxy(b.rpcUrl)
    t.teardown(second.end)
    const through = () => {
      const rpc = createRpc({
        name: 'local',
        urls: [b.proxy.url, second.proxy.url],
        chainId: TEST_CHAIN_ID,
        clock: systemClock,
        random: () => 0.5,
        log: silentLog,
        requestTimeoutMs: 5_000,
      })
      t.teardown(() => rpc.close())
      return rpc
    }
    const rpc = through()
    const lane = await b.start({
      rpc: {
        client: rpc.client,
        sendRaw: raw => rpc.send('eth_sendRawTransaction', [raw], { endpoints: 'all' }),
        endpoints: rpc.each,
      },
      limits: { maxInFlight: 10 },
    })
    const clear = Array.from({ length: MANY }, (_, index) => `clear${index}`)
    for (const key of clear) await b.wish(key, { confirmations: 1 })
    await lane.tick()
    const calm = await blocksFor(b, lane, clear)
    const random = seeded(27)
    b.proxy.every(badProvider(random))
    second.proxy.every(async (call, forward) => (random() < 0.15 ? 'reset' : forward()))
    const stormy = Array.from({ length: MANY }, (_, index) => `stormy${index}`)
    for (const key of stormy) await b.wish(key, { confirmations: 1 })
    await lane.tick()
    const opened = new Set<string>()
    const watching = setInterval(() => rpc.status().forEach(({ state }) => opened.add(state)), 5)
    const storm = await blocksFor(b, lane, stormy)
    clearInterval(watching)
    t.true(storm <= 2 * calm + 2, `${storm} blocks instead of ${calm}`)
    t.deepEqual([...new Set(await Promise.all([...clear, ...stormy].map(b.hits)))], [1])
    t.is(await b.nonce(), 2 * MANY)
    t.true(opened.has('down') || opened.has('limited'), 'an endpoint that fails is left alone for a while')
    b.proxy.every(null)
    second.proxy.every(null)
    while (!rpc.status().every(({ state }) => state === 'up')) {
      await Promise.allSettled([rpc.verify(), rpc.client.getBlockNumber()])
      await systemClock.sleep(20)
    }
    t.pass('and is used again when it serves')
  },
)
