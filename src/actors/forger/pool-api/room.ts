/**
 * How many more transactions the pool takes. The count comes from the database now and then; in between, what was let in here
 * is added, so that the limit holds without counting for every transaction.
 */
import type { Clock } from '../../../clock.ts'
import { PoolTx } from '../../../entities/forger/pool-tx.ts'
import type { Orm } from '../../../entities/orm.ts'
import { PoolFull } from './errors.ts'

export interface Room {
  /** Takes places, or throws PoolRefusal 27. The answer gives them back when the transactions were not stored. */
  take(places: number): Promise<() => void>
  /** Pending transactions, at most a second old. */
  pending(): Promise<number>
}

const COUNT_EVERY_MS = 1000

export function createRoom(orm: () => Orm, clock: Clock, maxTxs: number): Room {
  let pending = 0
  let countedAt = Number.NEGATIVE_INFINITY
  let counting: Promise<void> | null = null

  const count = async (): Promise<void> => {
    const startedAt = clock.now()
    const before = pending
    const found = await orm().em.fork().count(PoolTx, { state: 'pend', externalDelete: false })
    pending = found + Math.max(0, pending - before) // what came in while counting may not have been seen
    countedAt = startedAt
  }
  const current = async (): Promise<number> => {
    if (clock.now() - countedAt >= COUNT_EVERY_MS) {
      await (counting ??= count().finally(() => {
        counting = null
      }))
    }
    return pending
  }
  return {
    pending: current,
    async take(places) {
      await current()
      if (pending + places > maxTxs) throw new PoolFull('the pool is full', { maxTxs })
      pending += places
      return () => {
        pending -= places
      }
    },
  }
}
