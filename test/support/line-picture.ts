/** What a line's tables hold, in a few words that a test can compare. */
import { Batch } from '../../src/entities/forger/batch.ts'
import { PoolTx } from '../../src/entities/forger/pool-tx.ts'
import type { ForgerLine } from './forger-line.ts'

/** `num state` of every build, oldest first. */
export const batches = async ({ orm }: ForgerLine): Promise<string[]> =>
  (await orm.em.fork().find(Batch, {}, { orderBy: { id: 'asc' } })).map(({ num, state }) => `${num} ${state}`)

/** The states of the pool's transactions, oldest first. */
export const pool = async ({ orm }: ForgerLine): Promise<string> =>
  (await orm.em.fork().find(PoolTx, {}, { orderBy: { itemId: 'asc' } })).map(({ state }) => state).join()
