import test from 'ava'
import { openEpoch, startEpoch, stopEpoch } from '../../../src/actors/forger/epochs.ts'
import { rederive } from '../../../src/actors/forger/rederive.ts'
import { fold, loadBase, loadState } from '../../../src/actors/forger/state-store.ts'
import { wish } from '../../../src/actors/lanes/wish.ts'
import { Account, Batch, Epoch, type StoredAccount } from '../../../src/entities/forger/batch.ts'
import { ForgedBatch } from '../../../src/entities/forger/chain-facts.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import { Decision } from '../../../src/entities/kernel/decision.ts'
import { openDecisionBook } from '../../../src/entities/kernel/decision-book.ts'
import { Intent } from '../../../src/entities/kernel/intent.ts'
import type { Em, Orm } from '../../../src/entities/orm.ts'
import { storeBatch, storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const database = useForgerDatabase(test)
const clock = new SimulatedClock()
const HUGE = 2n ** 255n

const leaf = (idx: number, nonce: number): StoredAccount => ({
  idx: String(idx),
  tokenId: '1',
  nonce: String(nonce),
  balance: HUGE.toString(),
  ay: HUGE.toString(),
  sign: 1,
  ethAddr: '0xaa',
})

/** Batch `num` on root `num - 1` with root `num`, changing these accounts. */
async function line(
  em: Em,
  num: number,
  accounts: readonly StoredAccount[],
  more: Partial<Batch> = {},
): Promise<bigint> {
  const id = BigInt(await storeBatch(em, { num, state: 'mined' }))
  const roots = { oldRoot: BigInt(num - 1), newRoot: BigInt(num), newLastIdx: 255n + BigInt(num) }
  await em.nativeUpdate(Batch, { id }, { ...roots, accounts, ...more }) // columns of Batch
  return id
}
const nonces = async (orm: Orm, batchNum: number, root = batchNum) => {
  const state = await loadState(orm.em.fork(), { batchNum, root: BigInt(root) })
  return state && Object.fromEntries(state.accounts.map(({ idx, nonce }) => [idx, nonce]))
}

test('before the first batch the state is empty', async t => {
  const em = (await database(t)).em.fork()
  t.deepEqual(await loadBase(em), { batchNum: 0, root: 0n, lastIdx: 255 })
  t.deepEqual(await loadState(em, { batchNum: 0, root: 0n }), { batchNum: 0, root: 0n, lastIdx: 255, accounts: [] })
})

test('the state after a batch is the base with the changes of every live batch up to it', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const first = await line(em, 1, [leaf(256, 0), leaf(257, 0)])
  await line(em, 2, [leaf(256, 1)])
  await line(em, 3, [leaf(257, 7), leaf(258, 0)])
  t.deepEqual(await nonces(orm, 2), { 256: 1, 257: 0 })
  t.deepEqual(await nonces(orm, 3), { 256: 1, 257: 7, 258: 0 })
  await fold(em, [first], clock)
  t.deepEqual(await nonces(orm, 3), { 256: 1, 257: 7, 258: 0 }, 'folding changes nothing')
  const state = await loadState(orm.em.fork(), { batchNum: 3, root: 3n })
  t.like(state, { lastIdx: 258 })
  t.is(state?.accounts[0]?.balance, HUGE)
})

test('a state that no line of live batches leads to is not there', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await line(em, 1, [leaf(256, 0)])
  const second = await line(em, 2, [leaf(256, 1)])
  await line(em, 3, [leaf(256, 2)])
  t.is(await nonces(orm, 3, 99), null, 'another root')
  t.is(await nonces(orm, 4), null, 'no such batch')
  await em.nativeUpdate(Batch, { id: second }, { state: 'discarded' })
  t.is(await nonces(orm, 3), null, 'a gap')
})

test('a folded batch is final, moves the base, and lets go of what only work under way needs', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const first = await line(em, 1, [leaf(256, 0), leaf(257, 3)])
  const second = await line(em, 2, [leaf(256, 5)])
  await fold(em, [first, second], clock)
  t.deepEqual(await loadBase(em), { batchNum: 2, root: 2n, lastIdx: 257 })
  const accounts = await orm.em.fork().find(Account, {}, { orderBy: { idx: 'asc' } })
  t.deepEqual(
    accounts.map(({ idx, nonce, batchNum, balance }) => [idx, nonce, batchNum, balance]),
    [
      [256n, 5n, 2, HUGE],
      [257n, 3n, 1, HUGE],
    ],
  )
  const batch = await orm.em.fork().findOneOrFail(Batch, { id: second }, { populate: ['accounts', 'proverInput'] })
  t.like(batch, { state: 'final', accounts: null, proverInput: null })
  t.is(batch.finalAt?.getTime(), clock.now())
})

