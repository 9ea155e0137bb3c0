/**
 * The blobs of wishes: read and proven for the first version, taken from an earlier version for the later ones.
 */
import { sql } from 'kysely'
import type { Hex } from 'viem'
import { messageOf } from '../../../errors.ts'
import { BlobsImpossibleError } from '../errors.ts'
import { fenced } from './commit.ts'
import { waits } from './endings.ts'
import { forkOf, sayOnce, unsay, type Lane } from './lane.ts'
import type { QueuedIntent } from './queued.ts'
import { rows } from './rows.ts'
import { unwrapped, type Sidecar } from './sidecar.ts'

/** The sidecar of a queued wish; null when it has no blobs, `none` when it cannot be made: then the wish waits. */
export async function sidecarFor(lane: Lane, intent: QueuedIntent): Promise<Sidecar | null | 'none'> {
  if (intent.blobCount === 0) return null
  try {
    const blobs = await rows<{ data: Hex }>(
      forkOf(lane),
      sql`select data from kernel.intent_blob where intent_id = ${intent.id} order by place`,
    )
    if (!lane.args.blobs) throw new BlobsImpossibleError('this lane has nothing to prove blobs with')
    const sidecar = await whileOurs(lane, lane.args.blobs.prove(blobs.map(({ data }) => data)))
    unsay(lane, 'blobs')
    return sidecar
  } catch (error) {
    if (!(error instanceof BlobsImpossibleError)) throw error
    sayOnce(lane, 'blobs', () => lane.log.error('blobs cannot be sent', { code: error.code, because: error.message }))
    await waits(lane, [intent], `${error.code}: ${messageOf(error)}`)
    return 'none'
  }
}

/**
 * Waits for something that may take longer than the lease lasts (the first proof loads a setup for seconds) and extends
 * the lease meanwhile. Throws FencedOffError as soon as the lane is somebody else's.
 */
async function whileOurs<T>(lane: Lane, work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const over = AbortSignal.any([done.signal, lane.signal()])
  const extending = (async (): Promise<never> => {
    for (;;) {
      await lane.clock.sleep(Math.ceil(lane.args.leaseMs / 3), over)
      await fenced(lane, async () => {})
    }
  })()
  try {
    return await Promise.race([work, extending])
  } finally {
    done.abort()
    await extending.catch(() => {}) // aborted on purpose; a write that has begun ends before the next one
    work.catch(() => {}) // nobody waits for it any more
  }
}

/** The sidecar that an earlier version of this intent carried. */
export async function sidecarOf(lane: Lane, intentId: string): Promise<Sidecar> {
  const [found] = await rows<{ raw: Hex }>(
    forkOf(lane),
    sql`select raw from kernel.attempt where intent_id = ${intentId} order by id limit 1`,
  )
  if (!found) throw new Error(`intent ${intentId} has no version`) // it is in flight, so it has one
  return unwrapped(found.raw).sidecar
}
