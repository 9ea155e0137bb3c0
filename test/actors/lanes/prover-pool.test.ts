import test, { type ExecutionContext } from 'ava'
import { runMockProver, type MockProver, type MockProverOptions } from '../../../src/actors/forger/mock-prover.ts'
import { proofBook } from '../../../src/actors/forger/proof-book.ts'
import { proverPoolOf } from '../../../src/actors/lanes/prover-pool-messages.ts'
import { systemClock } from '../../../src/clock.ts'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { silentLog } from '../../../src/log.ts'
import { storeBatch, useForgerDatabase } from '../../support/forger-database.ts'
import { startPool } from '../../support/prover-pool.ts'
import { groth16, scriptedProver, status, success, type ScriptedProver } from '../../support/scripted-prover.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const database = useForgerDatabase(test)

async function mock(t: ExecutionContext, more: Partial<MockProverOptions> = {}): Promise<MockProver> {
  const options = { port: 0, delayMs: 30, failRate: 0, hangRate: 0, seed: 1, log: silentLog, ...more }
  const prover = await runMockProver(options)
  t.teardown(() => prover.close())
  return prover
}

/** A scripted prover that is busy once and then has the right proof, for every input. */
function honest(prover: ScriptedProver): void {
  prover.onInput = publicInput => (prover.status = [status('busy'), success(publicInput)])
}

const SLOW = { delayMs: 3_600_000 }
/** No batch fails for good before a test has done what it does meanwhile. */
const MANY_TRIES = { maxAttempts: 1_000 }

const nameOf = (prover: { readonly url: string }): string => new URL(prover.url).host

test('scenario 29: two provers prove three batches, two at a time, each batch once', async t => {
  const orm = await database(t)
  const provers = [await mock(t), await mock(t)]
  for (const num of [1, 2, 3]) await storeBatch(orm.em.fork(), { num })
  const pool = await startPool(
    t,
    orm,
    provers.map(({ url }) => url),
  )
  await pool.until('all are proven', async () => Object.values(await pool.batches()).every(state => state === 'proven'))
  t.is(
    provers.reduce((sum, prover) => sum + prover.stats().proofs, 0),
    3,
  )
  t.is(
    provers.reduce((sum, prover) => sum + prover.stats().refused, 0),
    0,
  )
  const jobs = await pool.jobs()
  t.true(jobs.every(({ state }) => state === 'proven'))
  const nums = jobs.map(({ num }) => num)
  t.deepEqual(
    nums.toSorted((a, b) => a - b),
    [1, 2, 3],
  )
  const [first] = await orm.em.fork().find(Batch, { num: 1 })
  t.is(first?.proof?.pi_a[0], '1001')
  t.truthy(first?.postedAt)
  t.truthy(first?.provenAt)
  await pool.until('it was told', () => pool.told() >= 1)
})

test('scenario 31: busy three times, then success: the proof is taken at the fourth look', async t => {
  const orm = await database(t)
  const prover = await scriptedProver(t)
  prover.onInput = publicInput =>
    (prover.status = [status('busy'), status('busy'), status('busy'), success(publicInput)])
  const pool = await startPool(t, orm, [prover.url], { limits: { idleLookMs: 60_000 } })
  await pool.until('it is ready', async () => (await pool.status())[0]?.state === 'ready')
  const before = prover.looks()
  await storeBatch(orm.em.fork(), { num: 1 })
  pool.look()
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  const posted = prover.calls.indexOf('POST /input')
  t.is(prover.calls.slice(posted).filter(call => call === 'GET /status').length, 4)
  t.true(posted >= before)
  t.deepEqual(prover.inputs, [{ body: '{"batch":1}', publicInput: '1001' }])
})

