/** Nodes that forget, wedge, serve another chain or do not answer: nothing is lost and nothing is sent twice. */
import test from 'ava'
import { createRpc } from '../../../src/actors/chain/rpc.ts'
import { systemClock } from '../../../src/clock.ts'
import { silentLog } from '../../../src/log.ts'
import { TEST_CHAIN_ID } from '../../support/anvil.ts'
import { useFaultProxy } from '../../support/fault-proxy.ts'
import { useTxLane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const proxied = useFaultProxy(test)
const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `k${index}`)

test.serial('28: a node that lost its pool gets everything pending again within two blocks', async t => {
  const b = await bench(t)
  const lane = await b.start()
  const keys = names(20)
  for (const key of keys) await b.wish(key)
  await lane.tick()
  await b.emptyPool()
  await lane.block(2)
  await lane.block()
  t.deepEqual([...new Set(await b.states(keys))], ['mined'])
  t.is(await b.nonce(), 20)
  t.true((await Promise.all(keys.map(b.tx))).every(tx => tx.attempts.length === 1))
})

test.serial('11: a node that mines at once and wedges is freed by a replacement', async t => {
  const b = await bench(t)
  const lane = await b.start({ sendWindow: 64 })
  const keys = names(64)
  await lane.tick()
  await b.chain.setAutomine(true)
  t.teardown(() => b.chain.setAutomine(false))
  for (const key of keys) await b.wish(key, { confirmations: 0 })
  await lane.look()
  const confirmed = async (): Promise<boolean> => (await b.states(keys)).every(state => state === 'confirmed')
  // the node mines in its own time; a replacement is due every minute
  for (let round = 0; round < 100 && !(await confirmed()); round += 1) {
    await b.clock.advance(61_000)
    await lane.tick()
  }
  t.true(await confirmed())
  t.deepEqual([...new Set(await Promise.all(keys.map(b.hits)))], [1])
  t.is(await b.nonce(), 64)
})

test.serial('31: a node on another chain stops the lane with a hint; what was signed stays', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  proxy.on('eth_sendRawTransaction', async () => ({ error: { code: -32003, message: 'invalid chain id for signer' } }))
  await b.wish('a')
  const error = await t.throwsAsync(lane.tick())
  t.like(error, { code: 'TX_104', severity: 'fatal' })
  proxy.on('eth_sendRawTransaction', null)
  const again = await b.start()
  await again.tick()
  await again.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.nonce(), 1)
})

test.serial(
  '34: an account whose other kind of transaction is still in the pool waits and goes on by itself',
  async t => {
    const b = await bench(t)
    const lane = await b.start()
    b.proxy.on('eth_sendRawTransaction', async () => ({ error: { code: -32000, message: 'address already reserved' } }))
    await b.wish('a')
    await lane.tick()
    await b.wish('b')
    await lane.look()
    for (let round = 0; round < 3; round += 1) await lane.block()
    t.deepEqual(await b.states(['a', 'b']), ['sent', 'queued'])
    t.regex((await b.tx('b')).because ?? '', /address already reserved/)
    b.proxy.on('eth_sendRawTransaction', null)
    await lane.block()
    await lane.block(3)
    t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
    t.is((await b.tx('a')).attempts.length, 1)
    t.is(await b.nonce(), 2)
  },
)

test.serial(
  '36: a backlog of ten thousand is sent from the first look on, in order, as far as the limit goes',
  async t => {
    t.timeout(900_000)
    const b = await bench(t)
    await b.wish('k0', { confirmations: 0 })
    await b.orm.em.execute(
      `insert into kernel.intent (key, role, subject, chain, account, "to", data, value, gas_limit, confirmations, state,
       content, created_at, updated_at)
     select 'k' || n, role, subject, chain, account, "to", data, value, gas_limit, confirmations, state,
       content, created_at, updated_at from kernel.intent, generate_series(1, 9999) n`,
    )
    const rpc = createRpc({
      name: 'local',
      urls: [b.rpcUrl],
      chainId: TEST_CHAIN_ID,
      clock: systemClock,
      random: () => 0.5,
      log: silentLog,
      requestTimeoutMs: 120_000,
    })
    t.teardown(() => rpc.close())
    const lane = await b.start({
      limits: { maxInFlight: 1000 },
      sendWindow: 100,
      rpc: { client: rpc.client, sendRaw: raw => rpc.send('eth_sendRawTransaction', [raw], { endpoints: 'all' }) },
    })
    await lane.tick()
    const counts = async (): Promise<Record<string, number>> =>
      Object.fromEntries(
        (
          await b.orm.em.execute<{ state: string; n: number }[]>(
            'select state, count(*)::int as n from kernel.intent group by state',
          )
        ).map(({ state, n }) => [state, n]),
      )
    t.deepEqual(await counts(), { sent: 1000, queued: 9000 })
    for (let block = 1; block <= 10; block += 1) await lane.block()
    t.deepEqual(await counts(), { confirmed: 10_000 })
    t.is(await b.nonce(), 10_000)
    t.is(await b.hits('k0'), 10_000)
    const [row] = await b.orm.em.execute<{ n: number }[]>(
      'select count(*)::int as n from kernel.intent i join kernel.attempt a on a.intent_id = i.id where a.nonce <> i.id - 1',
    )
    t.is(row?.n, 0)
  },
)

test.serial('a node that never answers to signed bytes is not waited for longer than told', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start({ sendTimeoutMs: 5_000 })
  proxy.on('eth_sendRawTransaction', async () => 'hang')
  await b.wish('a')
  const sending = lane.tick()
  while (!proxy.calls.some(call => call.method === 'eth_sendRawTransaction')) await b.clock.advance(0)
  await b.clock.advance(5_000)
  await sending
  const tx = await b.tx('a')
  t.is(tx.attempts[0]?.error, 'no answer in 5000 ms')
  proxy.on('eth_sendRawTransaction', null)
  await lane.tick()
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.nonce(), 1)
})

test.serial('a node that takes no more at the moment holds the lane; the same bytes are sent later', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  proxy.on('eth_sendRawTransaction', async () => ({ error: { code: -32000, message: 'txpool is full' } }))
  await b.wish('a')
  await lane.tick()
  await b.wish('b')
  await lane.look()
  t.regex((await b.tx('b')).because ?? '', /^the node takes no more at the moment: txpool is full$/)
  proxy.on('eth_sendRawTransaction', null)
  await lane.block()
  await lane.block(3)
  t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
  t.true((await b.tx('a')).attempts.length === 1)
})

test.serial('a chain without EIP-1559 is paid with a gas price', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  proxy.on('eth_getBlockByNumber', async (_, forward) => {
    const reply = await forward()
    if (!('result' in reply)) return reply
    const { baseFeePerGas: _fee, ...legacy } = reply.result as Record<string, unknown> // a block
    return { result: legacy }
  })
  await b.wish('a')
  await lane.tick()
  const tx = await b.tx('a')
  t.is(tx.attempts[0]?.maxFeePerGas, tx.attempts[0]?.maxPriorityFeePerGas)
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  const found = await b.client.getTransaction({ hash: `0x${(tx.attempts[0]?.hash ?? '').slice(2)}` })
  t.is(found.type, 'legacy')
})
