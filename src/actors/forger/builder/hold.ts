/**
 * Makes sure that the builder thread holds a state, loading it from the database when it does not.
 */
import { IsolationLevel } from '@mikro-orm/core'
import type { Em } from '../../../entities/orm.ts'
import type { Context } from '../../kit/actor.ts'
import { loadState, type Checkpoint } from '../state-store.ts'
import { build } from './actor.ts'
import type { BuilderJob, BuilderResult } from './jobs.ts'

/** Loads the state at `at` into the thread. */
export async function holdState<M>(em: Em, ctx: Pick<Context<M>, 'ask'>, at: Checkpoint): Promise<void> {
  // One picture: a batch that becomes final meanwhile moves its accounts from one table to another.
  const state = await em.fork().transactional(tx => loadState(tx, at), {
    isolationLevel: IsolationLevel.REPEATABLE_READ,
    readOnly: true,
  })
  if (state === null) throw new Error(`no live batch leads to state ${at.batchNum}:${at.root}`)
  await build(ctx, { do: 'load', state })
}

/** Does a job, loading the state it starts from first when the thread does not hold it. */
export async function buildOn<M>(
  em: Em,
  ctx: Pick<Context<M>, 'ask'>,
  job: Extract<BuilderJob, { readonly from: Checkpoint }>,
): Promise<BuilderResult> {
  const first = await build(ctx, job)
  if (first.kind !== 'unknown-checkpoint') return first
  await holdState(em, ctx, job.from)
  return build(ctx, job)
}
