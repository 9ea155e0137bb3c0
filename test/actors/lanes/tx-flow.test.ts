/** The ordinary life of wishes on a real chain: in order, once, and told. */
import test from 'ava'
import { encodeFunctionData } from 'viem'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { listAccounts } from '../../../src/entities/kernel/account-view.ts'
import { listTransactions } from '../../../src/entities/kernel/transaction-view.ts'
import { sentence } from '../../../src/entities/kernel/transaction-words.ts'
import { acknowledge, untold, wish } from '../../../src/actors/lanes/wish.ts'
import { counterAbi } from '../../support/counter.ts'
import { useTxLane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

test.serial(
  'twenty wishes are sent at once with rising nonces, mined in order and confirmed at their depth',
  async t => {
    const b = await bench(t)
    const lane = await b.start()
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`)
    await lane.tick()
    for (const key of keys) await b.wish(key)
    await lane.look()
    const sent = await Promise.all(keys.map(b.tx))
    t.deepEqual(
      sent.map(tx => tx.nonce),
      keys.map((_, index) => index),
    )
    t.true(sent.every(tx => tx.state === 'sent' && tx.attempts[0]?.state === 'broadcast'))
    await lane.block()
    t.deepEqual([...new Set(await b.states(keys))], ['mined'])
    t.is(lane.sent.filter(({ to }) => to === 'forger/coordinator').length, 0)
    await lane.block()
    t.deepEqual([...new Set(await b.states(keys))], ['mined'])
    await lane.block()
    t.deepEqual([...new Set(await b.states(keys))], ['confirmed'])
    t.deepEqual(lane.sent.filter(({ to }) => to === 'forger/coordinator').length, 1)
    for (const key of keys) t.is(await b.hits(key), 1)
    t.is(await b.nonce(), 20)
  },
)

test.serial('an outcome is told until it is acknowledged', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a', { confirmations: 0 })
  await lane.tick()
  await lane.block()
  t.is((await b.tx('a')).state, 'confirmed')
  lane.sent.length = 0
  await lane.tick()
  t.is(lane.sent.length, 1)
  await b.orm.em.fork().transactional(async em => acknowledge(em, await untold(em, 'forger'), b.clock))
  lane.sent.length = 0
  await lane.tick()
  t.is(lane.sent.length, 0)
})

test.serial('the same key with the same content is one wish, with another it is an error', async t => {
  const b = await bench(t)
  const first = await b.wish('a')
  const second = await b.wish('a')
  t.is(first.id, second.id)
  const error = await t.throwsAsync(b.wish('a', { value: 1n }))
  t.like(error, { code: 'TX_001', facts: { field: 'value' } })
  t.is(await b.orm.em.fork().count(Intent), 1)
})

test.serial('a wish in a transaction that does not commit was never made', async t => {
  const b = await bench(t)
  const undone = b.orm.em.fork().transactional(async em => {
    await wish(em, { ...b.plainWish('a') }, b.clock)
    throw new Error('changed my mind')
  })
  await t.throwsAsync(undone, { message: 'changed my mind' })
  t.is(await b.orm.em.fork().count(Intent), 0)
})

test.serial('a wish that can never be a transaction is refused', async t => {
  const b = await bench(t)
  const error = await t.throwsAsync(b.wish('a', { to: '0x12' }))
  t.like(error, { code: 'TX_002', facts: { field: 'to' } })
  t.is(await b.orm.em.fork().count(Intent), 0)
})

test.serial('a wish that reverts in simulation ends without a nonce, and the next is sent', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('bad', { data: encodeFunctionData({ abi: counterAbi, functionName: 'fail' }) })
  await b.wish('good')
  await lane.tick()
  const bad = await b.tx('bad')
  t.is(bad.state, 'reverted')
  t.is(bad.because, 'simulation: TooMany(3)')
  t.is(bad.nonce, null)
  t.is((await b.tx('good')).nonce, 0)
  t.true(lane.sent.some(({ to }) => to === 'forger/coordinator'))
})

test.serial('24: a transaction that reverts on chain is told at its depth, with the decoded reason', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await lane.tick()
  await b.wish('first')
  await b.wish('bad', { data: encodeFunctionData({ abi: counterAbi, functionName: 'fail' }) })
  await lane.look()
  await lane.block()
  t.is((await b.tx('bad')).state, 'mined')
  await lane.block(2)
  const bad = await b.tx('bad')
  t.is(bad.state, 'reverted')
  t.is(bad.because, 'TooMany(3)')
  t.is(bad.nonce, 1)
  t.is((await b.tx('first')).state, 'confirmed')
})

test.serial('a wish that cannot land in time any more is cancelled as too late and uses no nonce', async t => {
  const b = await bench(t)
  const lane = await b.start()
  const head = await b.client.getBlockNumber()
  await b.wish('late', { notAfterBlock: head })
  await b.wish('just', { notAfterBlock: head + 1n })
  await lane.tick()
  const late = await b.tx('late')
  t.is(late.state, 'cancelled')
  t.regex(late.because ?? '', /^too late: the next block is \d+, it had to land by \d+$/)
  t.is((await b.tx('just')).nonce, 0)
})

test.serial('a wish without a gas limit waits behind one in flight and is estimated when that is mined', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('first')
  await b.wish('second', { gasLimit: null })
  await lane.tick()
  t.is((await b.tx('second')).state, 'queued')
  t.regex((await b.tx('second')).because ?? '', /gas can be estimated/)
  await lane.block()
  t.is((await b.tx('second')).state, 'sent')
})

test.serial('no more are in flight than the limit says; the others wait and say why', async t => {
  const b = await bench(t)
  const lane = await b.start({ limits: { maxInFlight: 2 } })
  for (const key of ['a', 'b', 'c']) await b.wish(key)
  await lane.tick()
  await lane.look()
  t.deepEqual(await b.states(['a', 'b', 'c']), ['sent', 'sent', 'queued'])
  t.regex((await b.tx('c')).because ?? '', /2 transactions are in flight/)
  await lane.block()
  t.deepEqual(await b.states(['a', 'b', 'c']), ['mined', 'mined', 'sent'])
})

test.serial('what an operator reads is plain and JSON-safe', async t => {
  const b = await bench(t)
  const lane = await b.start({ accounts: [b.entry()] })
  await b.wish('a')
  const explained = async (): Promise<string> => sentence(await b.tx('a'))
  t.is(await explained(), 'Accepted; it is signed and sent at the next look.')
  await lane.tick()
  t.regex(await explained(), /^Sent with nonce 0 offering at most [\d.]+ gwei; waits to be mined\.$/)
  await lane.block(3)
  t.regex(await explained(), /^Done: in block \d+ as 0x[0-9a-f]{64}\.$/)
  const [only, ...others] = await listTransactions(b.orm.em.fork(), { role: 'forger' }, 50)
  t.is(others.length, 0)
  t.deepEqual(JSON.parse(JSON.stringify(only)), only)
  await lane.tick()
  const [account] = await listAccounts(b.orm.em.fork(), new Date(b.clock.now()))
  t.like(account, { nonce: 1, nextNonce: 1, inFlight: 0, queued: 0, holder: 'first', holderAlive: true })
  t.true(BigInt(account?.balanceWei ?? 0) > 0n)
  t.true(BigInt(account?.spentTodayWei ?? 0) > 0n)
  t.true((account?.runwayHours ?? 0) > 0)
})
