import test, { type ExecutionContext } from 'ava'
import type { StopPipeline } from '../../../src/actors/forger/messages.ts'
import { Batch, Epoch } from '../../../src/entities/forger/batch.ts'
import { ForgedBatch } from '../../../src/entities/forger/chain-facts.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { openLine, type ForgerLine } from '../../support/forger-line.ts'
import { wrongIn } from '../../support/line-invariants.ts'
import { batches, pool } from '../../support/line-picture.ts'

const database = useForgerDatabase(test)

const start = async (t: ExecutionContext, txs = 0): Promise<ForgerLine> => {
  const line = await openLine(await database(t))
  for (let at = 0; at < txs; at += 1) await line.addTx(at)
  return line
}
const fine = async (t: ExecutionContext, { orm }: ForgerLine): Promise<boolean> => t.deepEqual(await wrongIn(orm), [])

const epochs = ({ orm }: ForgerLine): Promise<Epoch[]> => orm.em.fork().find(Epoch, {}, { orderBy: { number: 'asc' } })
const intents = async ({ orm }: ForgerLine): Promise<string[]> =>
  (await orm.em.fork().find(Intent, {}, { orderBy: { id: 'asc' } })).map(({ subject, state }) => `${subject} ${state}`)

/** All that is built is proven, sent and mined. */
async function land(line: ForgerLine): Promise<void> {
  await line.settle()
  while (await line.prove()) await line.settle()
  await line.chain.send()
  await line.settle()
  await line.chain.mine()
  await line.settle()
}

/** Tells to give up the newest build of a number. */
async function stop({ orm }: ForgerLine, num: number): Promise<StopPipeline> {
  const [batch] = await orm.em.fork().find(Batch, { num }, { orderBy: { id: 'desc' }, limit: 1 })
  return { type: 'StopPipeline', reason: 'forgeBatch shouldSend: no', failedBatch: { id: batch?.id ?? 0n, num } }
}

async function pause({ orm }: ForgerLine, paused: boolean): Promise<void> {
  await orm.em
    .fork()
    .upsert(RoleControl, { role: 'forger', paused, by: 'operator', reason: 'upgrade', changedAt: new Date(0) })
}

test('scenarios 22, 55: pending transfers are forged in batches on top of each other and become final', async t => {
  const line = await start(t, 5)
  await line.settle()
  t.deepEqual(await batches(line), ['2 built', '3 built'])
  t.is(await pool(line), 'fing,fing,fing,fing,fing')
  await land(line)
  t.deepEqual(await batches(line), ['2 mined', '3 mined'])
  t.is(await pool(line), 'fged,fged,fged,fged,fged')
  for (let at = 0; at < 3; at += 1) await line.chain.mine()
  await line.settle()
  t.deepEqual(await batches(line), ['2 final', '3 final'])
  t.is(line.chain.forged().length, 3)
  await fine(t, line)
})

test('scenario 41: what a batch costs in gas is known before it is sent: a part for each transaction', async t => {
  const line = await start(t, 2)
  await line.settle()
  await line.prove()
  await line.settle()
  const [intent] = await line.orm.em.fork().find(Intent, {})
  t.is(intent?.gasLimit, 901_200n)
  t.is(intent?.state, 'queued')
})

test('scenario 30: proofs that arrive out of order are handed on in order', async t => {
  const line = await start(t, 6)
  await line.settle()
  await line.orm.em.fork().execute("update forger.batch set proof = '{}', state = 'proven' where num = 3")
  await line.settle()
  t.deepEqual(await intents(line), [], 'the batch before it is not proven')
  await line.orm.em.fork().execute("update forger.batch set proof = null, state = 'built' where num = 3")
  await line.prove()
  await line.prove()
  await line.settle()
  t.deepEqual(await intents(line), ['batch/2 queued', 'batch/3 queued'])
})