test('scenario 80: numbers of runs are never used twice, and one run is open at a time', async t => {
  const em = (await database(t)).em.fork()
  t.is(await openEpoch(em), null)
  const first = await startEpoch(em, { batchNum: 5, root: 5n }, clock)
  t.is((await openEpoch(em))?.number, 1)
  await stopEpoch(em, first, 'the slot is over', null, clock)
  t.is(await openEpoch(em), null)
  t.like(await startEpoch(em, { batchNum: 7, root: 7n }, clock), { number: 2, fromBatch: 7 })
})

test('when a final batch is dropped by the chain, everything is derived again and nothing stays on its way', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const [first, second] = [await line(em, 1, [leaf(256, 0)]), await line(em, 2, [leaf(256, 1)])]
  await fold(em, [first], clock)
  await fold(em, [second], clock)
  const sent = await line(em, 3, [], { state: 'sent', intentKey: 'forger/batch/3' })
  const wanted = { role: 'forger', subject: 'batch/3', chain: 'local', account: 'forger', data: '0x', value: 0n }
  const limits = { gasLimit: null, notAfterBlock: null, confirmations: 1, traceId: null }
  await wish(em, { key: 'forger/batch/3', to: `0x${'1'.repeat(40)}`, ...wanted, ...limits }, clock)
  await em.execute("update kernel.intent set state = 'sent', nonce = 0")
  await startEpoch(em, { batchNum: 2, root: 2n }, clock)
  await storePoolTx(em, 256, 0, { state: 'fged', batchNum: 1 })
  await storePoolTx(em, 256, 1, { state: 'fged', batchNum: 2 })
  await storePoolTx(em, 256, 2, { state: 'fged', batchNum: 3 })
  await em.insert(ForgedBatch, {
    batchNum: 1,
    forger: '0x',
    stateRoot: 1n,
    exitRoot: 0n,
    lastIdx: 256n,
    l1UserTxs: 0,
    encodedL1CoordinatorTx: '0x',
    l1L2TxsData: '0x',
    feeIdxCoordinator: '0x',
    blockNumber: 1n,
    blockHash: '0x',
    ethTxHash: '0x',
    forgedAt: new Date(0),
  })
  t.true(await orm.em.fork().transactional(tx => rederive(tx, clock)), 'the lane has something to take back')
  const after = orm.em.fork()
  t.deepEqual(await loadBase(after), { batchNum: 0, root: 0n, lastIdx: 255 })
  t.is(await after.count(Account, {}), 0)
  t.is(await after.count(Batch, { state: 'discarded' }), 3)
  t.like(await after.findOne(Batch, { id: sent }), { because: 'reorg below finality: derived again from the chain' })
  t.like(await after.findOne(Intent, { key: 'forger/batch/3' }), { state: 'cancelling' })
  t.is(await after.count(Epoch, { stoppedAt: null }), 0)
  const pool = await after.find(PoolTx, {}, { orderBy: { nonce: 'asc' } })
  t.deepEqual(
    pool.map(({ state }) => state),
    ['fged', 'pend', 'pend'],
    'what the chain still holds stays forged',
  )
})

test('the same decision in a row is one row that counts; another one is another', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const time = new SimulatedClock()
  const book = openDecisionBook(time)
  const wait = { role: 'forger', subject: 'batch/1', choice: 'wait', because: 'nothing to forge' }
  for (let at = 0; at < 5; at += 1) {
    await book.record(em, wait)
    await time.advance(4_000)
  }
  await book.record(em, { ...wait, choice: 'forge', because: '3 L2' })
  await book.record(em, { ...wait, subject: 'batch/2' })
  const rows = await orm.em.fork().find(Decision, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    rows.map(({ subject, choice, times }) => [subject, choice, times]),
    [
      ['batch/1', 'wait', 4],
      ['batch/1', 'forge', 1],
      ['batch/2', 'wait', 1],
    ],
    'written at most every ten seconds',
  )
})

test('a decision whose transaction did not commit is written again', async t => {
  const orm = await database(t)
  const time = new SimulatedClock()
  const book = openDecisionBook(time)
  const wait = { role: 'forger', subject: 'pipeline', choice: 'wait', because: 'nothing to forge' }
  const lost = orm.em.fork().transactional(async tx => {
    await book.record(tx, wait)
    throw new Error('no commit')
  })
  await t.throwsAsync(lost)
  await time.advance(10_000)
  await book.record(orm.em.fork(), wait)
  t.is(await orm.em.fork().count(Decision, {}), 1)
})
