import test, { type ExecutionContext } from 'ava'
import { runMockProver, type MockProver, type MockProverOptions } from '../../../src/actors/forger/mock-prover.ts'
import type { ProofBook } from '../../../src/actors/lanes/prover/book.ts'
import { DatabaseDownError } from '../../../src/entities/errors.ts'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { silentLog } from '../../../src/log.ts'
import { storeBatch, useForgerDatabase } from '../../support/forger-database.ts'
import { refusingUrl } from '../../support/ports.ts'
import { startPool } from '../../support/prover-pool.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const database = useForgerDatabase(test)

async function mock(t: ExecutionContext, more: Partial<MockProverOptions> = {}): Promise<MockProver> {
  const options = { port: 0, delayMs: 30, failRate: 0, hangRate: 0, seed: 1, log: silentLog, ...more }
  const prover = await runMockProver(options)
  t.teardown(() => prover.close())
  return prover
}

const SLOW = { delayMs: 3_600_000 }

const nameOf = (prover: { readonly url: string }): string => new URL(prover.url).host

test('answers of the database that are lost after the commit cost a moment, and nothing is done twice', async t => {
  const orm = await database(t)
  const prover = await mock(t)
  await storeBatch(orm.em.fork(), { num: 1 })
  const lost: string[] = []
  const losing = <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>) => {
    return async (...args: A): Promise<R> => {
      const answer = await call(...args)
      if (lost.includes(name)) return answer
      lost.push(name)
      throw new DatabaseDownError('the answer was lost')
    }
  }
  const wrapBook = (book: ProofBook): ProofBook => ({
    ...book,
    load: losing('load', book.load),
    claim: losing('claim', book.claim),
    settle: losing('settle', book.settle),
  })
  const pool = await startPool(t, orm, [prover.url], { wrapBook })
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  await pool.until('it was told', () => pool.told() >= 1)
  t.deepEqual(lost, ['load', 'claim', 'settle'])
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['proven'],
  )
  t.like(prover.stats(), { inputs: 1, proofs: 1, refused: 0 })
})

test('a prover actor that crashes finds its batch again', async t => {
  const orm = await database(t)
  const clock = new SimulatedClock()
  const prover = await mock(t, { delayMs: 300, clock })
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is being proven', () => prover.stats().inputs === 1)
  t.true(pool.system.kill(`test/prover:${nameOf(prover)}`))
  t.true(pool.system.kill('test/prover-pool'))
  await clock.advance(300)
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.is(prover.stats().inputs, 1)
})

test('scenarios 12, 13: provers that are not there, or not up yet, are waited for and used when they come', async t => {
  const orm = await database(t)
  const clock = new SimulatedClock()
  const late = await mock(t, { bootMs: 300, clock })
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [late.url, await refusingUrl()])
  await pool.until('both are known to be down', async () =>
    (await pool.status()).every(({ lastError }) => lastError !== null),
  )
  const [booting, gone] = await pool.status()
  t.like(booting, { state: 'down', lastError: 'the prover is initializing' })
  t.regex(gone?.lastError ?? '', /ECONNREFUSED/)
  await clock.advance(300)
  await pool.until('it was posted', () => late.stats().inputs === 1)
  await clock.advance(30)
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['proven'],
  )
})

test('a prover that is busy with something else is told to stop, and posted to only when it is ready', async t => {
  const orm = await database(t)
  const prover = await mock(t, { ...SLOW, cancelMs: 50 })
  await fetch(`${prover.url}input`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is being proven', async () => prover.stats().inputs === 2)
  t.like(prover.stats(), { cancels: 1, refused: 0 })
})

test('a prover that fails again and again rests before it is given more', async t => {
  const orm = await database(t)
  const prover = await mock(t, { failRate: 1, delayMs: 1 })
  await storeBatch(orm.em.fork(), { num: 1 })
  const backoff = { minMs: 3_600_000, maxMs: 3_600_000 }
  const pool = await startPool(t, orm, [prover.url], { maxAttempts: 10, limits: { backoff } })
  const failed = async () => (await pool.status())[0]?.failures === 3
  await pool.until('it rests', async () => (await failed()) && (await pool.status())[0]?.state === 'down')
  t.like((await pool.status())[0], { failures: 3, batch: null })
  t.is((await pool.batches())[1], 'built')
})

test('batches are posted in order of their number, whatever order they were stored in', async t => {
  const orm = await database(t)
  const prover = await mock(t, { delayMs: 1 })
  for (const num of [3, 1, 2]) await storeBatch(orm.em.fork(), { num })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('all are proven', async () => Object.values(await pool.batches()).every(state => state === 'proven'))
  t.deepEqual(
    (await pool.jobs()).map(({ num }) => num),
    [1, 2, 3],
  )
})

test('the open job of a prover that is not configured any more goes back to the others', async t => {
  const orm = await database(t)
  const [former, other] = [await mock(t, SLOW), await mock(t)]
  await storeBatch(orm.em.fork(), { num: 1 })
  const before = await startPool(t, orm, [former.url])
  await before.until('it is being proven', () => former.stats().inputs === 1)
  await before.stop()
  const pool = await startPool(t, orm, [other.url])
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['cancelled', 'proven'],
  )
})

test('with failing, hanging, lying and garbling provers every batch is proven in the end, each with its own proof', async t => {
  const orm = await database(t)
  const rates = { failRate: 0.15, hangRate: 0.05, garbageRate: 0.1, staleRate: 0.1, delayMs: 5 }
  const provers = await Promise.all([1, 2, 3, 4].map(seed => mock(t, { ...rates, seed })))
  const total = 40
  for (let num = 1; num <= total; num += 1) await storeBatch(orm.em.fork(), { num })
  const pool = await startPool(
    t,
    orm,
    provers.map(({ url }) => url),
    { proofTimeoutMs: 1_500, maxAttempts: 500 },
  )
  await pool.until('all are proven', async () => Object.values(await pool.batches()).every(state => state === 'proven'))
  const batches = await orm.em.fork().find(Batch, {})
  t.is(batches.length, total)
  t.true(batches.every(batch => batch.proof?.pi_a[0] === batch.publicInput.toString()))
  const jobs = await pool.jobs()
  t.is(jobs.filter(({ state }) => state === 'proven').length, total)
  t.is(
    provers.reduce((sum, prover) => sum + prover.stats().refused, 0),
    0,
    'nothing was posted to a busy prover',
  )
})
