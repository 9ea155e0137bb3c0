/**
 * The numbered scenarios about sending and receipts (41 to 64) and about crashes around a broadcast (84 to 87), on a real
 * chain: the tx-manager as the forger uses it. What they come to is always the same: one effect, one nonce, no stop.
 */
import test from 'ava'
import { gasLimitOf } from '../../../src/actors/forger/forward.ts'
import { raisedFees } from '../../../src/actors/lanes/tx/fees.ts'
import { Attempt } from '../../../src/entities/kernel/intent.ts'
import { useFaultProxy, type FaultProxy, type Rule } from '../../support/fault-proxy.ts'
import { GWEI, useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const proxied = useFaultProxy(test)

/** Every signed version, oldest first. */
const versions = ({ orm }: Bench): Promise<Attempt[]> => orm.em.fork().find(Attempt, {}, { orderBy: { id: 'asc' } })

/** A chain behind a proxy that can be made to misbehave. */
async function behindProxy(t: Parameters<typeof bench>[0]): Promise<{ b: Bench; proxy: FaultProxy }> {
  const proxy = await proxied((await bench(t)).rpcUrl)
  return { b: await bench(t, proxy.url), proxy }
}

/** Answers the first `times` calls like this, and then as the node does. */
function first(times: number, answer: Rule): Rule {
  let left = times
  return (call, forward) => ((left -= 1) >= 0 ? answer(call, forward) : forward())
}

const refusing =
  (message: string): Rule =>
  async () => ({ error: { code: -32000, message } })
const sends = ({ calls }: FaultProxy): unknown[] =>
  calls.filter(({ method }) => method === 'eth_sendRawTransaction').map(({ params }) => params[0])

test('scenario 41: the gas limit has a part for the batch and one for each kind of transaction', t => {
  const gas = { fixed: 900_000, l1UserTx: 15_000, l1CoordTx: 7_000, l2Tx: 600 }
  t.is(gasLimitOf({ l1UserTxs: 3, l1CoordinatorTxs: 2, l2Txs: 100 }, gas), 1_019_000n)
})

test.serial('scenario 42: a tip below the configured floor is raised to it', async t => {
  const b = await bench(t)
  const lane = await b.start({ limits: { minPriorityFeePerGasWei: 5n * GWEI } })
  await b.wish('a')
  await lane.tick()
  const [attempt] = await versions(b)
  t.is(attempt?.maxPriorityFeePerGas, 5n * GWEI)
})

test.serial(
  'scenario 43: above the ceiling the transaction is kept, says why, and goes when the price fits',
  async t => {
    const b = await bench(t)
    const lane = await b.start({ limits: { maxFeePerGasWei: 5n * GWEI } })
    await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 6n * GWEI })
    await b.mine()
    await b.wish('a')
    for (let look = 0; look < 5; look += 1) await lane.tick()
    t.like(await b.tx('a'), { state: 'queued', nonce: null })
    t.regex((await b.tx('a')).because ?? '', /the ceiling is 5 gwei/)
    t.is(lane.logs.filter(({ text }) => text === 'waits for cheaper gas').length, 1, 'one alert, not one a look')
    await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: GWEI })
    await lane.block()
    await lane.block(3)
    t.is((await b.tx('a')).state, 'confirmed')
  },
)

test('scenario 44: a raise is the percentage, at least what clients accept, and never nothing', t => {
  const raise = (fee: bigint, percent: number): bigint =>
    raisedFees({ maxFeePerGas: fee, maxPriorityFeePerGas: fee }, percent).maxFeePerGas
  t.is(raise(100n, 10), 110n)
  t.is(raise(10n, 20), 12n)
  t.is(raise(1000n, 50), 1500n)
  t.is(raise(5n, 10), 6n)
  t.is(raise(100n, 1), 110n, 'one percent would be refused as underpriced')
})

test.serial('scenario 45: an error that says nothing is waited out; the same bytes are sent again', async t => {
  const { b, proxy } = await behindProxy(t)
  const lane = await b.start()
  proxy.on('eth_sendRawTransaction', first(4, refusing('something went wrong')))
  await b.wish('a')
  for (let look = 0; look < 6; look += 1) {
    await b.clock.advance(5_000)
    await lane.tick()
  }
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(new Set(sends(proxy)).size, 1, 'one transaction, whatever was answered')
  t.is(await b.nonce(), 1)
})

test.serial('scenario 46: a nonce that a foreign transaction has used is not used; the next one is', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await lane.tick()
  await b.foreign(0)
  await b.mine()
  await b.wish('a')
  await b.wish('b')
  await lane.tick()
  for (let round = 0; round < 6; round += 1) {
    await b.clock.advance(5_000)
    await lane.block()
  }
  t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
  t.deepEqual([await b.hits('a'), await b.hits('b'), await b.nonce()], [1, 1, 3])
})