test('scenario 32: a batch whose proof failed is proven by another prover', async t => {
  const orm = await database(t)
  const [bad, good] = [await mock(t, { failRate: 1 }), await mock(t)]
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [bad.url], MANY_TRIES)
  await pool.until('it has failed once', async () => bad.stats().failed >= 1)
  await pool.stop()
  const again = await startPool(t, orm, [bad.url, good.url], MANY_TRIES)
  await again.until('it is proven', async () => (await again.batches())[1] === 'proven')
  const jobs = await again.jobs()
  t.like(jobs[0], { prover: nameOf(bad), state: 'failed' })
  t.regex(jobs[0]?.error ?? '', /the mock prover was told to fail/)
  t.like(jobs.at(-1), { prover: nameOf(good), state: 'proven' })
})

test('scenario 32: after the last try the batch fails, with its reason, and that is told', async t => {
  const orm = await database(t)
  const provers = [await mock(t, { failRate: 1 }), await mock(t, { failRate: 1, seed: 9 })]
  const pool = await startPool(
    t,
    orm,
    provers.map(({ url }) => url),
    { maxAttempts: 3 },
  )
  await pool.until('both are ready', async () => (await pool.status()).every(({ state }) => state === 'ready'))
  await storeBatch(orm.em.fork(), { num: 1 })
  pool.look()
  await pool.until('it has failed', async () => (await pool.batches())[1] === 'failed')
  const jobs = await pool.jobs()
  t.deepEqual(
    jobs.map(({ state }) => state),
    ['failed', 'failed', 'failed'],
  )
  t.is(new Set(jobs.slice(0, 2).map(({ prover }) => prover)).size, 2, 'the second try was at the other prover')
  const [batch] = await orm.em.fork().find(Batch, { num: 1 })
  t.regex(batch?.because ?? '', /^no proof after 3 tries; the last, at .*told to fail/)
  await pool.until('it was told', () => pool.told() === 1)
})

test('scenario 33: a status that cannot be read for a moment is read again', async t => {
  const orm = await database(t)
  const prover = await scriptedProver(t)
  const trouble = [{ code: 500, body: { status: 'error', msg: 'hiccup' } }, { hangUp: true } as const]
  prover.onInput = publicInput => (prover.status = [...trouble, status('busy'), success(publicInput)])
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['proven'],
  )
  t.is(prover.inputs.length, 1)
})

test('scenario 33: a prover that went away with a batch loses it to another', async t => {
  const orm = await database(t)
  const [gone, other] = [await scriptedProver(t), await scriptedProver(t)]
  gone.onInput = () => (gone.status = [status('busy')])
  honest(other)
  other.status = [status('initializing')]
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [gone.url, other.url], { limits: { unreachableMs: 100 } })
  await pool.until('it was posted', () => gone.inputs.length === 1)
  other.status = [status('ready')]
  await gone.close()
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.deepEqual(
    (await pool.jobs()).map(({ prover, state }) => [prover, state]),
    [
      [nameOf(gone), 'lost'],
      [nameOf(other), 'proven'],
    ],
  )
  const statusOfGone = async () => (await pool.status()).find(one => one.name === nameOf(gone))
  await pool.until('it is shown as down', async () => (await statusOfGone())?.state === 'down')
  const shown = await statusOfGone()
  t.regex(shown?.lastError ?? '', /does not answer/)
  t.truthy(shown?.nextTryAt)
})

test('scenario 34: a proof that never ends is cancelled and given to another prover; the first is down for a while', async t => {
  const orm = await database(t)
  const [hangs, other] = [await scriptedProver(t), await scriptedProver(t)]
  hangs.onInput = () => (hangs.status = [status('busy')])
  other.status = [status('initializing')]
  await storeBatch(orm.em.fork(), { num: 1 })
  const backoff = { minMs: 3_600_000, maxMs: 3_600_000 }
  const pool = await startPool(t, orm, [hangs.url, other.url], { proofTimeoutMs: 300, limits: { backoff } })
  await pool.until('it was posted', () => hangs.inputs.length === 1)
  await pool.until('the deadline passed', async () => (await pool.jobs())[0]?.state === 'timeout')
  await pool.until('it was cancelled', () => hangs.calls.includes('POST /cancel'))
  await pool.until('it is down', async () => (await pool.status())[0]?.state === 'down')
  t.is((await pool.batches())[1], 'built')
  const shown = (await pool.status())[0]
  t.is(shown?.lastError, 'no proof within 300 ms')
  t.true((shown?.nextTryAt ?? 0) > (shown?.since ?? 0))
  t.is(shown?.failures, 1)
})

