/** Changing what waits in the pool. */
import test from 'ava'
import { PoolTx } from '../../../../src/entities/forger/pool-tx.ts'
import { alice, bob, carol, ETHER, usePools, type Pool } from './pool.ts'
import { bodyOf, groupOf, l2Tx, type Wallet } from './wallet.ts'

const openPool = usePools(test)
const toBob = l2Tx({ fromIdx: 256, toIdx: 257, nonce: 5, userFee: 10 })
const ID = String(bodyOf(toBob, alice)['id'])
const exit = { ...toBob, toIdx: 1 }

const put = ({ send }: Pool, path: string, tx: Parameters<typeof bodyOf>[0], from: Wallet = alice) =>
  send('PUT', `/transactions-pool/${path}`, bodyOf(tx, from))

const rows = ({ orm }: Pool): Promise<PoolTx[]> => orm.em.fork().find(PoolTx, {}, { orderBy: { itemId: 'asc' } })

test('a pending transaction gets another receiver under its id, when its owner signs that', async t => {
  const pool = await openPool()
  await pool.submit(bodyOf(toBob, alice))
  t.like((await put(pool, ID, exit, bob)).body, { code: 11 })
  t.is((await rows(pool))[0]?.type, 'Transfer')
  t.deepEqual(await put(pool, ID, exit), { status: 200, body: ID })
  const [row, ...others] = await rows(pool)
  t.is(others.length, 0)
  t.like(row, {
    txId: ID,
    type: 'Exit',
    toIdx: 1n,
    state: 'pend',
    signature: `0x${String(bodyOf(exit, alice)['signature'])}`,
  })
})

test('an invalid transaction is pending again when it is replaced, without what was said about it', async t => {
  const pool = await openPool()
  await pool.submit(bodyOf(toBob, alice))
  await pool.orm.em
    .fork()
    .nativeUpdate(PoolTx, { txId: ID }, { state: 'invl', info: 'why', errorCode: 12, errorType: 'E', batchNum: 4 })
  t.is((await put(pool, ID, toBob)).status, 200)
  t.like((await rows(pool))[0], { state: 'pend', info: null, errorCode: null, errorType: null, batchNum: null })
})

test('an unknown id is code 4; the same again, what is in a batch and what is in a group are code 25', async t => {
  const pool = await openPool()
  t.like(await put(pool, ID, exit), { status: 404, body: { code: 4, type: 'ErrSQLNoRows' } })
  await pool.submit(bodyOf(toBob, alice))
  t.like(await put(pool, ID, toBob), { status: 400, body: { code: 25, type: 'ErrNothingToUpdate' } })
  for (const state of ['fing', 'fged'] as const) {
    await pool.orm.em.fork().nativeUpdate(PoolTx, { txId: ID }, { state, batchNum: 4 })
    t.like((await put(pool, ID, exit)).body, { code: 25 })
  }
  const next = { ...toBob, nonce: 6 }
  const group = groupOf([
    [next, alice, 1],
    [l2Tx({ fromIdx: 257, toIdx: 256 }), bob, 7],
  ])
  t.is((await pool.send('POST', '/atomic-pool', group)).status, 200)
  const id = String(bodyOf(next, alice)['id'])
  t.like((await put(pool, id, { ...next, toIdx: 1 })).body, { code: 25 })
  t.deepEqual(
    (await rows(pool)).map(({ type }) => type),
    ['Transfer', 'Transfer', 'Transfer'],
  )
})

test('a body with another id, or a transaction the pool would not take, changes nothing', async t => {
  const pool = await openPool()
  await pool.submit(bodyOf(toBob, alice))
  t.like((await put(pool, ID, { ...exit, amount: 7n })).body, { code: 6 })
  t.like((await put(pool, ID, { ...toBob, toIdx: 0, toEthAddr: carol.ethAddr })).body, { code: 13 })
  t.like((await put(pool, ID, { ...toBob, toIdx: 999 })).body, { code: 12 })
  t.like((await rows(pool))[0], { type: 'Transfer', toIdx: 257n })
})

test('what an account has pending under a nonce is replaced by another transaction', async t => {
  const pool = await openPool()
  await pool.submit(bodyOf(toBob, alice))
  await pool.submit(bodyOf({ ...toBob, amount: 2n }, alice))
  await pool.submit(bodyOf({ ...toBob, nonce: 6 }, alice))
  const better = { ...toBob, amount: 3n, userFee: 200 }
  t.deepEqual(await put(pool, 'accounts/hez:ETH:256/nonces/5', better), {
    status: 200,
    body: bodyOf(better, alice)['id'],
  })
  t.deepEqual(
    (await rows(pool)).map(({ nonce, amount }) => [nonce, amount]),
    [
      [6n, 1000n],
      [5n, 3n],
    ],
  )
})

test('nothing pending under the nonce is code 4; another account or nonce in the path is code 1', async t => {
  const pool = await openPool()
  t.like(await put(pool, 'accounts/256/nonces/5', toBob), { status: 404, body: { code: 4 } })
  await pool.submit(bodyOf(toBob, alice))
  for (const path of ['accounts/257/nonces/5', 'accounts/256/nonces/6', 'accounts/odd/nonces/5']) {
    t.like(await put(pool, path, { ...toBob, amount: 2n }), { status: 400, body: { code: 1 } }, path)
  }
  t.like((await put(pool, 'accounts/256/nonces/5', { ...toBob, amount: 2n * ETHER })).body, { code: 26 })
  await pool.orm.em.fork().nativeUpdate(PoolTx, { txId: ID }, { state: 'fing', batchNum: 4 })
  t.like((await put(pool, 'accounts/256/nonces/5', { ...toBob, amount: 2n })).body, { code: 4 })
  t.is((await rows(pool)).length, 1)
})
