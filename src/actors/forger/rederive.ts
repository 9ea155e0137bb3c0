/**
 * The chain has dropped a batch that was final here: nothing that was derived from it may stay. Wishes are taken back,
 * the run ends, the pool gets its transactions back, and every batch is applied again from what the chain says.
 */
import type { Clock } from '../../clock.ts'
import type { Em } from '../../entities/orm.ts'
import { openEpoch, stopEpoch } from './epochs.ts'
import { rollbackPool } from './pool-store.ts'
import { applyChanges, liveBatches } from './reconcile-store.ts'
import { forgetBase, loadBase } from './state-store.ts'

const BECAUSE = 'reorg below finality: derived again from the chain'

/** In the caller's transaction; answers whether the lane has to take a transaction back. */
export async function rederive(em: Em, clock: Clock): Promise<boolean> {
  const base = await loadBase(em)
  const live = (await liveBatches(em, base.batchNum)).filter(batch => batch.state !== 'failed')
  const drops = live.map(batch => ({ do: 'drop', batch, as: 'discarded', because: BECAUSE }) as const)
  const cancelled = await applyChanges(em, drops, clock)
  const kept = await lastUnchanged(em)
  await forgetBase(em)
  const epoch = await openEpoch(em)
  if (epoch) await stopEpoch(em, epoch, BECAUSE, null, clock)
  await rollbackPool(em, kept)
  return cancelled
}

/** The newest of our final batches that the chain still holds: what it and those before it forged stays forged. */
async function lastUnchanged(em: Em): Promise<number> {
  const [row] = await em.execute<{ num: number | null }[]>(
    `select max(b.num) as num from forger.batch b
     join forger.forged_batch f on f.batch_num = b.num and f.state_root = b.new_root
     where b.state = 'final'`,
  )
  return row?.num ?? 0
}
