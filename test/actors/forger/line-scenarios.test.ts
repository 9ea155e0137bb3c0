/** Numbered scenarios about faults, late news and reorganisations, on coordinator, pipeline and sender together. */
import test, { type ExecutionContext } from 'ava'
import type { RoleContext } from '../../../src/role.ts'
import type { ForgerConfig } from '../../../src/actors/forger/config.ts'
import { explainForger } from '../../../src/actors/forger/explain.ts'
import { l1Digest } from '../../../src/actors/forger/l1-digest.ts'
import { proofBook } from '../../../src/actors/forger/proof-book.ts'
import type { Groth16Proof } from '../../../src/actors/lanes/prover/proof.ts'
import { Batch, Epoch } from '../../../src/entities/forger/batch.ts'
import { L1Tx } from '../../../src/entities/forger/chain-facts.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { openLine, type ForgerLine } from '../../support/forger-line.ts'
import { wrongIn } from '../../support/line-invariants.ts'
import { batches, pool } from '../../support/line-picture.ts'
import { groth16 } from '../../support/scripted-prover.ts'

const database = useForgerDatabase(test)

const L1_TX = {
  queue: 0n,
  position: 0,
  txId: '0x00',
  fromEthAddr: `0x${'1'.repeat(40)}`,
  fromBjj: `0x${'2'.repeat(64)}`,
  fromIdx: 0n,
  loadAmountF: 0n,
  amountF: 0n,
  tokenId: 0n,
  toIdx: 0n,
  encoded: '0x1234',
  blockNumber: 1n,
  ethTxHash: '0x1',
}

const start = async (t: ExecutionContext, txs = 0): Promise<ForgerLine> => {
  const line = await openLine(await database(t))
  for (let at = 0; at < txs; at += 1) await line.addTx(at)
  return line
}
const fine = async (t: ExecutionContext, { orm }: ForgerLine): Promise<boolean> => t.deepEqual(await wrongIn(orm), [])

const epochs = ({ orm }: ForgerLine): Promise<number> => orm.em.fork().count(Epoch)
const intents = async ({ orm }: ForgerLine): Promise<string[]> =>
  (await orm.em.fork().find(Intent, {}, { orderBy: { id: 'asc' } })).map(({ subject, state }) => `${subject} ${state}`)
const set = ({ orm }: ForgerLine, change: string, where: string): Promise<unknown> =>
  orm.em.fork().execute(`update kernel.intent set ${change} where ${where}`)

/** All that is built is proven and sent. */
async function send(line: ForgerLine): Promise<void> {
  await line.settle()
  while (await line.prove()) await line.settle()
  await line.chain.send()
  await line.settle()
}

async function land(line: ForgerLine): Promise<void> {
  await send(line)
  await line.chain.mine()
  await line.settle()
}

test('scenario 12: a run waits for no prover; what it has built waits for the first that comes', async t => {
  const line = await start(t, 9)
  await line.settle()
  t.deepEqual(await batches(line), ['2 built', '3 built', '4 built'], 'as many as may wait, and no more')
  await line.chain.forgeForeign()
  await line.settle()
  t.is((await batches(line))[0], '2 superseded', 'messages are handled meanwhile')
  await land(line)
  t.is(await pool(line), Array(9).fill('fged').join())
  await fine(t, line)
})

test('scenario 15: whatever fails while a foreign batch is handled, all of it is done again, the pool included', async t => {
  for (const when of ['before', 'after'] as const) {
    for (let skip = 0; skip < 4; skip += 1) {
      const line = await start(t, 3)
      await send(line)
      await line.chain.setOurs(false)
      await line.chain.forgeForeign()
      line.inject({ skip, when })
      await line.settle()
      await line.settle()
      t.deepEqual((await batches(line)).slice(0, 2), ['2 superseded', '2 mined'], `transaction ${skip}, ${when}`)
      t.is(await pool(line), 'pend,pend,pend')
      t.deepEqual(await intents(line), ['batch/2 cancelling'])
      await fine(t, line)
    }
  }
})

