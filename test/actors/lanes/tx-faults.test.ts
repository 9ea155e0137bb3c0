/** What the world does to transactions: prices, lost answers, lagging nodes, empty accounts, cancellations. */
import test from 'ava'
import { createWalletClient, parseEther } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import type { Clock } from '../../../src/clock.ts'
import { TEST_KEYS, toNode } from '../../support/anvil.ts'
import { counterAbi } from '../../support/counter.ts'
import { useFaultProxy } from '../../support/fault-proxy.ts'
import { GWEI, useTxLane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const proxied = useFaultProxy(test)

test.serial('a transaction that waits too long is replaced at the same nonce, ten percent dearer at least', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  await lane.tick()
  t.is((await b.tx('a')).attempts.length, 1)
  await b.clock.advance(60_000)
  await lane.tick()
  const { attempts } = await b.tx('a')
  t.deepEqual(
    attempts.map(attempt => [attempt.nonce, attempt.state]),
    [
      [0, 'replaced'],
      [0, 'broadcast'],
    ],
  )
  const [first, second] = attempts
  t.true(BigInt(second?.maxFeePerGas ?? 0) * 10n >= BigInt(first?.maxFeePerGas ?? 0) * 11n)
  t.true(BigInt(second?.maxPriorityFeePerGas ?? 0) * 10n >= BigInt(first?.maxPriorityFeePerGas ?? 0) * 11n)
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
})

test.serial('a person can ask for a replacement now', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  await lane.deliver({ type: 'bump', intentKey: 'a' })
  t.is((await b.tx('a')).attempts.length, 2)
})

test.serial('58: an older attempt that is mined counts; nothing is sent a third time', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  const [first] = (await b.tx('a')).attempts
  const raw = await rawOf(b, first?.hash ?? '')
  await lane.deliver({ type: 'bump', intentKey: 'a' })
  const second = (await b.tx('a')).attempts[1]
  await b.chain.dropTransaction({ hash: hex(second?.hash) })
  await b.client.sendRawTransaction({ serializedTransaction: raw })
  await lane.block(3)
  const tx = await b.tx('a')
  t.like(tx, { state: 'confirmed', minedHash: first?.hash })
  t.is(tx.attempts.length, 2)
  t.is(await b.hits('a'), 1)
})

test.serial('13: above the ceiling it waits, says so once, and sends by itself when the market allows', async t => {
  const b = await bench(t)
  const lane = await b.start({ limits: { maxFeePerGasWei: 20n * GWEI } })
  await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 60n * GWEI })
  await b.mine()
  await b.wish('a')
  await lane.tick()
  await lane.tick()
  t.like(await b.tx('a'), { state: 'queued', nonce: null })
  t.regex((await b.tx('a')).because ?? '', /^the market asks [\d.]+ gwei, the ceiling is 20 gwei$/)
  t.is(lane.logs.filter(line => line.text === 'waits for cheaper gas').length, 1)
  await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: GWEI })
  await lane.block()
  t.is((await b.tx('a')).state, 'sent')
  await lane.block(3)
  t.like(await b.tx('a'), { state: 'confirmed', because: null })
})

test.serial('a replacement beyond the ceiling is not signed; the earlier version stays in the pool', async t => {
  const b = await bench(t)
  const fees = await b.client.estimateFeesPerGas()
  const lane = await b.start({ limits: { maxFeePerGasWei: (fees.maxFeePerGas * 105n) / 100n } })
  await b.wish('a')
  await lane.tick()
  await b.clock.advance(60_000)
  await lane.tick()
  const tx = await b.tx('a')
  t.is(tx.attempts.length, 1)
  t.regex(tx.because ?? '', /^a replacement needs [\d.]+ gwei, the ceiling is [\d.]+ gwei$/)
  await lane.block(3)
  t.like(await b.tx('a'), { state: 'confirmed', because: null })
})

test.serial('12: a base fee above the cap parks it or evicts it; it is sent again dearer and lands once', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 50n * GWEI })
  await lane.block()
  t.is((await b.tx('a')).state, 'sent')
  t.is(await b.hits('a'), 0)
  await b.clock.advance(60_000)
  for (let round = 0; round < 5; round += 1) await lane.block()
  const tx = await b.tx('a')
  t.is(tx.state, 'confirmed')
  t.true(tx.attempts.every(attempt => attempt.nonce === 0 && BigInt(attempt.maxFeePerGas) <= 500n * GWEI))
  t.is(await b.hits('a'), 1)
})