test('scenario 34: the batch of a hung prover is proven by the next', async t => {
  const orm = await database(t)
  const [hangs, works] = [await mock(t, { hangRate: 1 }), await mock(t)]
  for (const num of [1, 2, 3, 4]) await storeBatch(orm.em.fork(), { num })
  const pool = await startPool(t, orm, [hangs.url, works.url], { proofTimeoutMs: 2_000 })
  await pool.until('all are proven', async () => Object.values(await pool.batches()).every(state => state === 'proven'))
  await pool.until('the one that hangs was told to stop', () => hangs.stats().cancels >= 1)
  t.is(hangs.stats().proofs, 0)
  t.is(works.stats().proofs, 4)
})

test('scenario 35: a malformed proof counts against the prover and another one is tried', async t => {
  const orm = await database(t)
  const prover = await scriptedProver(t)
  let tries = 0
  prover.onInput = publicInput => {
    tries += 1
    const proof = tries === 1 ? { ...groth16(publicInput), pi_c: ['7', '8', '0'] } : groth16(publicInput)
    prover.status = [success(publicInput, proof)]
  }
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  const jobs = await pool.jobs()
  t.deepEqual(
    jobs.map(({ state }) => state),
    ['failed', 'proven'],
  )
  t.regex(jobs[0]?.error ?? '', /malformed proof: pi_c\[2\] is not 1/)
})

test('scenario 36: a stale proof is refused and the input posted again; it never becomes the batch’s proof', async t => {
  const orm = await database(t)
  const prover = await scriptedProver(t)
  let tries = 0
  prover.onInput = publicInput => (prover.status = [success((tries += 1) === 1 ? 42n : publicInput)])
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['stale', 'proven'],
  )
  t.is(prover.inputs.length, 2)
  const [batch] = await orm.em.fork().find(Batch, { num: 1 })
  t.is(batch?.proof?.pi_a[0], '1001')
})

test('scenario 37: a prover that restarted during the proof gets the input again', async t => {
  const orm = await database(t)
  const prover = await scriptedProver(t)
  let tries = 0
  prover.onInput = publicInput => {
    tries += 1
    prover.status = tries === 1 ? [status('busy'), status('ready', { proof: '', pubData: '' })] : [success(publicInput)]
  }
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['lost', 'proven'],
  )
})

test('scenario 38: the prover of a discarded batch is cancelled, and takes other work when it is ready', async t => {
  const orm = await database(t)
  const prover = await mock(t, { ...SLOW, cancelMs: 30 })
  const key = await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [prover.url])
  await pool.until('it is being proven', async () => prover.stats().inputs === 1)
  await orm.em.fork().nativeUpdate(Batch, { id: BigInt(key) }, { state: 'discarded', proverInput: null })
  await storeBatch(orm.em.fork(), { num: 1, publicInput: 77n })
  pool.look()
  await pool.until('the other one is being proven', async () => prover.stats().inputs === 2)
  t.is(prover.stats().cancels, 1)
  t.is(prover.stats().refused, 0, 'nothing was posted while it was busy')
  t.deepEqual(
    (await pool.jobs()).map(({ state }) => state),
    ['cancelled', 'posted'],
  )
  const [batch] = await orm.em.fork().find(Batch, { id: BigInt(key) })
  t.is(batch?.state, 'discarded')
  t.is(pool.told(), 0)
})

