import test from 'ava'
import { rollupSource } from '../../../src/actors/forger/rollup-source.ts'
import { Token } from '../../../src/entities/forger/chain-facts.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import { storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)

test('scenario 72: a reorganisation over a token registration takes the token’s pool transactions, and no others', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await em.insertMany(Token, [
    { tokenId: 1n, address: '0x1', blockNumber: 90n },
    { tokenId: 2n, address: '0x2', blockNumber: 101n },
  ])
  await storePoolTx(em, 256, 0, { tokenId: 0n })
  await storePoolTx(em, 257, 0, { tokenId: 1n })
  await storePoolTx(em, 258, 0, { tokenId: 2n })
  await storePoolTx(em, 258, 1, { tokenId: 2n, state: 'invl', batchNum: 3 })
  await storePoolTx(em, 259, 0, { tokenId: 2n, state: 'fing', batchNum: 4 })
  const left = async () =>
    (await orm.em.fork().find(PoolTx, {}, { orderBy: { itemId: 'asc' } })).map(
      ({ tokenId, state }) => `${tokenId} ${state}`,
    )
  const source = rollupSource({ rollup: '0x1', auction: '0x2' }, 0n)
  await source.forget(orm.em.fork(), 101n)
  t.is((await left()).length, 5, 'the registration is still there')
  await source.forget(orm.em.fork(), 100n)
  t.deepEqual(await left(), ['0 pend', '1 pend', '2 fing'], 'a batch under way is given up by those who follow it')
  t.deepEqual(
    (await orm.em.fork().find(Token, {})).map(({ tokenId }) => tokenId),
    [1n],
  )
})