test.serial('22: without funds the lane waits, says so once, and resumes after a top-up', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.chain.setBalance({ address: b.account.address, value: 1n })
  await b.wish('a')
  await lane.tick()
  await b.wish('b')
  await lane.look()
  t.deepEqual(await b.states(['a', 'b']), ['sent', 'queued'])
  t.regex((await b.tx('b')).because ?? '', /^the account lacks funds: /)
  await lane.block()
  await lane.block()
  t.is((await b.tx('b')).state, 'queued')
  t.is(lane.logs.filter(line => line.level === 'error').length, 1)
  await b.chain.setBalance({ address: b.account.address, value: parseEther('1') })
  await lane.block()
  t.deepEqual(await b.states(['a', 'b']), ['sent', 'sent'])
  await lane.block(3)
  t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
  t.is(await b.nonce(), 2)
})

test.serial('23: what reverts because it is done already ends so, told once, and is not tried again', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await lane.tick()
  await setBroken(b) // somebody else was first
  await b.wish('a', { gasLimit: null })
  await lane.look()
  for (let round = 0; round < 3; round += 1) await lane.block()
  t.like(await b.tx('a'), { state: 'reverted', nonce: null, because: 'simulation: counter is broken' })
  t.is((await b.tx('a')).attempts.length, 0)
  t.is(b.proxy.calls.filter(call => call.method === 'eth_sendRawTransaction').length, 0)
  t.is(lane.sent.filter(({ to }) => to === 'forger/coordinator').length, 1)
})

for (const [way, shift] of [
  ['forward', 3_600_000],
  ['back', -3_600_000],
] as const) {
  test.serial(`32: a clock that jumps an hour ${way} loses nothing and sends nothing twice`, async t => {
    const b = await bench(t)
    let jumped = 0
    const clock: Clock = {
      now: () => b.clock.now() + jumped,
      after: (ms, run) => b.clock.after(ms, run),
      sleep: (ms, signal) => b.clock.sleep(ms, signal),
    }
    const lane = await b.start({ clock })
    await b.wish('a')
    await lane.tick()
    jumped = shift
    await b.wish('b')
    await lane.tick()
    const other = await b.start({ holder: 'second' })
    await other.tick() // the lease is timed by the database: it did not run out
    await lane.block(3)
    t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
    t.deepEqual([await b.hits('a'), await b.hits('b'), await b.nonce()], [1, 1, 2])
    t.true((await b.tx('a')).attempts.every(attempt => attempt.nonce === 0))
    t.is((await b.tx('b')).attempts.length, 1)
  })
}

test.serial('9: sent but the answer is lost: no second nonce, mined once', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  proxy.on('eth_sendRawTransaction', async (_, forward) => {
    await forward()
    return 'reset'
  })
  await b.wish('a')
  await lane.tick()
  t.like(await b.tx('a'), { state: 'sent', nonce: 0 })
  t.is((await b.tx('a')).attempts[0]?.state, 'signed')
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
  t.is(await b.nonce(), 1)
})

test.serial('10: acknowledged and lost: noticed, and the same bytes are sent again', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  let lost = 0
  proxy.on('eth_sendRawTransaction', async (_, forward) => {
    lost += 1
    return lost === 1 ? { result: `0x${'0'.repeat(64)}` } : forward()
  })
  await b.wish('a')
  await lane.tick()
  for (let round = 0; round < 4; round += 1) await lane.block()
  await lane.block(2)
  const tx = await b.tx('a')
  t.is(tx.state, 'confirmed')
  t.is(tx.attempts.length, 1)
})

test.serial('14: a replacement that the node finds too cheap is raised again, at the same nonce', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  let refused = 0
  proxy.on('eth_sendRawTransaction', async (_, forward) => {
    refused += 1
    return refused <= 2 ? { error: { code: -32000, message: 'replacement transaction underpriced' } } : forward()
  })
  await b.wish('a')
  await lane.tick()
  await lane.tick()
  await lane.tick()
  await lane.block(3)
  const tx = await b.tx('a')
  t.is(tx.state, 'confirmed')
  t.true(tx.attempts.every(attempt => attempt.nonce === 0))
  t.is(await b.hits('a'), 1)
})

