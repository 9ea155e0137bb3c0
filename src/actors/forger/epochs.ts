/**
 * Runs of the pipeline as rows: opened on top of the last live batch, closed with a reason, continued after a restart.
 */
import type { Clock } from '../../clock.ts'
import { Epoch } from '../../entities/forger/batch.ts'
import type { Em } from '../../entities/orm.ts'
import type { Checkpoint } from './state-store.ts'

const LINE_LOCK = 0x666b_0003

/**
 * Makes the caller's transaction the only one that adds to the line of batches or drops from it until it ends: what it
 * reads of live batches and the run stays true, but for how far they get. Taken first, by everybody who adds batches.
 */
export const holdLine = async (em: Em): Promise<void> => {
  await em.execute('select pg_advisory_xact_lock(?)', [LINE_LOCK])
}

/**
 * Taken first by everybody who drops batches: until the transaction ends none is handed on either, so that what has no
 * wish now gets none. Rows are locked in the order of the line; the sender locks those it hands on, and nothing else.
 */
export async function holdLineToDrop(em: Em): Promise<void> {
  await holdLine(em)
  await em.execute(
    `select id from forger.batch where state in ('built', 'proving', 'proven') and intent_key is null
     order by num for update`,
  )
}

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
