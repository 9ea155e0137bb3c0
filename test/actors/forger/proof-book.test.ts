import test from 'ava'
import { proofBook } from '../../../src/actors/forger/proof-book.ts'
import type { ProofBook } from '../../../src/actors/lanes/prover/book.ts'
import type { Groth16Proof } from '../../../src/actors/lanes/prover/proof.ts'
import { Batch, ProverJob } from '../../../src/entities/forger/batch.ts'
import { DatabaseDownError } from '../../../src/entities/errors.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { storeBatch, useForgerDatabase } from '../../support/forger-database.ts'
import { groth16 } from '../../support/scripted-prover.ts'

const database = useForgerDatabase(test)
const AT = Date.UTC(2026, 0, 2)
const proof = groth16(1001n) as Groth16Proof // shaped as one

const bookOf = (orm: Orm): ProofBook => proofBook(() => orm.em.fork())
const claim = (book: ProofBook, batch: string, prover: string) =>
  book.claim({ batch, prover, at: AT, deadlineAt: AT + 60_000 })
const failure = (as: 'failed' | 'stale' | 'timeout' | 'lost' | 'cancelled', last = false) =>
  ({ as, because: `it ${as}`, last }) as const
const stateOf = async (orm: Orm, key: string): Promise<Batch> => orm.em.fork().findOneOrFail(Batch, { id: BigInt(key) })

test('a claim opens a job, moves the batch and answers what is to be posted', async t => {
  const orm = await database(t)
  const key = await storeBatch(orm.em.fork(), { num: 1, publicInput: 2n ** 250n })
  const lease = await claim(bookOf(orm), key, 'a')
  t.like(lease, {
    batch: key,
    num: 1,
    prover: 'a',
    failures: 0,
    publicInput: 2n ** 250n,
    postedAt: AT,
    deadlineAt: AT + 60_000,
    wanted: true,
    input: '{"batch":1}',
  })
  const batch = await stateOf(orm, key)
  t.is(batch.state, 'proving')
  t.is(batch.postedAt?.getTime(), AT)
  const [job] = await orm.em.fork().find(ProverJob, {})
  t.like(job, { prover: 'a', attempt: 1, state: 'posted' })
})

test('of many who claim one batch, or claim for one prover, exactly one gets it', async t => {
  const orm = await database(t)
  const book = bookOf(orm)
  const [one, two] = [await storeBatch(orm.em.fork(), { num: 1 }), await storeBatch(orm.em.fork(), { num: 2 })]
  const leases = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(prover => claim(book, one, prover)))
  const got = leases.filter(lease => lease !== null)
  t.is(got.length, 1)
  t.is(await claim(book, two, got[0]?.prover ?? ''), null, 'it has an open job already')
  t.truthy(await claim(book, two, 'f'))
  t.is(await orm.em.fork().count(ProverJob, {}), 2)
})

test('what waits is listed in batch order with its tries; batches under way or without input are not', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const book = bookOf(orm)
  const keys = new Map<number, string>()
  for (const num of [3, 1, 2, 5]) keys.set(num, await storeBatch(em, { num }))
  await storeBatch(em, { num: 4, proverInput: null })
  await storeBatch(em, { num: 6, state: 'proven' })
  const lease = await claim(book, keys.get(1) ?? '', 'a')
  await book.settle(lease?.job ?? '', failure('failed'), AT)
  await claim(book, keys.get(2) ?? '', 'b')
  const { waiting, open } = await book.load(10)
  t.deepEqual(waiting, [
    { batch: keys.get(1) ?? '', tries: [{ prover: 'a', state: 'failed' }] },
    { batch: keys.get(3) ?? '', tries: [] },
    { batch: keys.get(5) ?? '', tries: [] },
  ])
  t.is((await book.load(1)).waiting.length, 1)
  t.deepEqual(
    open.map(({ num, prover, wanted }) => [num, prover, wanted]),
    [[2, 'b', true]],
  )
})

