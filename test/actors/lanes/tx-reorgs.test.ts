/** Reorganisations and strangers: what is mined comes back, what is taken gets a new nonce only when that is final. */
import test, { type ExecutionContext } from 'ava'
import { GWEI, useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

test.serial('18: the whole tail behind a reorganised nonce is sent again in order, none lost', async t => {
  const b = await bench(t)
  const lane = await b.start()
  const keys = Array.from({ length: 50 }, (_, index) => `k${index}`)
  await lane.tick()
  await b.wish('first', { confirmations: 4 })
  await lane.look()
  await lane.block()
  for (const key of keys) await b.wish(key, { confirmations: 4 })
  await lane.look()
  await lane.reorg(1)
  t.is((await b.tx('first')).state, 'sent')
  await lane.block()
  await lane.block(5)
  t.deepEqual([...new Set(await b.states(['first', ...keys]))], ['confirmed'])
  for (const key of keys) t.is(await b.hits(key), 1)
  t.is(await b.nonce(), 51)
})

test.serial('16: re-included in another block, only the block changes; nothing is sent', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a', { confirmations: 4 })
  await lane.tick()
  await lane.block()
  const before = await b.tx('a')
  const raw = await rawOf(b, before.minedHash ?? '')
  await lane.block()
  await reorgWith(b, 2, [[raw, 1]])
  await lane.deliver({ type: 'Reorg', chain: 'local', fork: BigInt(before.minedBlock ?? 0) - 1n, depth: 2 })
  const after = await b.tx('a')
  t.is(after.state, 'mined')
  t.is(BigInt(after.minedBlock ?? 0), BigInt(before.minedBlock ?? 0) + 1n)
  await lane.block(4)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
})

test.serial('17: a reorganisation that puts a foreign transaction on our nonce ends the same way', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a', { confirmations: 3 })
  await lane.tick()
  await lane.block()
  const raw = await b.account.signTransaction({
    type: 'eip1559',
    chainId: 31_337,
    nonce: 0,
    to: b.account.address,
    gas: 21_000n,
    maxFeePerGas: 90n * GWEI,
    maxPriorityFeePerGas: GWEI,
  })
  await reorgWith(b, 1, [[raw, 0]])
  const head = await b.client.getBlockNumber()
  await lane.deliver({ type: 'Reorg', chain: 'local', fork: head - 1n, depth: 1 })
  t.like(await b.tx('a'), { state: 'sent', nonce: 0 })
  await lane.block(3)
  t.like(await b.tx('a'), { state: 'sent', nonce: 1 })
  await lane.block(4)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
})

test.serial('20: a nonce that nobody holds any more is filled within two blocks', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.foreign(0)
  await b.mine()
  await b.wish('a')
  await lane.tick()
  t.is((await b.tx('a')).nonce, 1)
  await lane.reorg(1) // the foreign one is gone: nonce 0 is missing
  await lane.block()
  await lane.block()
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
  t.true(lane.logs.some(line => line.text === 'filled a nonce gap'))
})

/** A lane with one wish that is settled, one block deep. */
async function withFinal(t: ExecutionContext) {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a', { confirmations: 1 })
  await lane.tick()
  await lane.block(2)
  t.is((await b.tx('a')).state, 'confirmed')
  return { b, lane }
}

test.serial('19: a reorganisation deeper than finality sends the same bytes again and says so loudly', async t => {
  const { b, lane } = await withFinal(t)
  await b.wish('b', { confirmations: 1 })
  await lane.look()
  await lane.reorg(3)
  await lane.block()
  await lane.block()
  await lane.block(2)
  t.is(await b.hits('a'), 1)
  t.is(await b.hits('b'), 1)
  t.is((await b.tx('b')).state, 'confirmed')
  t.true(lane.logs.some(line => line.level === 'error' && line.text.includes('deeper than its confirmations')))
})

test.serial('19: it says so at once also when nothing is open that would need the nonce', async t => {
  const { b, lane } = await withFinal(t)
  const alarms = (): number => lane.logs.filter(line => line.text.includes('deeper than its confirmations')).length
  await lane.reorg(1)
  t.is(alarms(), 0)
  await lane.reorg(3)
  t.is(alarms(), 1)
  t.is((await b.tx('a')).state, 'confirmed')
})

test.serial(
  '15: a reorganisation brings a mined one back to pending: the same bytes are sent, it lands once',
  async t => {
    const b = await bench(t)
    const lane = await b.start()
    await b.wish('a', { confirmations: 4 })
    await lane.tick()
    await lane.block()
    t.is((await b.tx('a')).state, 'mined')
    await lane.reorg(1)
    const back = await b.tx('a')
    t.like(back, { state: 'sent', minedHash: null, minedBlock: null })
    t.is(back.attempts.length, 1)
    t.is(await b.hits('a'), 0)
    await lane.block()
    t.is((await b.tx('a')).state, 'mined')
    await lane.block(4)
    t.is((await b.tx('a')).state, 'confirmed')
    t.is((await b.tx('a')).attempts.length, 1)
    t.is(await b.hits('a'), 1)
    t.is(lane.sent.filter(({ to }) => to === 'forger/coordinator').length, 1)
  },
)

test.serial(
  '21: a stranger on our key: the wish gets a new nonce only when the loss is final, and exactly once',
  async t => {
    const b = await bench(t)
    const lane = await b.start()
    await lane.tick()
    const stolen = await b.foreign(0)
    await b.wish('a', { confirmations: 3 })
    await lane.look()
    await lane.block()
    t.is((await b.client.getTransactionReceipt({ hash: stolen })).status, 'success')
    t.like(await b.tx('a'), { state: 'sent', nonce: 0 })
    t.regex((await b.tx('a')).because ?? '', /nonce 0 was used by a transaction that is not ours; waits/)
    await lane.block(2)
    t.is((await b.tx('a')).state, 'sent')
    await lane.block()
    t.like(await b.tx('a'), { state: 'sent', nonce: 1 })
    t.deepEqual(
      (await b.tx('a')).attempts.map(attempt => [attempt.nonce, attempt.state]),
      [
        [0, 'dead'],
        [1, 'broadcast'],
      ],
    )
    await lane.block(4)
    t.is((await b.tx('a')).state, 'confirmed')
    t.is(await b.hits('a'), 1)
    t.is(lane.logs.filter(line => line.level === 'error').length, 1)
  },
)

async function rawOf(b: Bench, hash: string): Promise<`0x${string}`> {
  const rows = await b.orm.em
    .fork()
    .execute<{ raw: `0x${string}` }[]>('select raw from kernel.attempt where hash = ?', [hash])
  return rows[0]?.raw ?? '0x'
}

/** anvil's reorganisation with transactions to put into the new blocks; not in viem's schema. */
async function reorgWith(b: Bench, depth: number, transactions: [string, number][]): Promise<void> {
  await b.chain.request({ method: 'anvil_reorg' as 'anvil_reset', params: [depth, transactions] as never })
}