test('scenarios 32, 38: a batch that failed is never overtaken by the one after it, and both go back to the pool', async t => {
  const line = await start(t, 6)
  await line.settle()
  await line.prove('failed')
  await line.prove()
  t.deepEqual(await batches(line), ['2 failed', '3 proven'])
  await line.settle()
  t.deepEqual((await batches(line)).slice(0, 4), ['2 failed', '3 discarded', '2 built', '3 built'])
  t.deepEqual(await intents(line), [], 'nothing of either reached the lane')
  const [first, second] = await epochs(line)
  t.like(first, { number: 1, failedBatch: 2, reason: 'Pipeline.waitServerProof: status failed' })
  t.like(second, { number: 2, fromBatch: 1, stoppedAt: null })
  await land(line)
  t.is(await pool(line), 'fged,fged,fged,fged,fged,fged')
  await fine(t, line)
})

test('scenarios 28, 63: StopPipeline gives up the batch and all after it, and takes back what is in flight', async t => {
  const line = await start(t, 6)
  await line.settle()
  await line.prove()
  await line.settle()
  await line.chain.send()
  await pause(line, true)
  await line.tell(await stop(line, 2))
  t.deepEqual(await batches(line), ['2 discarded', '3 discarded'])
  t.is(await pool(line), 'pend,pend,pend,pend,pend,pend')
  t.deepEqual(await intents(line), ['batch/2 cancelling'])
  t.like((await epochs(line))[0], { failedBatch: 2, reason: 'forgeBatch shouldSend: no' })
  await fine(t, line)
})

test('a StopPipeline that comes late does not touch the build that took the place of the one it is about', async t => {
  const line = await start(t, 3)
  await line.settle()
  await line.prove()
  const late = await stop(line, 2)
  await line.tell(late)
  await line.settle()
  t.deepEqual(await batches(line), ['2 discarded', '2 built'])
  await line.tell(late)
  t.deepEqual(await batches(line), ['2 discarded', '2 built'])
  t.is((await epochs(line)).at(-1)?.stoppedAt, null)
  await land(line)
  t.deepEqual(await batches(line), ['2 discarded', '2 mined'])
  await fine(t, line)
})

test('scenarios 50, 81: a batch that is proven after its slot ended is not sent, and its transactions wait again', async t => {
  const line = await start(t, 3)
  await line.settle()
  await line.prove()
  await line.chain.setOurs(false)
  await line.settle()
  t.deepEqual(await batches(line), ['2 discarded'])
  t.is(await pool(line), 'pend,pend,pend')
  t.deepEqual(await intents(line), [])
  t.truthy((await epochs(line))[0]?.stoppedAt)
  await line.chain.setOurs(true)
  await land(line)
  t.deepEqual(await batches(line), ['2 discarded', '2 mined'])
  t.is((await epochs(line)).at(-1)?.number, 2)
  await fine(t, line)
})

test('scenario 80: when the slot ends, what is in flight stays in flight', async t => {
  const line = await start(t, 3)
  await line.settle()
  await line.prove()
  await line.settle()
  await line.chain.send()
  await line.chain.setOurs(false)
  await line.settle()
  t.deepEqual(await batches(line), ['2 sent'])
  await line.chain.mine()
  await line.settle()
  t.deepEqual(await batches(line), ['2 mined'])
  await fine(t, line)
})

test('scenarios 63, 65: a reverted batch is built again, with all after it', async t => {
  const line = await start(t, 6)
  await line.settle()
  await line.prove()
  await line.prove()
  await line.settle()
  await line.chain.send()
  await line.orm.em
    .fork()
    .execute(
      "update kernel.intent set state = 'reverted', because = 'INVALID_PROOF', settled_at = now() where nonce = 0",
    )
  await line.settle()
  t.deepEqual((await batches(line)).slice(0, 4), ['2 failed', '3 discarded', '2 built', '3 built'])
  t.deepEqual((await intents(line)).slice(0, 2), ['batch/2 reverted', 'batch/3 cancelling'])
  await land(line)
  t.is(await pool(line), 'fged,fged,fged,fged,fged,fged')
  await fine(t, line)
})