test('scenario 43: a batch that is too dear to send is kept, blocks nothing else and says why', async t => {
  const line = await start(t, 3)
  await line.settle()
  await line.prove()
  await line.settle()
  const because = 'the market asks 5.5 gwei, the ceiling is 5 gwei'
  await set(line, `because = '${because}'`, `state = 'queued'`)
  for (let look = 0; look < 5; look += 1) await line.settle()
  t.deepEqual(await batches(line), ['2 proven'])
  t.is(await epochs(line), 1, 'the run goes on')
  const context = { orm: () => line.orm, config: { confirmBlocks: 3 } } as unknown as RoleContext<ForgerConfig> // all it uses
  t.like(await explainForger(context, 'batch/2'), { state: 'proven', because })
  await line.addTx(0)
  await line.settle()
  t.deepEqual(await batches(line), ['2 proven', '3 built'], 'the next one is built meanwhile')
  await land(line)
  t.deepEqual(await batches(line), ['2 mined', '3 mined'])
  await fine(t, line)
})

test('scenario 52: what a discarded run still finishes is dropped, never sent', async t => {
  const line = await start(t, 3)
  await line.settle()
  const book = proofBook(() => line.orm.em.fork())
  const [waiting] = (await book.load(1)).waiting
  const at = line.clock.now()
  const lease = await book.claim({ batch: waiting?.batch ?? '', prover: 'slow', at, deadlineAt: at + 60_000 })
  await line.chain.setOurs(false)
  await line.settle()
  t.deepEqual(await batches(line), ['2 discarded'])
  await line.chain.setOurs(true)
  await line.settle()
  const proof = groth16(lease?.publicInput ?? 0n) as Groth16Proof // shaped as one
  t.is(await book.settle(lease?.job ?? '', { as: 'proven', proof }, at), 'unwanted')
  await line.settle()
  t.deepEqual(await batches(line), ['2 discarded', '2 built'])
  t.deepEqual(await intents(line), [])
  await fine(t, line)
})

test('scenario 53: a database that fails after the broadcast loses nothing: the batch is followed, its transactions noted', async t => {
  for (const when of ['before', 'after'] as const) {
    const line = await start(t, 3)
    await line.settle()
    await line.prove()
    await line.settle()
    await line.chain.send()
    line.inject({ skip: 0, when })
    await line.settle()
    await line.settle()
    t.deepEqual([await batches(line), await pool(line)], [['2 sent'], 'fged,fged,fged'], when)
    await line.chain.mine()
    await line.settle()
    t.deepEqual([await batches(line), line.crashes()], [['2 mined'], 1])
    await fine(t, line)
  }
})

test('scenario 62: a batch of ours that a reorganisation makes invalid is built again, with all after it', async t => {
  const line = await start(t, 6)
  await land(line)
  t.deepEqual(await batches(line), ['2 mined', '3 mined'])
  await line.chain.reorg(1)
  await line.settle()
  t.deepEqual(await batches(line), ['2 sent', '3 sent'])
  await set(line, `state = 'reverted', because = 'INVALID_PROOF', settled_at = now()`, `subject = 'batch/2'`)
  await line.settle()
  t.deepEqual((await batches(line)).slice(0, 4), ['2 failed', '3 discarded', '2 built', '3 built'])
  t.deepEqual((await intents(line)).slice(0, 2), ['batch/2 reverted', 'batch/3 cancelling'])
  await land(line)
  t.is(await pool(line), 'fged,fged,fged,fged,fged,fged')
  await fine(t, line)
})

test('scenario 62: a batch whose slot was lost in a reorganisation is not sent; it is built again in the next slot', async t => {
  const line = await start(t, 3)
  await send(line)
  await line.chain.reorg(1)
  await line.chain.setOurs(false)
  await set(line, `state = 'cancelled', because = 'block 40 has passed', settled_at = now()`, `subject = 'batch/2'`)
  await line.settle()
  t.deepEqual([await batches(line), await pool(line)], [['2 failed'], 'pend,pend,pend'])
  await line.chain.setOurs(true)
  await land(line)
  t.deepEqual(await batches(line), ['2 failed', '2 mined'])
  await fine(t, line)
})