test('a proof is stored with the batch, once', async t => {
  const orm = await database(t)
  const book = bookOf(orm)
  const key = await storeBatch(orm.em.fork(), { num: 1 })
  const { job = '' } = (await claim(book, key, 'a')) ?? {}
  t.is(await book.settle(job, { as: 'proven', proof }, AT + 5), 'proven')
  const batch = await stateOf(orm, key)
  t.is(batch.state, 'proven')
  t.deepEqual(batch.proof, proof)
  t.is(batch.provenAt?.getTime(), AT + 5)
  t.is(await book.settle(job, { as: 'proven', proof }, AT + 6), null)
  t.is(await book.settle(job, failure('lost'), AT + 6), null)
  t.is((await stateOf(orm, key)).state, 'proven')
})

test('a failed try sends the batch back with the reason; the last one fails it', async t => {
  const orm = await database(t)
  const book = bookOf(orm)
  const key = await storeBatch(orm.em.fork(), { num: 1 })
  const first = await claim(book, key, 'a')
  t.is(await book.settle(first?.job ?? '', failure('timeout'), AT), 'waiting')
  t.like(await stateOf(orm, key), { state: 'built', because: 'it timeout' })
  const second = await claim(book, key, 'b')
  t.is(second?.failures, 1)
  t.is((await stateOf(orm, key)).because, null, 'it is under way again')
  t.is(await book.settle(second?.job ?? '', failure('failed', true), AT), 'failed')
  t.like(await stateOf(orm, key), { state: 'failed', because: 'it failed' })
  t.is(await claim(book, key, 'c'), null)
  const jobs = await orm.em.fork().find(ProverJob, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    jobs.map(({ attempt, state, error }) => [attempt, state, error]),
    [
      [1, 'timeout', 'it timeout'],
      [2, 'failed', 'it failed'],
    ],
  )
})

test('a cancelled try does not count against the batch', async t => {
  const orm = await database(t)
  const book = bookOf(orm)
  const key = await storeBatch(orm.em.fork(), { num: 1 })
  const first = await claim(book, key, 'a')
  await book.settle(first?.job ?? '', failure('cancelled'), AT)
  t.is((await claim(book, key, 'a'))?.failures, 0)
})

test('a batch that was discarded meanwhile stays discarded, whatever its prover says', async t => {
  const orm = await database(t)
  const book = bookOf(orm)
  for (const [num, outcome] of [
    [1, { as: 'proven', proof }],
    [2, failure('failed')],
    [3, failure('failed', true)],
  ] as const) {
    const key = await storeBatch(orm.em.fork(), { num })
    const lease = await claim(book, key, 'a')
    await orm.em.fork().nativeUpdate(Batch, { id: BigInt(key) }, { state: 'discarded', because: 'reorg' })
    t.is((await book.open('a'))?.wanted, false)
    t.is(await book.renew(lease?.job ?? '', AT + 1), null)
    t.is(await book.settle(lease?.job ?? '', outcome, AT), 'unwanted')
    t.like(await stateOf(orm, key), { state: 'discarded', because: 'reorg', proof: null })
  }
  t.is((await book.load(10)).open.length, 0)
})

test('an open job is found by its prover, and can be renewed with its input', async t => {
  const orm = await database(t)
  const book = bookOf(orm)
  const key = await storeBatch(orm.em.fork(), { num: 7 })
  const lease = await claim(book, key, 'a')
  t.is(await book.open('b'), null)
  t.like(await book.open('a'), { job: lease?.job, num: 7, publicInput: 1007n, deadlineAt: AT + 60_000 })
  t.like(await book.renew(lease?.job ?? '', AT + 90_000), {
    input: '{"batch":7}',
    deadlineAt: AT + 90_000,
    wanted: true,
  })
  t.is((await book.open('a'))?.deadlineAt, AT + 90_000)
})

test('a database that is away is an outage', async t => {
  const away = proofBook(() => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  })
  await t.throwsAsync(away.load(1), { instanceOf: DatabaseDownError })
})
