/**
 * Decides whether the pipeline runs and keeps our batches true to the chain.
 *
 * Wakes on news of the chain, on outcomes, on `StopPipeline` and on a slow timer; looks at the database, reconciles,
 * decides, writes decision and change together, and pokes who has to act. It remembers nothing.
 */
import type { Clock } from '../../clock.ts'
import { Batch } from '../../entities/forger/batch.ts'
import { HeadView } from '../../entities/forger/chain-facts.ts'
import { Cursor } from '../../entities/kernel/block.ts'
import { openDecisionBook, type DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import type { ChainNews } from '../chain/messages.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import type { Ref } from '../kit/ref.ts'
import type { TxManagerMessage } from '../lanes/tx-manager-messages.ts'
import { acknowledge, untold } from '../lanes/wish.ts'
import { adopt, type AdoptionRules } from './adopt.ts'
import { holdLineToDrop, openEpoch, startEpoch, stopEpoch } from './epochs.ts'
import { endOf, loadLine, type Line, type LineBatch } from './line.ts'
import type { CoordinatorMessage, Look, StopPipeline } from './messages.ts'
import { pipeline, sender } from './messages.ts'
import { reconcile, type Reconciliation } from './policy/reconcile.ts'
import { decideRun, type RunDecision, type RunRules } from './policy/run.ts'
import type { Decided } from './policy/rules.ts'
import { rollbackPool } from './pool-store.ts'
import { rederive } from './rederive.ts'
import { applyChanges, loadReconcileView, liveBatches } from './reconcile-store.ts'
import { loadBase } from './state-store.ts'

export interface CoordinatorArgs {
  readonly db: () => Orm
  readonly chain: string
  readonly confirmBlocks: number
  readonly rules: RunRules
  /** Read from the chain once, when the coordinator starts. */
  readonly adoption: () => Promise<AdoptionRules>
  readonly lane: Ref<TxManagerMessage>
  /** Whom to poke after a change besides pipeline and lane: prover pool and purger. */
  readonly others: readonly Ref<Look>[]
  readonly purger: Ref<ChainNews>
}

interface State {
  readonly args: CoordinatorArgs
  readonly adoption: AdoptionRules
  readonly book: DecisionBook
}

const LOOK_EVERY_MS = 5_000
const ADOPT_AT_ONCE = 50

type Ctx = Context<CoordinatorMessage>

export const coordinatorActor = defineActor<CoordinatorArgs, CoordinatorMessage, State>({
  kind: 'forger/coordinator',
  // Two failed batches are two pieces of news.
  mailbox: {
    capacity: 64,
    overflow: 'coalesce',
    key: message => (message.type === 'StopPipeline' ? `StopPipeline ${message.failedBatch?.id}` : message.type),
  },
  async start(args, ctx) {
    const adoption = await args.adoption()
    ctx.every(LOOK_EVERY_MS, { type: 'look' })
    ctx.send(ctx.self, { type: 'look' })
    return { args, adoption, book: openDecisionBook(ctx.clock) }
  },
  async receive(state, message, ctx) {
    await onDatabase(async () => {
      if (message.type === 'StopPipeline') await giveUp(state, message, ctx)
      await look(state, ctx)
    })
    if (message.type === 'SyncBlock' || message.type === 'Reorg') ctx.send(state.args.purger, message)
    return state
  },
})

async function look(state: State, ctx: Ctx): Promise<void> {
  const { args } = state
  const em = args.db().em.fork()
  const heads = await loadHeads(em, args.chain)
  if (heads === null) return record(em, state, 'wait', 'no block of the chain has been read yet')
  const found = await settle(em, args, heads.synced, ctx)
  if (found.rebuild) return ctx.send(ctx.self, { type: 'look' })
  const behind = await adoptMissing(em, state.adoption, found, ctx)
  const running = await run(em, state, heads, behind, ctx)
  if (running || found.changes.length > 0) for (const next of [sender, pipeline]) ctx.send(next, { type: 'look' })
}

interface Heads {
  readonly synced: bigint
  readonly head: bigint
}

/** How far our facts reach, and how far the chain does. */
async function loadHeads(em: Em, chain: string): Promise<Heads | null> {
  const view = await em.findOne(HeadView, { name: 'head' }, { fields: ['blockNumber'] })
  const cursor = await em.findOne(Cursor, { chain, source: 'head' })
  if (!view || !cursor) return null
  return { synced: view.blockNumber, head: cursor.number > view.blockNumber ? cursor.number : view.blockNumber }
}

/**
 * Brings our batches in line with the chain, in one transaction. That batches get further is in nobody's way; only when
 * some are dropped the line is taken, and looked at again.
 */
async function settle(em: Em, args: CoordinatorArgs, synced: bigint, ctx: Ctx): Promise<Reconciliation> {
  const compare = async (tx: Em): Promise<Reconciliation> =>
    reconcile(await loadReconcileView(tx, synced, args.confirmBlocks))
  const { found, cancelled } = await em.transactional(async tx => {
    const told = await untold(tx, 'forger') // first, so that what is compared has at least these
    let now = await compare(tx)
    if (dropsAny(now)) {
      await holdLineToDrop(tx)
      now = await compare(tx)
    }
    const took = now.rebuild ? await rederive(tx, ctx.clock) : await applyChanges(tx, now.changes, ctx.clock)
    if (now.broken) await breakOff(tx, now.broken, ctx.clock)
    await acknowledge(tx, told, ctx.clock)
    return { found: now, cancelled: took }
  })
  report(found, ctx)
  if (cancelled) ctx.send(args.lane, { type: 'look' })
  if (found.rebuild || found.broken || cancelled) for (const other of args.others) ctx.send(other, { type: 'look' })
  return found
}

const dropsAny = ({ rebuild, broken, changes }: Reconciliation): boolean =>
  rebuild || broken !== null || changes.some(change => change.do === 'drop')

function report(found: Reconciliation, ctx: Ctx): void {
  if (found.rebuild) ctx.log.error('the chain dropped a final batch: all state is derived again from the chain')
  if (found.broken)
    ctx.log.warn('batches are given up', { subject: `batch/${found.broken.num}`, because: found.broken.because })
  for (const change of found.changes) {
    const { batch } = change
    const subject = `batch/${batch.num}`
    if (change.do === 'drop') ctx.log.info(`batch ${change.as}`, { subject, because: change.because })
    else if (change.do !== 'sent')
      ctx.log.info(`batch ${change.do}`, { subject, block: String(change.fact.blockNumber) })
  }
}

/** Ends the run and gives the pool back what the broken batches held. */
async function breakOff(em: Em, broken: { num: number; because: string }, clock: Clock): Promise<void> {
  const epoch = await openEpoch(em)
  if (epoch) await stopEpoch(em, epoch, broken.because, broken.num, clock)
  await rollbackPool(em, broken.num - 1)
}

/** Applies forged batches that are not ours, some at a time; answers how many are left, or null when none is. */
async function adoptMissing(em: Em, rules: AdoptionRules, found: Reconciliation, ctx: Ctx): Promise<number | null> {
  if (found.adopt === null) return null
  for (let num = found.adopt, done = 0; done < ADOPT_AT_ONCE; num += 1, done += 1) {
    if (!(await adopt(em.fork(), rules, num, ctx))) return done === 0 ? null : num
  }
  ctx.send(ctx.self, { type: 'look' })
  return found.adopt
}

/** Starts or stops the pipeline; answers whether it runs. */
async function run(em: Em, state: State, heads: Heads, adopting: number | null, ctx: Ctx): Promise<boolean> {
  const { args } = state
  if (adopting !== null) {
    await record(em, state, 'wait', 'batches of the chain are being applied')
    ctx.send(ctx.self, { type: 'look' })
    return false
  }
  const row = await em.findOne(HeadView, { name: 'head' })
  if (!row) return false
  const decide = (line: Line): Decided<RunDecision> =>
    decideRun(
      { chain: row.view, ...heads, running: line.epoch !== null, newestBatch: endOf(line).batchNum },
      args.rules,
    )
  const decision = decide(await loadLine(em))
  if (decision.do !== 'start' && decision.do !== 'stop') {
    await record(em, state, decision.do, decision.because, decision.rule)
    return decision.do === 'run'
  }
  return em.transactional(async tx => {
    await holdLineToDrop(tx)
    const line = await loadLine(tx)
    const now = decide(line)
    await record(tx, state, now.do, now.because, now.rule)
    if (now.do === 'start') {
      const from = endOf(line)
      const started = await startEpoch(tx, from, ctx.clock)
      ctx.log.info('pipeline started', { epoch: started.number, fromBatch: from.batchNum })
    }
    const epoch = now.do === 'stop' ? await openEpoch(tx) : null
    if (epoch) {
      await dropUnsent(tx, line, now.because)
      await stopEpoch(tx, epoch, now.because, null, ctx.clock)
      ctx.log.info('pipeline stopped', { epoch: epoch.number, because: now.because })
    }
    return now.do === 'start' || now.do === 'run'
  })
}

/** When the run ends for lack of a slot, what has no transaction yet goes back to the pool; the rest is in flight. */
async function dropUnsent(em: Em, { batches }: Line, because: string): Promise<void> {
  const left = batches.filter(batch => batch.state === 'failed' || isUnsent(batch))
  const first = left[0]
  if (!first) return
  const ids = left.filter(isUnsent).map(batch => batch.id)
  await em.nativeUpdate(Batch, { id: { $in: ids } }, { state: 'discarded', because, proverInput: null, accounts: null })
  await rollbackPool(em, first.batchNum - 1)
}

const isUnsent = ({ state, handedOn }: LineBatch): boolean =>
  !handedOn && ['built', 'proving', 'proven'].includes(state)

/**
 * A failed batch and all after it are dropped; what of it is in flight is taken back. Late news is none: when that build
 * is not in the line any more, whoever gave it up has seen to the rest.
 */
async function giveUp(state: State, { reason, failedBatch }: StopPipeline, ctx: Ctx): Promise<void> {
  if (failedBatch === null) return
  const em = state.args.db().em.fork()
  const dropped = await em.transactional(async tx => {
    await holdLineToDrop(tx)
    const base = await loadBase(tx)
    const live = (await liveBatches(tx, base.batchNum)).filter(batch => batch.state !== 'failed')
    if (!live.some(batch => batch.id === failedBatch.id && batch.state !== 'mined')) return false
    const lost = live.filter(batch => batch.num >= failedBatch.num && batch.state !== 'mined')
    const drops = lost.map(batch => ({ do: 'drop', batch, as: 'discarded', because: reason }) as const)
    await applyChanges(tx, drops, ctx.clock)
    await breakOff(tx, { num: failedBatch.num, because: reason }, ctx.clock)
    return true
  })
  if (!dropped) return ctx.log.debug('late news of a batch', { subject: `batch/${failedBatch.num}`, because: reason })
  ctx.send(state.args.lane, { type: 'look' })
  for (const other of state.args.others) ctx.send(other, { type: 'look' })
}

const record = (em: Em, state: State, choice: string, because: string, rule?: string): Promise<void> =>
  state.book.record(em, { role: 'forger', subject: 'pipeline', choice, because, ...(rule && { details: { rule } }) })