test.serial(
  'scenario 47: "nonce too high" walks nowhere: the nonce stays and the same bytes are sent again',
  async t => {
    const { b, proxy } = await behindProxy(t)
    const lane = await b.start()
    proxy.on('eth_sendRawTransaction', first(3, refusing('nonce too high')))
    await b.wish('a')
    for (let look = 0; look < 6; look += 1) {
      await b.clock.advance(5_000)
      await lane.tick()
    }
    await lane.block(3)
    const { state, attempts } = await b.tx('a')
    t.is(state, 'confirmed')
    t.true(attempts.every(({ nonce }) => nonce === 0))
    t.is(await b.nonce(), 1)
  },
)

test.serial('scenario 48: a replacement that is underpriced is raised at its nonce until it is taken', async t => {
  const { b, proxy } = await behindProxy(t)
  const lane = await b.start()
  proxy.on('eth_sendRawTransaction', first(2, refusing('replacement transaction underpriced')))
  await b.wish('a')
  for (let look = 0; look < 4; look += 1) {
    await b.clock.advance(5_000)
    await lane.tick()
  }
  const { attempts } = await b.tx('a')
  t.true(attempts.length > 1)
  t.true(attempts.every(({ nonce }) => nonce === 0))
  const fees = (await versions(b)).map(({ maxFeePerGas }) => maxFeePerGas)
  t.true(fees.every((fee, at) => at === 0 || fee * 10n >= (fees[at - 1] ?? 0n) * 11n))
  await lane.block(3)
  t.is(await b.hits('a'), 1)
})

test.serial('scenario 49: "already known" is as good as sent', async t => {
  const { b, proxy } = await behindProxy(t)
  const lane = await b.start()
  proxy.on(
    'eth_sendRawTransaction',
    first(1, async (_, forward) => {
      await forward()
      return { error: { code: -32000, message: 'already known' } }
    }),
  )
  await b.wish('a')
  await lane.tick()
  t.like((await b.tx('a')).attempts[0], { state: 'broadcast', nonce: 0 })
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(sends(proxy).length, 1)
})

for (const [answer, reply] of [
  ['an error', { error: { code: -32000, message: 'no price today' } }],
  ['"23.5"', { result: '23.5' }],
] as const) {
  test.serial(`scenario 54: a node that answers ${answer} to the question of the price crashes nothing`, async t => {
    const { b, proxy } = await behindProxy(t)
    const lane = await b.start()
    for (const method of ['eth_maxPriorityFeePerGas', 'eth_gasPrice'])
      proxy.on(
        method,
        first(2, async () => reply),
      )
    await b.wish('a')
    for (let look = 0; look < 5; look += 1) {
      await b.clock.advance(5_000)
      await lane.tick()
    }
    await lane.block(3)
    t.is((await b.tx('a')).state, 'confirmed')
    t.is(await b.hits('a'), 1)
  })
}

test.serial('scenario 56: every transaction in flight is looked at in every look, not one after the other', async t => {
  const b = await bench(t)
  const lane = await b.start()
  for (const key of ['a', 'b', 'c']) await b.wish(key, { confirmations: 0 })
  await lane.tick()
  await b.mine()
  await lane.tick()
  t.deepEqual(await b.states(['a', 'b', 'c']), ['confirmed', 'confirmed', 'confirmed'])
})

test.serial(
  'scenario 57: unmined for too long it is replaced at its nonce, by a tenth at least and not below the market',
  async t => {
    const b = await bench(t)
    const lane = await b.start()
    await b.wish('a')
    await lane.tick()
    await b.clock.advance(59_000)
    await lane.tick()
    t.is((await b.tx('a')).attempts.length, 1, 'not before its time')
    await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 20n * GWEI })
    await b.mine() // too dear for it
    await b.clock.advance(2_000)
    await lane.tick()
    const { attempts } = await b.tx('a')
    t.deepEqual(
      attempts.map(({ nonce }) => nonce),
      [0, 0],
    )
    const [before, after] = (await versions(b)).map(({ maxFeePerGas }) => maxFeePerGas)
    t.true((after ?? 0n) * 10n >= (before ?? 0n) * 11n)
    t.true((after ?? 0n) >= 17n * GWEI, 'the next block asks an eighth less than 20')
    await lane.block()
    for (let round = 0; round < 4; round += 1) await lane.block()
    t.is((await b.tx('a')).state, 'confirmed')
  },
)