test('scenario 62: a batch on an L1 queue that a reorganisation filled otherwise is built again, and not sent meanwhile', async t => {
  const line = await start(t, 6)
  await line.settle()
  const em = line.orm.em.fork()
  await em.execute(`update forger.batch set l1_queue = 0, l1_digest = ? where num = 2`, [l1Digest([])])
  await line.prove()
  await line.settle()
  t.deepEqual(await intents(line), ['batch/2 queued'], 'the queue holds what it held')
  await em.execute(`update forger.batch set intent_key = null`)
  await em.execute('delete from kernel.intent')
  await em.insert(L1Tx, L1_TX)
  await line.forward()
  t.deepEqual(await intents(line), [], 'the sender sees it as well')
  await line.settle()
  t.deepEqual((await batches(line)).slice(0, 4), ['2 discarded', '3 discarded', '2 built', '3 built'])
  const [gone] = await line.orm.em.fork().find(Batch, { num: 2 }, { orderBy: { id: 'asc' }, limit: 1 })
  t.is(gone?.because, 'reorg: its L1 queue holds other transactions now')
  await land(line)
  t.is(await pool(line), 'fged,fged,fged,fged,fged,fged')
  await fine(t, line)
})

test('scenario 68: a foreign base that is in the new blocks again changes nothing for what was built on it', async t => {
  const line = await start(t, 3)
  await line.chain.forgeForeign()
  await line.settle()
  await line.prove()
  t.deepEqual(await batches(line), ['2 mined', '3 proven'])
  await line.chain.reorg(1, 'included')
  await line.settle()
  t.deepEqual([await batches(line), await epochs(line)], [['2 mined', '3 proven'], 1])
  await land(line)
  t.deepEqual(await batches(line), ['2 mined', '3 mined'])
  await fine(t, line)
})

test('scenario 69: own batches that are in the new blocks again stay mined, in another block', async t => {
  const line = await start(t, 3)
  await land(line)
  await line.chain.mine()
  await line.chain.reorg(2, 'included')
  await line.settle()
  t.deepEqual([await batches(line), await epochs(line)], [['2 mined'], 1])
  const [batch] = await line.orm.em.fork().find(Batch, { num: 2 })
  t.is(batch?.mineBlock, BigInt(line.chain.head()))
  await fine(t, line)
})

test('scenario 70: a reorganisation of the base while proofs run stops them, and nothing of them is sent', async t => {
  const line = await start(t, 6)
  await line.chain.forgeForeign()
  await line.settle()
  const book = proofBook(() => line.orm.em.fork())
  const at = line.clock.now()
  for (const [index, { batch }] of (await book.load(2)).waiting.entries()) {
    await book.claim({ batch, prover: `prover-${index}`, at, deadlineAt: at + 60_000 })
  }
  t.deepEqual(await batches(line), ['2 mined', '3 proving', '4 proving'])
  await line.chain.reorg(1)
  await line.settle()
  t.deepEqual((await batches(line)).slice(0, 3), ['2 discarded', '3 discarded', '4 discarded'])
  t.deepEqual(
    (await book.load(9)).open.map(({ prover, wanted }) => [prover, wanted]),
    [
      ['prover-0', false],
      ['prover-1', false],
    ],
    'the pool cancels what nobody wants',
  )
  t.deepEqual(await intents(line), [])
  await land(line)
  t.is(await pool(line), 'fged,fged,fged,fged,fged,fged')
  await fine(t, line)
})

test('scenario 71: without a run a reorganisation is settled just the same: the pool rolls back, the queue is cleaned', async t => {
  const line = await start(t, 3)
  await line.chain.forgeForeign()
  await send(line)
  t.deepEqual(await batches(line), ['2 mined', '3 sent'])
  await line.chain.setOurs(false)
  await line.settle()
  await line.chain.reorg(1)
  await line.settle()
  t.deepEqual([await batches(line), await pool(line)], [['2 discarded', '3 discarded'], 'pend,pend,pend'])
  t.deepEqual(await intents(line), ['batch/3 cancelling'])
  t.is(await epochs(line), 1)
  await fine(t, line)
})
