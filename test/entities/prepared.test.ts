import test from 'ava'
import { sql } from 'kysely'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { openOrm, type Orm } from '../../src/entities/orm.ts'
import { isOutage } from '../../src/entities/outage.ts'
import { PREPARED, prepared } from '../../src/entities/prepared.ts'
import { useDatabases } from '../support/postgres.ts'

const databases = useDatabases(test)

/** With one connection, so that every statement meets what the one before left there. */
async function open(t: { teardown(end: () => unknown): void }): Promise<Orm> {
  const orm = await openOrm(await databases.create(), [kernelSchema], 1)
  await orm.connect()
  t.teardown(() => orm.close())
  return orm
}

const double = async (orm: Orm, value: number): Promise<number | undefined> => {
  const query = sql<{ answer: number }>`${prepared}select 2 * ${value}::int as answer`
  return (await query.execute(orm.em.fork().getKysely())).rows[0]?.answer
}

async function known(orm: Orm): Promise<string[]> {
  const rows = await orm.em.fork().execute<{ statement: string }[]>('select statement from pg_prepared_statements')
  return rows.map(({ statement }) => statement)
}

test.serial('a marked statement is prepared once, whatever its values; others are not', async t => {
  const orm = await open(t)
  t.deepEqual([await double(orm, 1), await double(orm, 2), await double(orm, 3)], [2, 4, 6])
  await orm.em.fork().execute(`${PREPARED}select 1 as answer`)
  await orm.em.fork().execute('select 2 as answer')
  t.deepEqual((await known(orm)).toSorted(), [
    `${PREPARED}select 1 as answer`,
    `${PREPARED}select 2 * $1::int as answer`,
  ])
})

test.serial('a server that lost what was prepared is an outage of one statement', async t => {
  const orm = await open(t)
  await double(orm, 1)
  await orm.em.fork().execute('deallocate all')
  const error = await t.throwsAsync(double(orm, 2))
  t.true(isOutage(error))
  t.is(await double(orm, 2), 4)
  t.deepEqual(await known(orm), [])
})

test.serial('a table that changed under a prepared statement is an outage of one statement', async t => {
  const orm = await open(t)
  const all = () => orm.em.fork().execute<object[]>(`${PREPARED}select * from thing`)
  await orm.em.fork().execute('create table thing (name text)')
  t.deepEqual(await all(), [])
  await orm.em.fork().execute('alter table thing add column size int')
  await orm.em.fork().execute(`insert into thing values ('a', 1)`)
  t.true(isOutage(await t.throwsAsync(all())))
  t.deepEqual(await all(), [{ name: 'a', size: 1 }])
})