test('scenario 39: cancelling all sends exactly one cancel to every prover, the dead ones tolerated', async t => {
  const orm = await database(t)
  const [one, other, dead] = [await mock(t, SLOW), await mock(t, SLOW), await mock(t)]
  await dead.close()
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [one.url, other.url, dead.url])
  await pool.until('it is being proven', () => one.stats().inputs + other.stats().inputs === 1)
  pool.system.send(proverPoolOf('test'), { type: 'cancel-all', because: 'the pipeline stopped' })
  await pool.until('all heard it', () => one.stats().cancels >= 1 && other.stats().cancels >= 1)
  await pool.until('it is over', async () => (await pool.jobs())[0]?.state === 'cancelled')
  t.is(one.stats().cancels, 1)
  t.is(other.stats().cancels, 1)
  await pool.until('the batch has another try', () => one.stats().inputs + other.stats().inputs === 2)
})

test('scenario 39: an orderly stop can cancel what runs, and otherwise leaves it running', async t => {
  const orm = await database(t)
  const [left, stopped] = [await mock(t, SLOW), await mock(t, SLOW)]
  await storeBatch(orm.em.fork(), { num: 1 })
  const leaves = await startPool(t, orm, [left.url])
  await leaves.until('it is being proven', () => left.stats().inputs === 1)
  await leaves.stop()
  t.is(left.stats().cancels, 0)
  const other = await database(t)
  await storeBatch(other.em.fork(), { num: 1 })
  const cancels = await startPool(t, other, [stopped.url], { limits: { cancelOnStop: true } })
  await cancels.until('it is being proven', async () => (await cancels.status())[0]?.state === 'busy')
  await cancels.stop()
  await cancels.until('it has heard of it', () => stopped.stats().cancels > 0) // nobody waits long for its answer
  t.is(stopped.stats().cancels, 1)
})

test('scenario 40: a prover that refuses the input stays in the pool, and another one proves the batch', async t => {
  const orm = await database(t)
  const [refuses, other] = [await scriptedProver(t), await scriptedProver(t)]
  refuses.input = [{ code: 500, body: { status: 'error', msg: 'not for me' } }]
  other.status = [status('initializing')]
  honest(other)
  await storeBatch(orm.em.fork(), { num: 1 })
  const pool = await startPool(t, orm, [refuses.url, other.url], MANY_TRIES)
  await pool.until('it was refused', () => refuses.inputs.length >= 1)
  other.status = [status('ready')]
  await pool.until('it is proven', async () => (await pool.batches())[1] === 'proven')
  const jobs = await pool.jobs()
  t.is(jobs[0]?.state, 'failed')
  t.regex(jobs[0]?.error ?? '', /500: not for me/)
  t.is(jobs.at(-1)?.prover, nameOf(other))
})

test('scenario 83: after a crash the proof is picked up where it was, without posting again', async t => {
  const orm = await database(t)
  const clock = new SimulatedClock()
  const prover = await mock(t, { delayMs: 600, clock })
  await storeBatch(orm.em.fork(), { num: 1 })
  const first = await startPool(t, orm, [prover.url])
  await first.until('it is being proven', () => prover.stats().inputs === 1)
  await first.stop()
  t.is((await first.batches())[1], 'proving')
  const second = await startPool(t, orm, [prover.url])
  await clock.advance(600)
  await second.until('it is proven', async () => (await second.batches())[1] === 'proven')
  t.is(prover.stats().inputs, 1)
  t.deepEqual(
    (await second.jobs()).map(({ state }) => state),
    ['proven'],
  )
})

test('scenario 83: a proof found after a crash that is not for the batch is refused, and the input posted again', async t => {
  const orm = await database(t)
  const prover = await scriptedProver(t)
  prover.status = [success(42n)]
  const key = await storeBatch(orm.em.fork(), { num: 1 })
  const at = systemClock.now()
  const book = proofBook(() => orm.em.fork())
  t.truthy(await book.claim({ batch: key, prover: nameOf(prover), at, deadlineAt: at + 3_600_000 }))
  honest(prover)
  prover.status = [success(42n)]
  const again = await startPool(t, orm, [prover.url])
  await again.until('it is proven', async () => (await again.batches())[1] === 'proven')
  t.is(prover.inputs.length, 1)
  t.deepEqual(
    (await again.jobs()).map(({ state }) => state),
    ['proven'],
    'it is the same job',
  )
})
