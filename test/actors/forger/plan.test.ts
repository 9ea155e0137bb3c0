import test, { type ExecutionContext } from 'ava'
import { planBatch, type BatchPlan, type PlanRules } from '../../../src/actors/forger/plan.ts'
import { tokenValuesOf } from '../../../src/actors/forger/token-values.ts'
import { Batch, Epoch, FoldedState } from '../../../src/entities/forger/batch.ts'
import { HeadView, L1Tx, type ChainView } from '../../../src/entities/forger/chain-facts.ts'
import { Decision } from '../../../src/entities/kernel/decision.ts'
import { openDecisionBook } from '../../../src/entities/kernel/decision-book.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import type { Em, Orm } from '../../../src/entities/orm.ts'
import { chainView, US } from '../../support/chain-view.ts'
import { storeBatch, storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'
import { CIRCUIT, requestFor } from './rollup/support.ts'

const database = useForgerDatabase(test)
const HEAD = 103
const RULES: PlanRules = {
  forgeDelay: 0,
  forgeNoTxsDelay: 60_000,
  ignoreSlotCommitment: true,
  forgeOncePerSlotIfTxs: false,
  circuit: CIRCUIT,
  chainId: 1337,
  l1BatchTimeoutPart: 0.5,
  maxUnproven: 2,
  feeAccount: requestFor([]).feeAccount,
  selectionWindow: 100,
  verifierIdx: 0,
  tokenValues: tokenValuesOf([]),
}

interface Scene {
  readonly orm: Orm
  readonly em: Em
  readonly plan: (rules?: Partial<PlanRules>) => Promise<BatchPlan | 'broken' | null>
  readonly because: () => Promise<string | undefined>
}

/** A run on top of final batch 5 in a slot of ours; the last L1 batch consumed queue 3 in block 102, so none is due. */
async function scene(t: ExecutionContext, view: Partial<ChainView> = {}): Promise<Scene> {
  const orm = await database(t)
  const em = orm.em.fork()
  const clock = new SimulatedClock()
  const book = openDecisionBook(clock)
  em.create(FoldedState, { name: 'base', batchNum: 5, root: 0n, lastIdx: 300n })
  em.create(Epoch, { number: 1, fromBatch: 5, fromRoot: 0n, startedAt: new Date(0) })
  const queues = { lastL1L2Batch: '102', nextL1ToForgeQueue: '4', nextL1FillingQueue: '5' }
  const chain = chainView(HEAD, [US, US], { ...queues, ...view })
  em.create(HeadView, { name: 'head', blockNumber: BigInt(HEAD), blockHash: '0x', view: chain })
  await em.flush()
  return {
    orm,
    em,
    plan: (rules = {}) => planBatch(orm.em.fork(), { ...RULES, ...rules }, book, clock),
    because: async () => {
      const [last] = await orm.em.fork().find(Decision, {}, { orderBy: { id: 'desc' }, limit: 1 })
      return last?.because
    },
  }
}

/** L1 is due: the last L1 batch is long ago. */
const due = (more: Partial<ChainView> = {}) => ({ lastL1L2Batch: '99', ...more })

const queueTxs = async (em: Em, queue: number, count: number, from = 0): Promise<void> => {
  for (let position = from; position < from + count; position += 1) {
    em.create(L1Tx, {
      queue: BigInt(queue),
      position,
      txId: `0x${queue}:${position}`,
      fromEthAddr: '0xaa',
      fromBjj: '0x01',
      fromIdx: 0n,
      loadAmountF: 0n,
      amountF: 0n,
      tokenId: 0n,
      toIdx: 0n,
      encoded: '0x',
      blockNumber: 1n,
      ethTxHash: '0x',
    })
  }
  await em.flush()
}
const planned = async (of: Promise<BatchPlan | 'broken' | null>): Promise<BatchPlan> => {
  const plan = await of
  if (plan === null || plan === 'broken') throw new Error(`no plan: ${plan}`)
  return plan
}

test('without a run nothing is planned, and nothing is said about it', async t => {
  const { em, plan, because } = await scene(t)
  await em.nativeUpdate(Epoch, { number: 1 }, { stoppedAt: new Date(0) })
  t.is(await plan(), null)
  t.is(await because(), undefined)
})

test('the next batch goes on top of the newest live one, with what is pending', async t => {
  const { em, plan } = await scene(t)
  await storeBatch(em, { num: 6, state: 'sent' })
  const first = await storePoolTx(em, 256, 0)
  await storePoolTx(em, 256, 1, { state: 'fing', batchNum: 6 })
  await storePoolTx(em, 256, 2, { externalDelete: true })
  const { num, from, l1Queue, startBlock, job } = await planned(plan())
  t.deepEqual(
    { num, from, l1Queue, startBlock },
    { num: 7, from: { batchNum: 6, root: 0n }, l1Queue: null, startBlock: 104n },
  )
  t.deepEqual(
    job.selection.pool.map(({ txId }) => txId),
    [first],
  )
})

test('a paused forger starts nothing and says who paused it', async t => {
  const { em, plan, because } = await scene(t)
  em.create(RoleControl, { role: 'forger', paused: true, by: 'operator', reason: 'upgrade', changedAt: new Date(0) })
  await em.flush()
  await storePoolTx(em, 256, 0)
  t.is(await plan(), null)
  t.is(await because(), 'paused by operator: upgrade')
})

test('scenario 29: no more is built ahead than provers can take', async t => {
  const { em, plan, because } = await scene(t)
  await storePoolTx(em, 256, 0)
  await storeBatch(em, { num: 6, state: 'proving' })
  t.truthy(await plan())
  await storeBatch(em, { num: 7, state: 'built' })
  t.is(await plan(), null)
  t.is(await because(), '2 batches are waiting for provers already')
})

test('scenario 38: after a failed batch nothing is planned until the run has ended', async t => {
  const { em, plan } = await scene(t)
  await storePoolTx(em, 256, 0)
  await storeBatch(em, { num: 6, state: 'failed' })
  t.is(await plan(), 'broken')
})

test('scenario 19: nothing to forge is waited for with the reason, without asking the builder', async t => {
  const { em, plan, because } = await scene(t)
  await storeBatch(em, { num: 6, state: 'sent', createdAt: new Date(Date.UTC(2026, 0, 1) - 1_000) })
  t.is(await plan(), null)
  t.is(await because(), 'nothing to forge, forge_no_txs_delay is not over')
})

test('scenario 17: a batch of ours in this slot counts as the slot’s batch before the chain knows it', async t => {
  const { em, plan, because } = await scene(t)
  await storePoolTx(em, 256, 0)
  t.truthy(await plan({ forgeOncePerSlotIfTxs: true }))
  await storeBatch(em, { num: 6, state: 'proving' })
  await em.nativeUpdate(Batch, { num: 6 }, { startBlock: 100n })
  t.is(await plan({ forgeOncePerSlotIfTxs: true }), null)
  t.regex((await because()) ?? '', /the slot has its batch already/)
  await em.nativeUpdate(Batch, { num: 6 }, { startBlock: 79n })
  t.truthy(await plan({ forgeOncePerSlotIfTxs: true }), 'that was the slot before')
})

test('scenarios 23, 26: a due L1 batch takes the whole frozen queue in order', async t => {
  const { em, plan } = await scene(t, due())
  await queueTxs(em, 4, 3)
  await queueTxs(em, 5, 1)
  const { l1Queue, l1UserTxs, job } = await planned(plan())
  t.deepEqual([l1Queue, l1UserTxs], [4n, 3])
  t.is(job.selection.l1UserTxs.length, 3)
  t.is(job.selection.futureL1UserTxs.length, 1)
})

test('scenario 27: an L1 transaction that comes later does not change a batch under way', async t => {
  const { em, plan } = await scene(t, due({ nextL1FillingQueue: '6' }))
  await queueTxs(em, 4, 2)
  const before = await planned(plan())
  await storeBatch(em, { num: 6, state: 'proving' })
  await em.nativeUpdate(Batch, { num: 6 }, { l1Queue: 4n, l1UserTxs: before.l1UserTxs, startBlock: 99n })
  await queueTxs(em, 5, 1)
  const next = await planned(plan())
  t.deepEqual([before.l1Queue, next.l1Queue, next.l1UserTxs], [4n, 5n, 1], 'it belongs to the next queue')
})

test('scenario 20: an L1 batch over nothing is forged for the sake of L1 transactions behind it', async t => {
  const { em, plan } = await scene(t, due())
  const created = new Date(Date.UTC(2026, 0, 1) - 1_000)
  await storeBatch(em, { num: 6, state: 'sent', createdAt: created })
  await queueTxs(em, 5, 3)
  const { l1Queue, l1UserTxs, job } = await planned(plan())
  t.deepEqual([l1Queue, l1UserTxs, job.emptyAllowed], [4n, 0, true])
})

test('scenario 24: while the queue can still grow an L2 batch goes first, or nothing', async t => {
  const { em, plan, because } = await scene(t, due({ nextL1FillingQueue: '4' }))
  t.is(await plan(), null)
  t.is(await because(), 'L1 queue 4 can still grow until the L1 batch before it is read from the chain')
  await storePoolTx(em, 256, 0)
  t.like(await plan(), { l1Queue: null })
})

test('scenarios 24, 28: where the contract demands an L1 batch no L2 batch is built instead', async t => {
  const { em, plan, because } = await scene(t, { lastL1L2Batch: '90', nextL1FillingQueue: '4' })
  await storePoolTx(em, 256, 0)
  t.is(await plan(), null)
  t.regex((await because()) ?? '', /can still grow/)
})

test('a queue the circuit cannot hold is waited for, and the reason says so', async t => {
  const { em, plan, because } = await scene(t, due())
  await queueTxs(em, 4, 9)
  t.is(await plan(), null)
  t.is(await because(), 'L1 queue 4 holds 9 transactions, the circuit takes 8')
})
