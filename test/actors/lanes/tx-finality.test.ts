/** Transactions that wait for a block tag of the consensus layer. anvil calls a block safe after 32 more, finalized after 64. */
import test from 'ava'
import { useTxLane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

test.serial('a wish for a finalized block is told of when its block is finalized, not at its depth', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('deep', { confirmations: 2, finality: 'finalized' })
  await b.wish('safe', { confirmations: 2, finality: 'safe' })
  await b.wish('shallow', { confirmations: 2 })
  await lane.tick()
  await lane.block(3)
  t.deepEqual(await b.states(['deep', 'safe', 'shallow']), ['mined', 'mined', 'confirmed'])
  await lane.block(30)
  t.deepEqual(await b.states(['deep', 'safe']), ['mined', 'confirmed'])
  await lane.block(31)
  t.is((await b.tx('deep')).state, 'mined')
  await lane.block(2)
  t.is((await b.tx('deep')).state, 'confirmed')
  t.is(await b.hits('deep'), 1)
})

test.serial('what asks for no tag waits for the one of its chain', async t => {
  const b = await bench(t)
  const lane = await b.start({ finality: 'safe' })
  await b.wish('a', { confirmations: 1 })
  await lane.tick()
  await lane.block(20)
  t.is((await b.tx('a')).state, 'mined')
  await lane.block(20)
  t.is((await b.tx('a')).state, 'confirmed')
})

test.serial('a chain that tells of no finalized block is said once, and the wish waits', async t => {
  const b = await bench(t)
  const unknown = { error: { code: -39_001, message: 'finalized block not found' } }
  b.proxy.on('eth_getBlockByNumber', async (call, through) => (call.params[0] === 'finalized' ? unknown : through()))
  const lane = await b.start()
  await b.wish('a', { confirmations: 1, finality: 'finalized' })
  await lane.tick()
  await lane.block(80)
  await lane.block()
  t.is((await b.tx('a')).state, 'mined')
  b.proxy.on('eth_getBlockByNumber', null)
  await lane.block()
  t.is((await b.tx('a')).state, 'confirmed')
})
