/**
 * Loads what reconcile() looks at, and carries out what it decided, in one transaction.
 */
import type { Clock } from '../../clock.ts'
import { Batch, LIVE_BATCH_STATES } from '../../entities/forger/batch.ts'
import { ForgedBatch } from '../../entities/forger/chain-facts.ts'
import { Intent } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import { acknowledge, cancel, untold } from '../lanes/wish.ts'
import type { Change, ForgedFact, LiveBatch, ReconcileView } from './policy/reconcile.ts'
import { doneForging } from './pool-store.ts'
import { fold, loadBase } from './state-store.ts'

/** At most this many forged batches are looked at in one go; the rest in the next. */
const FORGED_AT_ONCE = 500

export async function loadReconcileView(em: Em, synced: bigint, confirmBlocks: number): Promise<ReconcileView> {
  const base = await loadBase(em)
  const onBase = base.batchNum === 0 ? null : await em.findOne(ForgedBatch, { batchNum: base.batchNum })
  const forged = await em.find(
    ForgedBatch,
    { batchNum: { $gt: base.batchNum } },
    { orderBy: { batchNum: 'asc' }, limit: FORGED_AT_ONCE, exclude: ['encodedL1CoordinatorTx', 'feeIdxCoordinator'] },
  )
  return {
    base,
    baseOnChain: onBase ? { root: onBase.stateRoot } : null,
    forged: forged as readonly ForgedFact[], // the excluded columns are not part of the fact
    batches: await liveBatches(em, base.batchNum),
    synced,
    confirmBlocks,
  }
}

/** Live batches above a number with the state of their wishes, and the failed ones of the run that is still open. */
export async function liveBatches(em: Em, above: number): Promise<LiveBatch[]> {
  const rows = await em.find(
    Batch,
    { num: { $gt: above }, state: { $in: [...LIVE_BATCH_STATES, 'failed'] } },
    { orderBy: { num: 'asc' } },
  )
  const open = await em.execute<{ number: number }[]>('select number from forger.epoch where stopped_at is null')
  const batches = rows.filter(row => row.state !== 'failed' || open.some(epoch => epoch.number === row.epoch))
  const keys = batches.flatMap(batch => (batch.intentKey ? [batch.intentKey] : []))
  const intents = keys.length === 0 ? [] : await em.find(Intent, { key: { $in: keys } }, { exclude: ['data'] })
  const byKey = new Map(intents.map(intent => [intent.key, intent]))
  return batches.map(batch => {
    const intent = batch.intentKey ? byKey.get(batch.intentKey) : undefined
    return {
      id: batch.id,
      num: batch.num,
      epoch: batch.epoch,
      state: batch.state,
      because: batch.because ?? null,
      oldRoot: batch.oldRoot,
      newRoot: batch.newRoot,
      newExitRoot: batch.newExitRoot,
      l1L2TxsData: batch.l1L2TxsData,
      mineBlock: batch.mineBlock ?? null,
      ethTxHash: batch.ethTxHash ?? null,
      intent: intent
        ? {
            state: intent.state,
            because: intent.because ?? null,
            signed: intent.nonce !== null && intent.nonce !== undefined,
            minedBlock: intent.minedBlock ?? null,
          }
        : null,
    }
  })
}

/**
 * Carries out the changes; answers whether the lane has to take a transaction back. A dropped batch's open proof is
 * cancelled by the prover pool, which finds it by itself.
 */
export async function applyChanges(em: Em, changes: readonly Change[], clock: Clock): Promise<boolean> {
  let cancelled = false
  for (const change of changes) {
    if (change.do === 'drop') cancelled = (await drop(em, change, clock)) || cancelled
    else await advance(em, change, clock)
  }
  return cancelled
}

async function advance(em: Em, change: Exclude<Change, { do: 'drop' }>, clock: Clock): Promise<void> {
  const { batch } = change
  const now = new Date(clock.now())
  if (change.do === 'sent') {
    const mined = { mineBlock: null, minedAt: null, ethTxHash: null }
    await em.nativeUpdate(Batch, { id: batch.id }, { state: 'sent', because: change.because, sentAt: now, ...mined })
  } else {
    const { blockNumber, ethTxHash } = change.fact
    const mined = { state: 'mined', mineBlock: blockNumber, ethTxHash, minedAt: now, because: null } as const
    if (batch.state !== 'mined' || change.do === 'mined') await em.nativeUpdate(Batch, { id: batch.id }, mined)
    if (change.do === 'final') await fold(em, batch.id, clock)
  }
  await doneForging(em, batch.num)
}

async function drop(em: Em, change: Extract<Change, { do: 'drop' }>, clock: Clock): Promise<boolean> {
  const { batch, as, because } = change
  const settled = { state: as, because, proverInput: null, accounts: null } as const
  await em.nativeUpdate(Batch, { id: batch.id }, settled)
  if (!batch.intent) return false
  const row = await em.findOneOrFail(Batch, { id: batch.id }, { fields: ['intentKey'] })
  if (row.intentKey) await cancel(em, row.intentKey, because, clock)
  return true
}

/** Notes that the outcomes told so far have been taken into account: reconcile() has just seen them. */
export async function acknowledgeOutcomes(em: Em, clock: Clock): Promise<void> {
  for (const intent of await untold(em, 'forger')) acknowledge(intent, clock)
  await em.flush()
}