test.serial(
  'bytes that a node calls invalid for good give their nonce back with a no-op; the next wish goes on',
  async t => {
    const node = await bench(t)
    const proxy = await proxied(node.rpcUrl)
    const b = await bench(t, proxy.url)
    const lane = await b.start()
    let sends = 0
    proxy.on('eth_sendRawTransaction', async (_, forward) => {
      sends += 1
      return sends === 1
        ? { error: { code: -32000, message: 'oversized data: transaction size 2, limit 1' } }
        : forward()
    })
    await b.wish('a')
    await lane.tick()
    await b.wish('b')
    await lane.tick()
    await lane.block(3)
    t.like(await b.tx('a'), { state: 'cancelled' })
    t.regex((await b.tx('a')).because ?? '', /^the node refuses it for good: oversized data/)
    t.is((await b.tx('b')).state, 'confirmed')
    t.deepEqual([await b.hits('a'), await b.hits('b')], [0, 1])
  },
)

test.serial('25: an endpoint that lags does not take anything back', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  await b.wish('a', { confirmations: 5 })
  await lane.tick()
  const stale = await b.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] })
  await lane.block(2)
  t.is((await b.tx('a')).state, 'mined')
  proxy.on('eth_getBlockByNumber', async () => ({ result: stale }))
  await lane.tick()
  t.is((await b.tx('a')).state, 'mined')
  proxy.on('eth_getBlockByNumber', null)
  await lane.block(4)
  t.is((await b.tx('a')).state, 'confirmed')
})

test.serial('26: receipts that one endpoint denies are found at another; nothing is sent again', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start({ endpoints: [b.client] })
  proxy.on('eth_getTransactionReceipt', async () => ({ result: null }))
  await b.wish('a')
  await lane.tick()
  await lane.block()
  t.is((await b.tx('a')).state, 'mined')
  await lane.block(2)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(proxy.calls.filter(call => call.method === 'eth_sendRawTransaction').length, 1)
})

test.serial('a chain that does not answer is waited out: one line in the log, nothing lost', async t => {
  const node = await bench(t)
  const proxy = await proxied(node.rpcUrl)
  const b = await bench(t, proxy.url)
  const lane = await b.start()
  proxy.on('eth_getBlockByNumber', async () => 'reset')
  await b.wish('a')
  for (let round = 0; round < 3; round += 1) await lane.tick()
  t.is((await b.tx('a')).state, 'queued')
  t.is(lane.logs.filter(line => line.text === 'the chain does not answer').length, 1)
  proxy.on('eth_getBlockByNumber', null)
  await lane.tick()
  t.is((await b.tx('a')).state, 'sent')
})

test.serial('cancelled before it is signed: nothing happens on chain', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await b.cancel('a', 'not wanted any more')
  await lane.tick()
  t.like(await b.tx('a'), { state: 'cancelled', nonce: null, because: 'not wanted any more' })
  t.is((await b.tx('a')).attempts.length, 0)
})

test.serial('33: a cancelled transaction loses its nonce to a no-op', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  await b.cancel('a', 'not wanted any more')
  await lane.look()
  t.is((await b.tx('a')).state, 'cancelling')
  await lane.block(3)
  t.like(await b.tx('a'), { state: 'cancelled', nonce: 0, because: 'not wanted any more' })
  t.is(await b.hits('a'), 0)
  t.is(await b.nonce(), 1)
})

test.serial('33: when the original is mined before the no-op, the outcome says so', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  await b.cancel('a', 'not wanted any more')
  await b.mine()
  await lane.look()
  await lane.block(2)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
})

/** From now on every hit of the counter reverts. */
async function setBroken(b: Bench): Promise<void> {
  const from = privateKeyToAccount(TEST_KEYS[0])
  const wallet = createWalletClient({ account: from, transport: toNode(b.rpcUrl) })
  await wallet.writeContract({
    address: b.counter,
    abi: counterAbi,
    functionName: 'setBroken',
    args: [true],
    chain: null,
  })
  await b.mine()
}

type Bench = Awaited<ReturnType<typeof bench>>

const hex = (text: string | undefined): `0x${string}` => `0x${(text ?? '').slice(2)}`

async function rawOf(b: Bench, hash: string): Promise<`0x${string}`> {
  const rows = await b.orm.em
    .fork()
    .execute<{ raw: `0x${string}` }[]>('select raw from kernel.attempt where hash = ?', [hash])
  return rows[0]?.raw ?? '0x'
}
