import test, { type ExecutionContext } from 'ava'
import { purgerActor, type PurgerMessage } from '../../../src/actors/forger/purger.ts'
import { ref } from '../../../src/actors/kit/ref.ts'
import { ForgedBatch } from '../../../src/entities/forger/chain-facts.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { silentLog } from '../../../src/log.ts'
import { supervisor, worker } from '../../../src/supervisors/child.ts'
import { createSystem } from '../../../src/supervisors/system.ts'
import { storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'
import { waitFor } from '../../support/patience.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const database = useForgerDatabase(test)
const pool = {
  ttl: 3_600_000,
  safetyPeriod: 10,
  purgeBlockDelay: 10,
  purgeBatchDelay: 10,
  invalidateBlockDelay: 10,
  invalidateBatchDelay: 10,
  externalDeleteInterval: 60_000,
}

async function start(t: ExecutionContext, orm: Orm) {
  const clock = new SimulatedClock()
  const to = ref<PurgerMessage>('forger/purger')
  const child = worker({ id: to.id, actor: purgerActor, args: () => ({ db: () => orm, pool }) })
  const root = supervisor({ id: 'root', strategy: 'one-for-one', children: [child] })
  const system = createSystem(root, { clock, random: () => 0.5, log: silentLog })
  await system.start()
  t.teardown(() => system.stop())
  const block = (number: bigint): void =>
    system.send(to, { type: 'SyncBlock', chain: 'local', number, hash: '0x', head: number })
  return { clock, block, purge: () => system.send(to, { type: 'purge' }) }
}

const left = async (orm: Orm): Promise<number[]> =>
  (await orm.em.fork().find(PoolTx, {}, { orderBy: { nonce: 'asc' } })).map(({ nonce }) => Number(nonce))

const forged = (orm: Orm, batchNum: number): Promise<unknown> =>
  orm.em.fork().insert(ForgedBatch, {
    batchNum,
    forger: '0x',
    stateRoot: 0n,
    exitRoot: 0n,
    lastIdx: 255n,
    l1UserTxs: 0,
    encodedL1CoordinatorTx: '0x',
    l1L2TxsData: '0x',
    feeIdxCoordinator: '0x',
    blockNumber: 1n,
    blockHash: '0x',
    ethTxHash: '0x',
    forgedAt: new Date(0),
  })

test('the first block purges; then nothing until enough blocks or batches have passed', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  const old = { receivedAt: new Date('2020-01-01T00:00:00Z') }
  await storePoolTx(em, 256, 0, old)
  await storePoolTx(em, 256, 1)
  const { clock, block, purge } = await start(t, orm)
  block(100n)
  await waitFor('the old one is gone', async () => (await left(orm)).join() === '1')
  await storePoolTx(em, 256, 2, old)
  block(109n)
  block(110n)
  await waitFor('enough blocks have passed', async () => (await left(orm)).join() === '1')
  await storePoolTx(em, 256, 3, { state: 'fged', batchNum: 1 })
  await forged(orm, 12)
  block(111n)
  await waitFor('enough batches have passed', async () => (await left(orm)).join() === '1')
  await storePoolTx(em, 256, 4, old)
  await storePoolTx(em, 256, 5, { externalDelete: true })
  const timers = clock.pending
  block(112n)
  await clock.advance(60_000)
  await waitFor('the block was heard', () => clock.pending > timers)
  t.deepEqual(await left(orm), [1, 4, 5])
  purge()
  await waitFor('the schedule purges whatever the delays', async () => (await left(orm)).join() === '1,5')
})

test('scenario 77: what is marked from outside is deleted only when no selection can still take it', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await storePoolTx(em, 256, 0, { externalDelete: true })
  const selected = await storePoolTx(em, 256, 1, { externalDelete: true })
  await storePoolTx(em, 256, 2)
  const { clock, purge } = await start(t, orm)
  purge()
  await waitFor('it has seen the marks', async () => clock.pending >= 2)
  t.deepEqual(await left(orm), [0, 1, 2], 'a selection may be under way')
  await em.nativeUpdate(PoolTx, { txId: selected }, { state: 'fing', batchNum: 7 })
  await clock.advance(30_000)
  await waitFor('the mark has ripened', async () => (await left(orm)).join() === '1,2')
})
