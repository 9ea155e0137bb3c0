/**
 * Has a plan built. A batch that the window of the pool does not fill is selected again through a wider one, so that
 * transactions that cannot be forged never keep others waiting, however many they are.
 */
import type { Clock } from '../../clock.ts'
import type { Em } from '../../entities/orm.ts'
import type { Context } from '../kit/actor.ts'
import { buildOn } from './builder/hold.ts'
import type { BuilderResult } from './builder/jobs.ts'
import type { BatchPlan } from './plan.ts'
import { loadPool } from './pool-view.ts'
import type { TokenValues } from './token-values.ts'

const WIDER = 4
/** When looking wider brought nothing, it is not tried again for so many times as long as it took. */
const REST = 20

/** Builds a plan with a transaction manager of its own; any answer of the builder but `wants-more`. */
export type BuildPlanned = <M>(em: Em, ctx: Pick<Context<M>, 'ask'>, plan: BatchPlan) => Promise<BuilderResult>

export function createBuildPlanned(values: TokenValues, clock: Clock): BuildPlanned {
  let restUntil = Number.NEGATIVE_INFINITY
  return async (em, ctx, plan) => {
    const startedAt = clock.now()
    let { job, window } = plan
    if (startedAt < restUntil) job = { ...job, hasMore: false }
    let result = await buildOn(em, ctx, job)
    while (result.kind === 'wants-more') {
      window *= WIDER
      const { txs, authorisations, isWhole } = await loadPool(em.fork(), window, values)
      job = { ...job, hasMore: !isWhole, selection: { ...job.selection, pool: txs, authorisations } }
      result = await buildOn(em, ctx, job)
    }
    if (window > plan.window && result.kind === 'nothing') restUntil = clock.now() + REST * (clock.now() - startedAt)
    return result
  }
}