test('scenarios 66, 67, 88: another forger’s batch takes our number: ours is built again on top of it', async t => {
  const line = await start(t, 3)
  await line.settle()
  await line.prove()
  await line.settle()
  await line.chain.send()
  await line.chain.forgeForeign()
  await line.settle()
  t.deepEqual(await batches(line), ['2 superseded', '2 mined', '3 built'])
  t.deepEqual(await intents(line), ['batch/2 cancelling'])
  await line.chain.forgeForeign()
  await line.chain.forgeForeign()
  await land(line)
  t.is(line.chain.forged().filter(({ ours }) => ours).length, 2, 'the base and ours')
  t.is(await pool(line), 'fged,fged,fged')
  await fine(t, line)
})

test('scenarios 61, 69: own batches that a reorganisation drops are sent again, and the run goes on', async t => {
  const line = await start(t, 3)
  await land(line)
  await line.chain.reorg(1)
  await line.settle()
  t.deepEqual(await batches(line), ['2 sent'])
  await line.chain.mine()
  await line.settle()
  t.deepEqual(await batches(line), ['2 mined'])
  t.is((await epochs(line)).length, 1)
  await fine(t, line)
})

test('scenarios 68, 70: a foreign base that is reorganised away takes all with it that was built on it', async t => {
  const line = await start(t, 3)
  await line.chain.forgeForeign()
  await line.settle()
  t.deepEqual(await batches(line), ['2 mined', '3 built'])
  await line.chain.reorg(1)
  await line.settle()
  t.deepEqual(await batches(line), ['2 discarded', '3 discarded', '2 built'])
  await land(line)
  t.is(await pool(line), 'fged,fged,fged')
  await fine(t, line)
})

test('pausing finishes what is in flight and starts nothing new, also after a restart', async t => {
  const line = await start(t, 6)
  await line.settle()
  await pause(line, true)
  for (let at = 0; at < 3; at += 1) await line.addTx(at)
  await line.kill()
  await land(line)
  t.deepEqual(await batches(line), ['2 mined', '3 mined'])
  t.is(await pool(line), 'fged,fged,fged,fged,fged,fged,pend,pend,pend')
  await pause(line, false)
  await land(line)
  t.deepEqual(await batches(line), ['2 mined', '3 mined', '4 mined'])
  await fine(t, line)
})

test('scenario 82: a crash after selection loses a batch’s work but no transaction and no number', async t => {
  for (const when of ['before', 'after'] as const) {
    for (let skip = 0; skip < 4; skip += 1) {
      const line = await start(t, 3)
      line.inject({ skip, when })
      await land(line)
      await land(line)
      t.deepEqual([await batches(line), line.crashes()], [['2 mined'], 1], `transaction ${skip}, ${when} its commit`)
      t.is(await pool(line), 'fged,fged,fged')
      await fine(t, line)
    }
  }
})

test('scenario 19: empty batches wait for their delay; then one is forged', async t => {
  const line = await openLine(await database(t), { forgeNoTxsDelay: 60_000 })
  await line.settle()
  t.deepEqual(await batches(line), ['2 built'], 'the first of a run waits for nothing')
  await line.settle()
  t.deepEqual(await batches(line), ['2 built'])
  await line.addTx(0)
  await line.settle()
  t.deepEqual(await batches(line), ['2 built', '3 built'], 'a transaction that comes later is selected')
  await line.clock.advance(60_000)
  await line.settle()
  t.deepEqual(await batches(line), ['2 built', '3 built', '4 built'])
  await fine(t, line)
})

test('a foreign batch that cannot be read stops the run instead of colliding with it', async t => {
  const line = await start(t, 3)
  await line.settle()
  await line.chain.forgeForeign()
  await line.orm.em.fork().nativeDelete(ForgedBatch, { batchNum: 2 })
  await line.orm.em.fork().nativeUpdate(Batch, { num: 2 }, { state: 'discarded' })
  await line.settle()
  t.regex((await epochs(line))[0]?.reason ?? '', /batch 2 is on the chain/)
  t.deepEqual(await batches(line), ['2 discarded'])
})
