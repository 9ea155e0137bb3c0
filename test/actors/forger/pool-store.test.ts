import test from 'ava'
import {
  doneForging,
  invalidateOldNonces,
  noteDiscarded,
  rollbackPool,
  startForging,
} from '../../../src/actors/forger/pool-store.ts'
import type { Hex } from '../../../src/actors/forger/rollup/types.ts'
import { PoolTx, type PoolState } from '../../../src/entities/forger/pool-tx.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)

const states = async (orm: Orm): Promise<Record<number, PoolState>> => {
  const txs = await orm.em.fork().find(PoolTx, {}, { orderBy: { nonce: 'asc' } })
  return Object.fromEntries(txs.map(tx => [Number(tx.nonce), tx.state]))
}

test('a batch makes the nonces it used invalid for other transactions of its senders, and a rollback makes them pending again', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  for (let nonce = 0; nonce < 4; nonce += 1) await storePoolTx(em, 256, nonce)
  t.is(await invalidateOldNonces(em, [{ idx: 256, nonce: 1 }], 9), 2)
  t.deepEqual(await states(orm), { 0: 'invl', 1: 'invl', 2: 'pend', 3: 'pend' })
  t.is(await invalidateOldNonces(em, [], 9), 0)
  await rollbackPool(em, 8)
  t.deepEqual(await states(orm), { 0: 'pend', 1: 'pend', 2: 'pend', 3: 'pend' })
})

test('scenario 79: a rollback gives back exactly what batches above the number took, without a trace', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const trace = { info: 'BatchNum: 6. why', errorCode: 11, errorType: 'ErrX' }
  await storePoolTx(em, 256, 0, { state: 'fged', batchNum: 5, ...trace })
  await storePoolTx(em, 256, 1, { state: 'fged', batchNum: 6, ...trace })
  await storePoolTx(em, 256, 2, { state: 'fing', batchNum: 7, ...trace })
  await storePoolTx(em, 256, 3, { state: 'invl', batchNum: 6, ...trace })
  await storePoolTx(em, 256, 4, { state: 'pend', ...trace })
  t.is(await rollbackPool(em, 5), 3)
  t.deepEqual(await states(orm), { 0: 'fged', 1: 'pend', 2: 'pend', 3: 'pend', 4: 'pend' })
  const back = await orm.em.fork().find(PoolTx, { nonce: { $in: [1n, 2n, 3n] } })
  t.true(back.every(tx => !tx.info && tx.batchNum === null && tx.errorCode === null && tx.errorType === null))
  const [kept] = await orm.em.fork().find(PoolTx, { nonce: 0n })
  t.like(kept, { info: trace.info, errorCode: 11 })
})

test('transactions go from pending to forging to forged; others are left as they are', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const ids = [await storePoolTx(em, 256, 0), await storePoolTx(em, 256, 1, { state: 'invl', batchNum: 3 })]
  await storePoolTx(em, 256, 2)
  t.is(await startForging(em, selected([...ids, '0xunknown']), 4), 1)
  t.deepEqual(await states(orm), { 0: 'fing', 1: 'invl', 2: 'pend' })
  t.is(await doneForging(em, [4]), 1)
  t.is(await doneForging(em, [4]), 0)
  t.deepEqual(await states(orm), { 0: 'fged', 1: 'invl', 2: 'pend' })
  t.is(await startForging(em, [], 4), 0)
})

test('what was signed anew since it was selected is not taken', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const txId = await storePoolTx(em, 256, 0)
  t.is(await startForging(em, [{ txId, signature: '0x02' }], 4), 0)
  t.is(await startForging(em, selected([txId]), 4), 1)
})

test('why a transaction was left out is written down, and it stays pending', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const txId = (await storePoolTx(em, 256, 0)) as Hex // the row's own id
  const discarded = [{ txId, code: 11, type: 'ErrExample', info: 'Not enough balance.' }]
  t.is(await noteDiscarded(em, discarded, 12), 1)
  t.is(await noteDiscarded(em, discarded, 13), 0, 'nothing new')
  const [tx] = await orm.em.fork().find(PoolTx, {})
  t.like(tx, { state: 'pend', info: 'BatchNum: 12. Not enough balance.', errorCode: 11, errorType: 'ErrExample' })
})

test('changes of the pool belong to the transaction they are made in', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const txId = await storePoolTx(em, 256, 0)
  const failing = em.transactional(async tx => {
    await startForging(tx, selected([txId]), 4)
    throw new Error('the batch could not be stored')
  })
  await t.throwsAsync(failing, { message: 'the batch could not be stored' })
  t.deepEqual(await states(orm), { 0: 'pend' })
})

test('thousands of transactions are one statement', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await em.execute(`insert into forger.pool_tx (tx_id, type, from_idx, to_idx, token_id, amount, fee, nonce, signature, received_at)
    select 'tx' || n, 'Transfer', 256 + n, 257, 0, 1, 0, n % 4, '0x', now() from generate_series(1, 20000) n`)
  const ids = Array.from({ length: 20_000 }, (_, i) => `tx${i + 1}`)
  const nonces = ids.map((_, i) => ({ idx: 257 + i, nonce: 1 }))
  t.is(await invalidateOldNonces(em, nonces, 1), 10_000)
  t.is(await startForging(em, selected(ids), 1), 10_000)
  t.is(await rollbackPool(em, 0), 20_000)
})

/** As `storePoolTx` signs. */
const selected = (txIds: readonly string[]) => txIds.map(txId => ({ txId, signature: '0x' }))