test.serial(
  'scenario 58: when an older version is mined that is the outcome, and nothing is sent a third time',
  async t => {
    const { b, proxy } = await behindProxy(t)
    const lane = await b.start()
    await b.wish('a')
    await lane.tick()
    const [older] = sends(proxy)
    await lane.deliver({ type: 'bump', intentKey: 'a' })
    const [{ hash } = { hash: '' }, newer] = (await b.tx('a')).attempts
    await b.chain.dropTransaction({ hash: newer?.hash as `0x${string}` })
    await b.client.sendRawTransaction({ serializedTransaction: older as `0x${string}` })
    await lane.block(3)
    t.like(await b.tx('a'), { state: 'confirmed', minedHash: hash })
    t.is(sends(proxy).length, 2)
    t.is(await b.hits('a'), 1)
  },
)

test.serial(
  'scenario 59: "nonce too low" on a replacement means looking for the receipt, never the next nonce',
  async t => {
    const { b, proxy } = await behindProxy(t)
    const lane = await b.start()
    await b.wish('a')
    await lane.tick()
    proxy.on('eth_sendRawTransaction', async (_, forward) => {
      await b.mine() // the older version lands just before the replacement arrives
      return forward()
    })
    await b.clock.advance(60_000)
    await lane.tick()
    await lane.tick()
    await lane.block(3)
    const { state, attempts } = await b.tx('a')
    t.is(state, 'confirmed')
    t.true(attempts.every(({ nonce }) => nonce === 0))
    t.deepEqual([await b.hits('a'), await b.nonce()], [1, 1])
  },
)

test.serial('scenario 60: what was taken back keeps its nonce; the next transaction has its own', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  await b.cancel('a', 'the batch was given up')
  await b.wish('b')
  await lane.look()
  t.is((await b.tx('b')).nonce, 1)
  for (let round = 0; round < 5; round += 1) await lane.block()
  t.deepEqual(await b.states(['a', 'b']), ['cancelled', 'confirmed'])
  t.deepEqual([await b.hits('a'), await b.hits('b'), await b.nonce()], [0, 1, 2])
})

test.serial('scenario 64: receipts that cannot be read stop nothing; they are read later', async t => {
  const { b, proxy } = await behindProxy(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  proxy.on('eth_getTransactionReceipt', first(4, refusing('internal error')))
  for (let round = 0; round < 8; round += 1) {
    await b.clock.advance(1_000)
    await lane.block()
  }
  t.is((await b.tx('a')).state, 'confirmed')
  t.is((await b.tx('a')).attempts.length, 1)
  t.is(await b.hits('a'), 1)
})

test.serial(
  'scenario 84: killed between writing and sending, the same bytes are sent once, with the same nonce',
  async t => {
    const { b, proxy } = await behindProxy(t)
    const dying = await b.start({
      crashPoint: point => {
        if (point === 'attempts-committed') throw new Error('killed')
      },
    })
    await b.wish('a')
    await t.throwsAsync(dying.tick(), { message: 'killed' })
    t.is(sends(proxy).length, 0)
    const [written] = (await b.tx('a')).attempts
    const lane = await b.start()
    await lane.tick()
    const { attempts } = await b.tx('a')
    t.deepEqual([attempts.length, attempts[0]?.hash, attempts[0]?.nonce], [1, written?.hash, 0])
    t.is(sends(proxy).length, 1)
    await lane.block(3)
    t.deepEqual([await b.hits('a'), await b.nonce()], [1, 1])
  },
)

test.serial('scenario 85: mined while the daemon was away it is known by its hash, and nothing is sent', async t => {
  const { b, proxy } = await behindProxy(t)
  const before = await b.start()
  await b.wish('a')
  await before.tick()
  await b.mine(5)
  const after = await b.start()
  await after.tick()
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(sends(proxy).length, 1)
})

test.serial(
  'scenario 86: still pending after a restart it is followed with all its versions, and replaced only in time',
  async t => {
    const b = await bench(t)
    const before = await b.start()
    await b.wish('a')
    await before.tick()
    await before.deliver({ type: 'bump', intentKey: 'a' })
    const after = await b.start()
    await after.tick()
    await after.tick()
    t.is((await b.tx('a')).attempts.length, 2, 'a restart is no reason for another version')
    await b.clock.advance(60_000)
    await after.tick()
    t.is((await b.tx('a')).attempts.length, 3)
    await after.block(3)
    t.deepEqual([(await b.tx('a')).state, await b.hits('a'), await b.nonce()], ['confirmed', 1, 1])
  },
)

test.serial('scenario 87: gone from the mempool after a restart, the same bytes are sent again', async t => {
  const { b, proxy } = await behindProxy(t)
  const before = await b.start()
  await b.wish('a')
  await before.tick()
  await b.emptyPool()
  const after = await b.start()
  for (let round = 0; round < 3; round += 1) await after.block()
  await after.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(new Set(sends(proxy)).size, 1)
  t.is((await b.tx('a')).attempts.length, 1)
})
