import test from 'ava'
import { deleteMarked, due, invalidateOutdated, markedForDeletion, purge } from '../../../src/actors/forger/purge.ts'
import { Account, FoldedState } from '../../../src/entities/forger/batch.ts'
import { ForgedBatch } from '../../../src/entities/forger/chain-facts.ts'
import { PoolTx, type PoolState } from '../../../src/entities/forger/pool-tx.ts'
import type { Em, Orm } from '../../../src/entities/orm.ts'
import { storeBatch, storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)
const LONG_AGO = new Date('2020-01-01T00:00:00Z')
const rules = { batch: 100, safetyPeriod: 10, receivedBefore: new Date('2021-01-01T00:00:00Z') }

const left = async (orm: Orm): Promise<string[]> => (await orm.em.fork().find(PoolTx, {})).map(tx => tx.txId)
const states = async (orm: Orm): Promise<Record<number, PoolState>> => {
  const txs = await orm.em.fork().find(PoolTx, {}, { orderBy: { nonce: 'asc' } })
  return Object.fromEntries(txs.map(tx => [Number(tx.nonce), tx.state]))
}

function fold(em: Em, batchNum: number, nonces: Readonly<Record<number, number>>): Promise<void> {
  em.create(FoldedState, { name: 'base', batchNum, root: 0n, lastIdx: 300n })
  for (const [idx, nonce] of Object.entries(nonces)) {
    const leaf = { tokenId: 0n, balance: 0n, ay: 0n, sign: 0, ethAddr: '0x', batchNum }
    em.create(Account, { idx: BigInt(idx), nonce: BigInt(nonce), ...leaf })
  }
  return em.flush()
}

test('scenario 73: purging and invalidating are due after so many blocks or so many batches', t => {
  const last = { block: 1000n, batch: 10 }
  const purging = (block: bigint, batch: number) => due(last, { block, batch }, { blocks: 6, batches: 2 })
  t.deepEqual([purging(1005n, 11), purging(1005n, 12), purging(1006n, 11)], [false, true, true])
  const invalidating = (block: bigint, batch: number) => due(last, { block, batch }, { blocks: 8, batches: 4 })
  t.deepEqual([invalidating(1007n, 13), invalidating(1007n, 14), invalidating(1008n, 13)], [false, true, true])
  t.true(due({ block: 0n, batch: 0 }, { block: 10n, batch: 0 }, { blocks: 10, batches: 10 }))
})

test('scenario 74: pending transactions with a nonce that is used up become invalid, with the reason', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  for (let nonce = 0; nonce < 6; nonce += 1) {
    await storePoolTx(em, 256, nonce)
    await storePoolTx(em, 257, nonce)
  }
  await fold(em, 7, { 256: 4, 257: 2 })
  t.is(await invalidateOutdated(em), 6)
  const txs = await orm.em.fork().find(PoolTx, { state: 'invl' })
  t.is(txs.length, 6)
  t.true(txs.every(tx => tx.info === 'Nonce is smaller than account nonce' && tx.batchNum === 7))
  t.is(await orm.em.fork().count(PoolTx, { state: 'pend' }), 6)
})

test('scenario 76: forged and invalid ones are kept for the safety period, old pending ones go', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await storePoolTx(em, 256, 0, { state: 'fged', batchNum: 89 })
  await storePoolTx(em, 256, 1, { state: 'invl', batchNum: 89 })
  await storePoolTx(em, 256, 4, { receivedAt: LONG_AGO })
  await storePoolTx(em, 256, 5, { maxNumBatch: 89n })
  await storePoolTx(em, 256, 6, { state: 'fged', batchNum: 95, maxNumBatch: 89n })
  const kept = [
    await storePoolTx(em, 256, 2, { state: 'fged', batchNum: 90 }),
    await storePoolTx(em, 256, 3, { state: 'invl', batchNum: 90 }),
    await storePoolTx(em, 256, 7, { maxNumBatch: 90n }),
    await storePoolTx(em, 256, 8),
  ]
  t.is(await purge(em, rules), 5)
  t.deepEqual((await left(orm)).sort(), kept.sort())
  t.is(await purge(em, rules), 0)
})

test('scenario 76: what is in a batch under way is never deleted, however old', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  for (const [num, state] of [
    [80, 'built'],
    [81, 'proving'],
    [82, 'sent'],
    [83, 'mined'],
  ] as const) {
    await storeBatch(em, { num, state })
    await storePoolTx(em, 256, num, { state: 'fing', batchNum: num, maxNumBatch: 1n, receivedAt: LONG_AGO })
    await storePoolTx(em, 257, num, { state: 'fged', batchNum: num, maxNumBatch: 1n, receivedAt: LONG_AGO })
    await storePoolTx(em, 258, num, { state: 'invl', batchNum: num, receivedAt: LONG_AGO })
  }
  t.is(await purge(em, rules), 0)
  await em.execute("update forger.batch set state = 'final'")
  t.is(await purge(em, rules), 8, 'confirmed now; those still marked as being forged stay')
})

test('no last batch is no limit, whatever number it is', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await storePoolTx(em, 256, 0, { maxNumBatch: 0n })
  t.is(await purge(em, rules), 0)
})

test('scenario 78: a transaction of a sender nobody knows becomes invalid, and the others go on', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await fold(em, 7, { 256: 0 })
  await storeBatch(em, { num: 8, state: 'mined', accounts: [{ idx: '257', nonce: '0' }] })
  await storePoolTx(em, 256, 0)
  await storePoolTx(em, 257, 1)
  await storePoolTx(em, 999, 2)
  t.is(await invalidateOutdated(em), 1)
  t.deepEqual(await states(orm), { 0: 'pend', 1: 'pend', 2: 'invl' })
  const [tx] = await orm.em.fork().find(PoolTx, { state: 'invl' })
  t.is(tx?.info, 'The sender’s account does not exist')
})

test('while forged batches are still to be applied nobody is called unknown', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await storePoolTx(em, 999, 0)
  t.is(await invalidateOutdated(em), 0, 'nothing is known at all')
  await fold(em, 7, { 256: 0 })
  em.create(ForgedBatch, {
    batchNum: 8,
    forger: '0x',
    stateRoot: 0n,
    exitRoot: 0n,
    lastIdx: 300n,
    l1UserTxs: 0,
    encodedL1CoordinatorTx: '0x',
    l1L2TxsData: '0x',
    feeIdxCoordinator: '0x',
    blockNumber: 1n,
    blockHash: '0x',
    ethTxHash: '0x',
    forgedAt: new Date(0),
  })
  await em.flush()
  t.is(await invalidateOutdated(em), 0)
  await em.nativeUpdate(FoldedState, { name: 'base' }, { batchNum: 8 })
  t.is(await invalidateOutdated(em), 1)
})

test('what was marked from outside is deleted unless it was selected meanwhile', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const [gone, selected] = [
    await storePoolTx(em, 256, 0, { externalDelete: true }),
    await storePoolTx(em, 256, 1, { externalDelete: true }),
  ]
  const unmarked = await storePoolTx(em, 256, 2)
  t.deepEqual([...(await markedForDeletion(em))].sort(), [gone, selected].sort())
  await em.nativeUpdate(PoolTx, { txId: selected }, { state: 'fing', batchNum: 3 })
  t.is(await deleteMarked(em, [gone, selected, unmarked]), 1)
  t.deepEqual((await left(orm)).sort(), [selected, unmarked].sort())
})
