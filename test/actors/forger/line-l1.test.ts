/** L1 queues through reorganisations, on coordinator, pipeline and sender together, with the contract's rules. */
import test, { type ExecutionContext } from 'ava'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { openLine, type ForgerLine } from '../../support/forger-line.ts'
import { wrongIn } from '../../support/line-invariants.ts'

const database = useForgerDatabase(test)

const fine = async (t: ExecutionContext, { orm }: ForgerLine): Promise<boolean> => t.deepEqual(await wrongIn(orm), [])

/** `num state qQUEUE` of every build, oldest first. */
const batches = async ({ orm }: ForgerLine): Promise<string[]> =>
  (await orm.em.fork().find(Batch, {}, { orderBy: { id: 'asc' } })).map(
    ({ num, state, l1Queue }) => `${num} ${state}${l1Queue == null ? '' : ` q${l1Queue}`}`,
  )

async function pause({ orm }: ForgerLine, paused: boolean): Promise<void> {
  const control = { role: 'forger', paused, by: 'operator', reason: null, changedAt: new Date(0) }
  await orm.em.fork().upsert(RoleControl, control)
}

/** Blocks without anything of ours until the head is `number`. */
async function idleTo(line: ForgerLine, number: number): Promise<void> {
  while (line.chain.head() < number) {
    await line.chain.mine()
    await line.settle()
  }
}

async function land(line: ForgerLine): Promise<void> {
  await line.settle()
  while (await line.prove()) await line.settle()
  await line.chain.send()
  await line.settle()
  await line.chain.mine()
  await line.settle()
}

/** Two L1 batches are built: over queue 1, which is empty, and over queue 2, full with three deposits of the last blocks. */
async function twoL1Batches(t: ExecutionContext): Promise<ForgerLine> {
  const line = await openLine(await database(t), { l1: true })
  await pause(line, true)
  await idleTo(line, 4)
  await pause(line, false)
  await line.settle()
  await pause(line, true)
  for (let user = 0; user < 3; user += 1) await line.chain.deposit(user)
  await idleTo(line, 8)
  await pause(line, false)
  await line.settle()
  return line
}

test('scenarios 25, 26: queues are forged one after the other; a full one needs no batch before it on the chain', async t => {
  const line = await twoL1Batches(t)
  const l1 = (await batches(line)).filter(batch => batch.includes('q'))
  t.deepEqual(l1, ['2 built q1', '3 built q2'])
  for (let round = 0; round < 3; round += 1) await land(line)
  t.is(line.chain.waitingL1(), 0)
  await fine(t, line)
})

test('scenario 62: deposits that a reorganisation brings in another order: the batch on them is built again, unsent', async t => {
  const line = await twoL1Batches(t)
  await line.chain.reorg(4, 'lost')
  await line.settle()
  const gone = await line.orm.em.fork().find(Batch, { state: 'discarded' }, { orderBy: { id: 'asc' } })
  t.like(gone[0], { num: 3, because: 'reorg: its L1 queue holds other transactions now' })
  t.is((await batches(line))[0], '2 built q1', 'the one before it is as good as before')
  t.is(await line.orm.em.fork().count(Intent), 0, 'nothing was sent for nothing')
  for (let round = 0; round < 8; round += 1) await land(line)
  t.is(line.chain.waitingL1(), 0)
  t.is(await line.orm.em.fork().count(Intent, { state: 'reverted' }), 0)
  await fine(t, line)
})

test('scenario 62: the same when it was sent already: the contract refuses it, and it is built again', async t => {
  const line = await twoL1Batches(t)
  await pause(line, true)
  while (await line.prove()) await line.settle()
  await line.settle()
  await line.chain.send()
  await line.settle()
  await line.chain.reorg(4, 'lost')
  await pause(line, false)
  for (let round = 0; round < 8; round += 1) await land(line)
  const [refused] = await line.orm.em.fork().find(Intent, { state: 'reverted' })
  t.like(refused, { subject: 'batch/3', because: 'INVALID_PROOF' })
  t.is(line.chain.waitingL1(), 0)
  await fine(t, line)
})

test('scenario 28: where the contract is about to demand an L1 batch, a late L2 batch is given up and an L1 batch built', async t => {
  const line = await openLine(await database(t), { l1: true })
  await line.addTx(0)
  await line.settle()
  t.deepEqual(await batches(line), ['2 built'])
  await pause(line, true)
  await idleTo(line, 9)
  await line.prove()
  await line.settle()
  const [late] = await line.orm.em.fork().find(Batch, { num: 2 })
  t.like(late, { state: 'discarded', because: 'forgeBatch shouldSend: the contract demands an L1 batch at block 10' })
  await pause(line, false)
  for (let round = 0; round < 3; round += 1) await land(line)
  t.regex((await batches(line))[1] ?? '', /^2 (mined|final) q1$/)
  t.is(await line.orm.em.fork().count(Intent, { state: 'reverted' }), 0)
  await fine(t, line)
})
