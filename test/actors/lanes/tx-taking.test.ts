/** Taking what wishes are for and accepting them in one: all of it or nothing, whichever way it goes. */
import test, { type ExecutionContext } from 'ava'
import { sql, type RawBuilder } from 'kysely'
import { takeAndWish, type Wish } from '../../../src/actors/lanes/wish.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import { useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

/** Things that can be taken once, each for the wish of its name. */
async function withThings(t: ExecutionContext, names: readonly string[]): Promise<Bench> {
  const b = await bench(t)
  await b.orm.em.fork().execute('create table thing (name text primary key, taken boolean not null default false)')
  for (const name of names) await b.orm.em.fork().execute('insert into thing (name) values (?)', [name])
  return b
}

const taking = (names: readonly string[]): RawBuilder<unknown> =>
  sql`update thing set taken = true where name = any(${[...names]}::text[]) and not taken returning name as key`

async function taken(b: Bench): Promise<string[]> {
  const rows = await b.orm.em.fork().execute<{ name: string }[]>('select name from thing where taken order by name')
  return rows.map(({ name }) => name)
}

async function wished(b: Bench): Promise<string[]> {
  const intents = await b.orm.em.fork().find(Intent, {}, { orderBy: { id: 'asc' } })
  return intents.map(({ key }) => key)
}

const take = (b: Bench, wishes: readonly Wish[]): Promise<string[]> =>
  takeAndWish(b.orm.em.fork(), wishes, taking(wishes.map(({ key }) => key)), b.clock)

test.serial('what was taken is wished for in order, and what was not is left out', async t => {
  const b = await withThings(t, ['c', 'a'])
  t.deepEqual((await take(b, ['c', 'b', 'a'].map(b.plainWish))).toSorted(), ['a', 'c'])
  t.deepEqual(await wished(b), ['c', 'a'])
  t.deepEqual(await take(b, ['c'].map(b.plainWish)), [])
  t.deepEqual(await wished(b), ['c', 'a'])
})

test.serial('a refused wish leaves everything as it was', async t => {
  const b = await withThings(t, ['a', 'b'])
  await (await b.start({ accounts: [b.entry()] })).tick()
  const error = await t.throwsAsync(take(b, [b.plainWish('a'), { ...b.plainWish('b'), account: 'mian' }]))
  t.like(error, { code: 'TX_003', facts: { account: 'mian' } })
  t.deepEqual([await taken(b), await wished(b)], [[], []])
})

test.serial('a wish that was accepted before is accepted again, and another one of its key is refused', async t => {
  const b = await withThings(t, ['a', 'b'])
  await b.wish('a')
  t.deepEqual(await take(b, [b.plainWish('a')]), ['a'])
  t.deepEqual([await taken(b), await wished(b)], [['a'], ['a']])
  await b.wish('b', { value: 1n })
  t.like(await t.throwsAsync(take(b, [b.plainWish('b')])), { code: 'TX_001' })
  t.deepEqual(await taken(b), ['a'])
  t.like(await t.throwsAsync(take(b, [b.plainWish('c'), { ...b.plainWish('c'), value: 1n }])), { code: 'TX_001' })
})

test.serial('a wish for one of several accounts goes the longer way', async t => {
  const b = await withThings(t, ['a', 'b'])
  t.deepEqual(await take(b, [{ ...b.plainWish('a'), account: ['main'] }, b.plainWish('b')]), ['a', 'b'])
  t.deepEqual(
    [await taken(b), await wished(b)],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
  )
})
