/** What of a large pool a batch is selected from. */
import test, { type ExecutionContext } from 'ava'
import { loadPool, type PoolView } from '../../../src/actors/forger/pool-view.ts'
import { linkTo } from '../../../src/actors/forger/rollup/links.ts'
import { tokenValuesOf } from '../../../src/actors/forger/token-values.ts'
import { Account, FoldedState } from '../../../src/entities/forger/batch.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import type { Em } from '../../../src/entities/orm.ts'
import { storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)
const EQUAL = tokenValuesOf([])

/** Folded up to batch 5, where the given accounts have nonce 0 and 1000 of token 0. */
async function scene(t: ExecutionContext, idxs: readonly number[]) {
  const orm = await database(t)
  const em = orm.em.fork()
  em.create(FoldedState, { name: 'base', batchNum: 5, root: 0n, lastIdx: 300n })
  for (const idx of idxs) await openAccount(em, idx)
  const look = async (limit: number, values = EQUAL): Promise<PoolView> => loadPool(orm.em.fork(), limit, values)
  return { em, look, seen: async (limit: number, values = EQUAL) => names(await look(limit, values)) }
}

async function openAccount(em: Em, idx: number): Promise<void> {
  const owner = { ay: 1n, sign: 0, ethAddr: '0x' }
  em.create(Account, { idx: BigInt(idx), tokenId: 0n, nonce: 0n, balance: 1000n, batchNum: 1, ...owner })
  await em.flush()
}

const names = ({ txs }: PoolView) => txs.map(({ fromIdx, nonce }) => `${fromIdx}/${nonce}`)

/** Fee selectors whose fee is the amount times a power of two. */
const fee = (power: number) => 192 + power

test('a pool that fits is seen whole, in order of arrival', async t => {
  const { em, look } = await scene(t, [256])
  await storePoolTx(em, 256, 1)
  await storePoolTx(em, 256, 0)
  await storePoolTx(em, 256, 2, { externalDelete: true })
  await storePoolTx(em, 256, 3, { state: 'invl' })
  const view = await look(2)
  t.deepEqual(names(view), ['256/1', '256/0'])
  t.true(view.isWhole)
  t.false((await look(1)).isWhole)
})

test('the best fee is seen first, however young; fees of a sender count in the order they can be paid', async t => {
  const { em, seen } = await scene(t, [256, 257, 258])
  await storePoolTx(em, 256, 0, { fee: fee(0) })
  await storePoolTx(em, 256, 1, { fee: fee(5) })
  await storePoolTx(em, 257, 0, { fee: fee(2) })
  await storePoolTx(em, 257, 1, { fee: fee(1) })
  await storePoolTx(em, 258, 0, { fee: fee(3) })
  t.deepEqual(await seen(1), ['258/0'])
  t.deepEqual(await seen(3), ['257/0', '257/1', '258/0'])
  t.deepEqual(await seen(4), ['256/0', '257/0', '257/1', '258/0'], 'a better fee behind a bad one waits for it')
})

test('a nonce that cannot be reached hides nothing, old and dear as it may be', async t => {
  const { em, seen } = await scene(t, [256, 257, 258, 259])
  for (let nonce = 1; nonce < 6; nonce += 1) await storePoolTx(em, 256, nonce, { fee: fee(9) })
  await storePoolTx(em, 257, 0, { fee: fee(9) })
  await storePoolTx(em, 257, 2, { fee: fee(9) })
  await storePoolTx(em, 258, 0)
  t.deepEqual(await seen(2), ['257/0', '258/0'])
})

test('nonces of batches under way count as reached', async t => {
  const { em, seen } = await scene(t, [256, 257])
  await storePoolTx(em, 257, 5, { fee: fee(9) })
  await storePoolTx(em, 256, 0, { state: 'fged', batchNum: 6 })
  await storePoolTx(em, 256, 1, { state: 'fing', batchNum: 7 })
  await storePoolTx(em, 256, 2)
  t.deepEqual(await seen(1), ['256/2'])
})

test('more than a sender has hides nothing, although each transaction alone could be paid', async t => {
  const { em, seen } = await scene(t, [256, 257])
  for (let nonce = 0; nonce < 4; nonce += 1) await storePoolTx(em, 256, nonce, { amount: 450n, fee: fee(0) })
  await storePoolTx(em, 257, 0)
  t.deepEqual(await seen(2), ['256/0', '257/0'])
})

test('fees in several tokens are compared in dollars where prices are given', async t => {
  const { em, seen } = await scene(t, [256, 257])
  await storePoolTx(em, 256, 0, { fee: fee(0), tokenId: 7n })
  await storePoolTx(em, 257, 0, { fee: fee(4) })
  t.deepEqual(await seen(1), ['257/0'])
  const priced = tokenValuesOf([
    { id: 7, decimals: 6, usd: 1 },
    { id: 0, decimals: 18, usd: 2500 },
  ])
  t.deepEqual(await seen(1, priced), ['256/0'])
})

test('an atomic group is seen whole or not at all, at its average fee, with the links its members signed', async t => {
  const { em, look, seen } = await scene(t, [256, 257, 258])
  const group = { atomicGroupId: '0xaa' }
  const rq = { fromIdx: 257, toIdx: 1, toEthAddr: null, toBjj: null, tokenId: 0, amount: '7', fee: 0, nonce: 0 }
  await storePoolTx(em, 256, 0, { ...group, fee: fee(0), rqOffset: 1, rq })
  await storePoolTx(em, 258, 0, { fee: fee(3) })
  await storePoolTx(em, 257, 0, { ...group, fee: fee(5), rqOffset: 7, rq })
  t.deepEqual(await seen(1), ['256/0', '257/0'], 'on average they pay more than the other')
  await em.nativeUpdate(PoolTx, { fromIdx: 258n }, { fee: fee(6) })
  t.deepEqual(await seen(1), ['258/0'])
  const [first, ...others] = (await look(10)).txs
  t.like(first, {
    atomicGroup: '0xaa',
    ...linkTo(1, { ...rq, amount: 7n, userFee: 0, toEthAddr: ZERO, toBjjAy: 0n, toBjjSign: 0 }),
  })
  t.deepEqual(
    others.map(({ rqOffset }) => rqOffset),
    [0, 7],
  )
})

const ZERO = `0x${'0'.repeat(40)}` as const
