import test, { type ExecutionContext } from 'ava'
import { holdLineToDrop } from '../../../src/actors/forger/epochs.ts'
import { forwardProven } from '../../../src/actors/forger/forward.ts'
import { openDecisionBook } from '../../../src/entities/kernel/decision-book.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { openLine, senderArgs, type ForgerLine } from '../../support/forger-line.ts'
import { waitFor } from '../../support/patience.ts'

const database = useForgerDatabase(test)

const forward = ({ orm, clock }: ForgerLine) =>
  forwardProven(orm.em.fork(), senderArgs(() => orm).rules, openDecisionBook(clock), clock)

/** Whether somebody waits for a lock in this test's database. */
async function somebodyWaits(orm: Orm): Promise<boolean> {
  const rows = await orm.em
    .fork()
    .execute(`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`)
  return rows.length > 0
}

/** A line with so many batches, all proven. */
async function withProven(t: ExecutionContext, batches: number) {
  const orm = await database(t)
  const line = await openLine(orm)
  for (let user = 0; user < batches; user += 1) {
    await line.addTx(user)
    await line.settle()
  }
  for (let batch = 0; batch < batches; batch += 1) await line.prove()
  return { orm, line }
}

test('what is dropped while it is handed on gets no wish', async t => {
  const { orm, line } = await withProven(t, 1)
  const em = orm.em.fork()
  await em.begin()
  await holdLineToDrop(em)
  const handing = forward(line)
  await waitFor('the sender to wait for the row', () => somebodyWaits(orm))
  await em.execute(`update forger.batch set state = 'discarded' where state = 'proven'`)
  await em.commit()
  t.deepEqual(await handing, { forwarded: [], refused: null })
  t.is(await orm.em.fork().count(Intent), 0)
})

test('nothing is handed on behind a batch that ends meanwhile', async t => {
  const { orm, line } = await withProven(t, 3)
  const proven = await orm.em
    .fork()
    .execute<{ id: string; num: number }[]>(
      `select id::text, num from forger.batch where state = 'proven' order by num`,
    )
  t.is(proven.length, 3)
  const em = orm.em.fork()
  await em.begin()
  await em.execute(`update forger.batch set state = 'failed' where id = ?`, [proven[1]?.id])
  const handing = forward(line)
  await waitFor('the sender to wait for the row', () => somebodyWaits(orm))
  await em.commit()
  t.deepEqual(await handing, { forwarded: [BigInt(proven[0]?.id ?? 0)], refused: null })
  t.is(await orm.em.fork().count(Intent), 1)
})

test('two who hand on the same batch make one wish', async t => {
  const { orm, line } = await withProven(t, 1)
  const [one, other] = await Promise.all([forward(line), forward(line)])
  t.is(one.forwarded.length + other.forwarded.length, 1)
  t.is(await orm.em.fork().count(Intent), 1)
})

test('a batch behind one that is missing waits for the coordinator', async t => {
  const orm = await database(t)
  const line = await openLine(orm)
  for (let user = 0; user < 6; user += 1) await line.addTx(user)
  await line.settle()
  await line.prove()
  await line.prove()
  await orm.em.fork().execute(`update forger.batch set state = 'discarded' where num = 2`)
  t.deepEqual(await forward(line), { forwarded: [], refused: null })
})
