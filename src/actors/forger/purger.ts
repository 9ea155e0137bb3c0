/**
 * Keeps the pool clean: on the cadence of blocks and batches, and at times of the day, it deletes what is of no use any
 * more and invalidates what can never be forged; at those times and on a timer it deletes what was marked from outside.
 *
 * Nothing waits for it and it holds nothing that matters: after a start it simply acts once more.
 */
import type { ChainNews } from '../chain/messages.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import type { ForgerConfig } from './config.ts'
import type { Look } from './messages.ts'
import { deleteMarked, due, invalidateOutdated, markedForDeletion, purge, type Delays, type Position } from './purge.ts'

export type PurgerMessage =
  | ChainNews
  | Look
  /** Everything now, whatever the delays; sent by a schedule. */
  | { readonly type: 'purge' }
  /** Told by itself: delete what was marked from outside. */
  | { readonly type: 'deleteMarked' }

export interface PurgerArgs {
  readonly db: () => Orm
  /** Times in milliseconds. */
  readonly pool: Pick<
    ForgerConfig['pool'],
    | 'ttl'
    | 'safetyPeriod'
    | 'purgeBlockDelay'
    | 'purgeBatchDelay'
    | 'invalidateBlockDelay'
    | 'invalidateBatchDelay'
    | 'externalDeleteInterval'
  >
}

interface State {
  readonly args: PurgerArgs
  readonly purged: Position
  readonly invalidated: Position
  /** The newest block heard of. */
  readonly block: bigint
  /** When each marked transaction was first seen to be marked. */
  readonly marked: ReadonlyMap<string, number>
}

type Ctx = Context<PurgerMessage>

const NEVER: Position = { block: 0n, batch: 0 }
/**
 * A selection that began before a transaction was marked may still take it. Until it must have ended, the mark only
 * hides the transaction; what was selected is not pending any more by then, and so not deleted.
 */
const SELECTION_MS = 30_000

export const purgerActor = defineActor<PurgerArgs, PurgerMessage, State>({
  kind: 'forger/purger',
  mailbox: { capacity: 16, overflow: 'coalesce' },
  start(args, ctx) {
    ctx.every(args.pool.externalDeleteInterval, { type: 'deleteMarked' })
    return { args, purged: NEVER, invalidated: NEVER, block: 0n, marked: new Map() }
  },
  async receive(state, message, ctx) {
    switch (message.type) {
      case 'SyncBlock':
        return clean({ ...state, block: message.number }, ctx)
      case 'Reorg':
      case 'look':
        return clean(state, ctx)
      case 'purge':
        return deleteFromOutside(await clean(state, ctx, 'now'), ctx)
      case 'deleteMarked':
        return deleteFromOutside(state, ctx)
    }
  },
})

async function clean(state: State, ctx: Ctx, when: 'now' | 'due' = 'due'): Promise<State> {
  const { pool } = state.args
  const wanted = (last: Position, now: Position, delays: Delays): boolean => when === 'now' || due(last, now, delays)
  return onDatabase(async () => {
    const em = state.args.db().em.fork()
    const now = { block: state.block, batch: await lastBatch(em) }
    const purging = wanted(state.purged, now, { blocks: pool.purgeBlockDelay, batches: pool.purgeBatchDelay })
    if (purging) {
      const receivedBefore = new Date(ctx.clock.now() - pool.ttl)
      const rows = await purge(em, { batch: now.batch, safetyPeriod: pool.safetyPeriod, receivedBefore })
      if (rows > 0) ctx.log.info('pool transactions purged', { rows })
    }
    const delays = { blocks: pool.invalidateBlockDelay, batches: pool.invalidateBatchDelay }
    const invalidating = wanted(state.invalidated, now, delays)
    if (invalidating) {
      const rows = await invalidateOutdated(em)
      if (rows > 0) ctx.log.info('pool transactions invalidated', { rows })
    }
    return {
      ...state,
      purged: purging ? now : state.purged,
      invalidated: invalidating ? now : state.invalidated,
    }
  })
}

async function lastBatch(em: Em): Promise<number> {
  const [row] = await em.execute<{ num: number | null }[]>('select max(batch_num) as num from forger.forged_batch')
  return row?.num ?? 0
}

async function deleteFromOutside(state: State, ctx: Ctx): Promise<State> {
  return onDatabase(async () => {
    const em = state.args.db().em.fork()
    const now = ctx.clock.now()
    const marked = new Map((await markedForDeletion(em)).map(id => [id, state.marked.get(id) ?? now] as const))
    const ripe = [...marked].filter(([, since]) => now - since >= SELECTION_MS).map(([id]) => id)
    if (ripe.length > 0) {
      const rows = await deleteMarked(em, ripe)
      ctx.log.info('pool transactions deleted as asked from outside', { rows })
      for (const id of ripe) marked.delete(id)
    } else if (marked.size > 0) {
      ctx.after(SELECTION_MS, { type: 'deleteMarked' })
    }
    return { ...state, marked }
  })
}
