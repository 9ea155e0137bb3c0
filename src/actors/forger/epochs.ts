/**
 * Runs of the pipeline as rows: opened on top of the last live batch, closed with a reason, continued after a restart.
 */
import type { Clock } from '../../clock.ts'
import { Epoch } from '../../entities/forger/batch.ts'
import type { Em } from '../../entities/orm.ts'
import type { Checkpoint } from './state-store.ts'

/** The run that is open now; null when the pipeline is stopped. */
export const openEpoch = (em: Em): Promise<Epoch | null> => em.findOne(Epoch, { stoppedAt: null })

/** Opens a new run on top of `from`. Numbers are never used twice. */
export async function startEpoch(em: Em, from: Checkpoint, clock: Clock): Promise<Epoch> {
  const [last] = await em.find(Epoch, {}, { orderBy: { number: 'desc' }, limit: 1 })
  const epoch = em.create(Epoch, {
    number: (last?.number ?? 0) + 1,
    fromBatch: from.batchNum,
    fromRoot: from.root,
    startedAt: new Date(clock.now()),
  })
  await em.flush()
  return epoch
}

export async function stopEpoch(
  em: Em,
  epoch: Epoch,
  reason: string,
  failedBatch: number | null,
  clock: Clock,
): Promise<void> {
  epoch.stoppedAt = new Date(clock.now())
  epoch.reason = reason
  epoch.failedBatch = failedBatch
  await em.flush()
}
