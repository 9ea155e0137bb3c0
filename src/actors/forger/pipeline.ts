/**
 * Builds batches ahead of the provers, one at a time.
 *
 * A look never waits: a batch under construction is in the builder thread and comes back as `built`. What was decided is
 * written together with what follows from it; the provers are only poked.
 */
import type { Context } from '../kit/actor.ts'
import { defineActor } from '../kit/actor.ts'
import { openDecisionBook, type DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import { createBuildPlanned, type BuildPlanned } from './build-planned.ts'
import type { BuilderResult } from './builder/jobs.ts'
import type { BuildOutcome, Look, PipelineMessage } from './messages.ts'
import { coordinator } from './messages.ts'
import { planBatch, type BatchPlan, type PlanRules } from './plan.ts'
import { storeBuilt, storeNothing } from './store-built.ts'
import type { Ref } from '../kit/ref.ts'

export interface PipelineArgs {
  readonly db: () => Orm
  /** Read from the chain and signed with the account's key once, when the pipeline starts. */
  readonly plan: () => Promise<PlanRules>
  readonly provers: Ref<Look>
  readonly retryMs: number
  /** Told of every batch that was stored; writes debug files. */
  readonly onStep: (batchId: bigint) => void
}

interface State {
  readonly args: PipelineArgs
  readonly rules: PlanRules
  readonly book: DecisionBook
  readonly build: BuildPlanned
  /** The plan in the builder's hands; null when none is. */
  building: { readonly ticket: number; readonly plan: BatchPlan } | null
  ticket: number
  /** Ends the timer of the next look. */
  cancelRetry: () => void
}

type Ctx = Context<PipelineMessage>

export const pipelineActor = defineActor<PipelineArgs, PipelineMessage, State>({
  kind: 'forger/pipeline',
  mailbox: { capacity: 64, overflow: 'coalesce' },
  async start(args, ctx) {
    const rules = await args.plan()
    ctx.send(ctx.self, { type: 'look' })
    const build = createBuildPlanned(rules.tokenValues, ctx.clock)
    return { args, rules, book: openDecisionBook(ctx.clock), build, building: null, ticket: 0, cancelRetry: () => {} }
  },
  async receive(state, message, ctx) {
    await onDatabase(async () => {
      const worthMore = message.type !== 'built' || (await finish(state, message.outcome, ctx))
      if (worthMore) await open(state, ctx)
    })
    state.cancelRetry()
    state.cancelRetry = ctx.after(state.args.retryMs, { type: 'look' })
    return state
  },
  stop: state => state.cancelRetry(),
})

/** Starts building the next batch when one is wanted and none is being built. */
async function open(state: State, ctx: Ctx): Promise<void> {
  if (state.building) return
  const em = state.args.db().em.fork()
  const plan = await planBatch(em, state.rules, state.book, ctx.clock)
  if (plan === 'broken') ctx.send(coordinator, { type: 'look' })
  if (plan === null || plan === 'broken') return
  state.ticket += 1
  const { ticket } = state
  state.building = { ticket, plan }
  const tell = (outcome: BuildOutcome): void => ctx.send(ctx.self, { type: 'built', outcome })
  state.build(em, ctx, plan).then(
    result => tell({ ok: true, ticket, result }),
    (error: unknown) => tell({ ok: false, ticket, error }),
  )
}

/**
 * Stores what the builder made, if it still fits; an error of the builder is a crash of ours. Answers whether another
 * build may come to something: after one that found nothing to forge only time or news can change that.
 */
async function finish(state: State, outcome: BuildOutcome, ctx: Ctx): Promise<boolean> {
  const { building, args } = state
  if (building?.ticket !== outcome.ticket) return true
  state.building = null
  if (!outcome.ok) throw outcome.error
  const id = await keep(args.db().em.fork(), state, building.plan, outcome.result, ctx)
  if (id !== null) {
    args.onStep(id)
    ctx.send(args.provers, { type: 'look' })
  }
  return outcome.result.kind !== 'nothing'
}

async function keep(em: Em, state: State, plan: BatchPlan, result: BuilderResult, ctx: Ctx): Promise<bigint | null> {
  if (result.kind === 'nothing') {
    await storeNothing(em, plan, result.discarded, state.book)
    return null
  }
  if (result.kind !== 'batch') throw new Error(`the builder answered ${result.kind} to a build`)
  const id = await storeBuilt(em, plan, result, state.book, ctx.clock)
  const { batch } = result
  if (id === null) ctx.log.info('built batch does not fit any more', { subject: `batch/${batch.batchNum}` })
  else
    ctx.log.info('batch built', {
      subject: `batch/${batch.batchNum}`,
      l2Txs: batch.l2TxIds.length,
      l1: plan.l1Queue !== null,
    })
  return id
}
