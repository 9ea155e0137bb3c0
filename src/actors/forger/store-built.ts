/**
 * T2 of a built batch: the batch, the pool transactions it takes, what was left out and why, and the decision, in one
 * transaction; or nothing, when the line of batches has moved on meanwhile.
 */
import type { Clock } from '../../clock.ts'
import { Batch } from '../../entities/forger/batch.ts'
import type { DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em } from '../../entities/orm.ts'
import type { BuilderResult } from './builder/jobs.ts'
import { holdLine } from './epochs.ts'
import { loadLineEnd } from './line.ts'
import type { BatchPlan } from './plan.ts'
import { invalidateOldNonces, noteDiscarded, startForging } from './pool-store.ts'
import type { DiscardedTx } from './rollup/selection-types.ts'

type BatchResult = Extract<BuilderResult, { kind: 'batch' }>

/** A transaction of the batch was replaced or deleted while the batch was built; rolls everything back. */
class PoolMoved extends Error {}

/**
 * Stores the batch and answers its id; null when its run has ended, its parent is not the newest batch any more, or a
 * transaction in it is not in the pool any more as it was selected.
 */
export async function storeBuilt(
  em: Em,
  plan: BatchPlan,
  result: BatchResult,
  book: DecisionBook,
  clock: Clock,
): Promise<bigint | null> {
  try {
    return await em.transactional(tx => store(tx, plan, result, book, clock))
  } catch (error) {
    if (error instanceof PoolMoved) return null
    throw error
  }
}

async function store(
  tx: Em,
  plan: BatchPlan,
  { batch, discarded }: BatchResult,
  book: DecisionBook,
  clock: Clock,
): Promise<bigint | null> {
  await holdLine(tx)
  if (!(await stillFits(tx, plan))) return null
  const row = tx.create(Batch, {
    num: plan.num,
    epoch: plan.epoch,
    state: 'built',
    oldRoot: batch.oldRoot,
    newRoot: batch.newRoot,
    newExitRoot: batch.newExitRoot,
    oldLastIdx: BigInt(batch.oldLastIdx),
    newLastIdx: BigInt(batch.newLastIdx),
    l1Queue: plan.l1Queue,
    l1Digest: plan.l1Digest,
    l1UserTxs: plan.l1UserTxs,
    l1CoordinatorTxs: batch.l1CoordinatorTxs,
    l2Txs: batch.l2TxIds.length,
    encodedL1CoordinatorTx: batch.encodedL1CoordinatorTx,
    l1L2TxsData: batch.l1L2TxsData,
    feeIdxCoordinator: batch.feeIdxCoordinator,
    verifierIdx: plan.verifierIdx,
    publicInput: batch.publicInput,
    proverInput: batch.proverInput,
    accounts: batch.accounts,
    contents: batch.contents,
    startBlock: plan.startBlock,
    createdAt: new Date(clock.now()),
  })
  await tx.flush()
  await takeFromPool(tx, batch, plan.num)
  await noteDiscarded(tx, discarded, plan.num)
  await invalidateOldNonces(tx, batch.nonces, plan.num)
  const because = `${batch.l2TxIds.length} L2, ${plan.l1UserTxs} L1 and ${batch.l1CoordinatorTxs} coordinator transactions`
  await book.record(tx, { role: 'forger', subject: `batch/${plan.num}`, choice: 'forge', because })
  return row.id
}

async function takeFromPool(em: Em, { l2TxIds, signatures }: BatchResult['batch'], num: number): Promise<void> {
  const txs = l2TxIds.map((txId, at) => ({ txId, signature: signatures[at] ?? '' }))
  if ((await startForging(em, txs, num)) !== txs.length) throw new PoolMoved()
}

/** Nothing was worth a batch: says why, and what is wrong with the transactions that were looked at. */
export async function storeNothing(
  em: Em,
  plan: BatchPlan,
  discarded: readonly DiscardedTx[],
  book: DecisionBook,
): Promise<void> {
  await em.transactional(async tx => {
    await noteDiscarded(tx, discarded, plan.num)
    await book.record(tx, {
      role: 'forger',
      subject: `batch/${plan.num}`,
      choice: 'wait',
      because: plan.emptyBecause,
      details: { rule: plan.emptyRule, discarded: discarded.length },
    })
  })
}

async function stillFits(em: Em, plan: BatchPlan): Promise<boolean> {
  const { epoch, broken, batchNum, root } = await loadLineEnd(em)
  return epoch === plan.epoch && !broken && batchNum === plan.from.batchNum && root === plan.from.root
}
