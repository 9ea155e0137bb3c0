import test from 'ava'
import { meterForger } from '../../../src/actors/forger/meters.ts'
import { HeadView } from '../../../src/entities/forger/chain-facts.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import { DatabaseDownError } from '../../../src/entities/errors.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { chainView } from '../../support/chain-view.ts'
import { storeBatch, storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'

const database = useForgerDatabase(test)

const shown = (text: string): string[] => text.split('\n').filter(line => line.startsWith('forgekeeper_forger_'))

test('batches, the pool and its reasons are counted by state, whatever their numbers, and what is gone is absent', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  for (const num of [1, 2, 3]) await storeBatch(em, { num, state: num === 1 ? 'final' : 'built' })
  await storePoolTx(em, 256, 0)
  await storePoolTx(em, 256, 1, { errorCode: 12, errorType: 'ErrNoCurrentNonce' })
  await storePoolTx(em, 256, 2, { state: 'fing', batchNum: 2 })
  const view = { ...chainView(9), lastForgedBatch: 7 }
  await em.insert(HeadView, { name: 'head', blockNumber: 9n, blockHash: '0x', view })
  const metrics = createMetrics({ processMetrics: false })
  meterForger(
    metrics,
    () => orm,
    async () => [{ state: 'busy' }, { state: 'idle' }, { state: 'busy' }],
  )
  t.deepEqual(shown(await metrics.text()).toSorted(), [
    'forgekeeper_forger_forged_batches 7',
    'forgekeeper_forger_left_out_transactions{state="ErrNoCurrentNonce"} 1',
    'forgekeeper_forger_live_batches{state="built"} 2',
    'forgekeeper_forger_pool_transactions{state="fing"} 1',
    'forgekeeper_forger_pool_transactions{state="pend"} 2',
    'forgekeeper_forger_provers_count{state="busy"} 2',
    'forgekeeper_forger_provers_count{state="idle"} 1',
  ])
  await orm.em.fork().nativeDelete(PoolTx, { nonce: { $gte: 1n } })
  const left = shown(await metrics.text())
  t.is(left.filter(line => line.includes('pool')).join(), 'forgekeeper_forger_pool_transactions{state="pend"} 1')
  t.false(left.some(line => line.includes('left_out')))
})

test('while the database is down nothing is said', async t => {
  const metrics = createMetrics({ processMetrics: false })
  const down = (): never => {
    throw new DatabaseDownError('the database is not up yet')
  }
  meterForger(metrics, down, async () => [])
  t.deepEqual(shown(await metrics.text()), [])
})
