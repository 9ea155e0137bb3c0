/** Whether the forger runs, and why or why not: its run, its last decisions, who paused it, and what the chain shows. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Batch, Epoch } from '../../../entities/forger/batch.ts'
import { HeadView, type ChainView, type SlotView } from '../../../entities/forger/chain-facts.ts'
import { Decision } from '../../../entities/kernel/decision.ts'
import { RoleControl } from '../../../entities/kernel/operations.ts'
import type { Em, Orm } from '../../../entities/orm.ts'
import { Nullable, time, Time } from './schemas.ts'

const Slot = Type.Object({
  slot: Type.String(),
  startBlock: Type.String(),
  endBlock: Type.String(),
  forger: Nullable(Type.String({ description: 'Who may forge by right.' })),
  committed: Type.Boolean(),
})
const DecisionRow = Type.Object({
  subject: Type.String(),
  choice: Type.String(),
  because: Type.String(),
  rule: Nullable(Type.String({ description: 'The rule of the policy that decided.' })),
  decidedAt: Time,
  repeatedAt: Time,
  times: Type.Integer(),
})
const State = Type.Object({
  state: Type.String({ description: '`running`, `waiting`, or `paused` by a person.' }),
  because: Nullable(Type.String()),
  paused: Nullable(
    Type.Object({ by: Nullable(Type.String()), reason: Nullable(Type.String()), since: Nullable(Time) }),
  ),
  epoch: Nullable(
    Type.Object({
      number: Type.Integer(),
      fromBatch: Type.Integer(),
      startedAt: Time,
      stoppedAt: Nullable(Time),
      reason: Nullable(Type.String()),
      failedBatch: Nullable(Type.Integer()),
    }),
  ),
  batches: Type.Record(Type.String(), Type.Integer(), { description: 'Batches that are not final, by state.' }),
  decisions: Type.Array(DecisionRow, { description: 'The last about the pipeline and about single batches.' }),
  head: Nullable(
    Type.Object({
      block: Type.String(),
      hash: Type.String(),
      lastForgedBatch: Type.Integer(),
      lastIdx: Type.String(),
      stateRoot: Type.String(),
      lastL1L2Batch: Type.String(),
      nextL1ToForgeQueue: Type.String(),
      nextL1FillingQueue: Type.String(),
    }),
  ),
  slot: Nullable(Slot),
})
const Slots = Type.Object({
  block: Type.String(),
  genesisBlock: Type.String(),
  blocksPerSlot: Type.Integer(),
  slotDeadline: Type.Integer(),
  current: Nullable(Slot),
  next: Nullable(Slot),
  blocksLeft: Nullable(Type.String({ description: 'Of the current slot, after this block.' })),
})

export const state =
  (orm: () => Orm): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/',
      { schema: { tags: ['forger'], summary: 'Whether it runs, and why or why not', response: { 200: State } } },
      () => readState(orm().em.fork()),
    )
    app.get(
      '/slots',
      {
        schema: {
          tags: ['forger'],
          summary: 'The auction’s slots as of the last block read',
          response: { 200: Nullable(Slots) },
        },
      },
      async () => {
        const head = await orm().em.fork().findOne(HeadView, { name: 'head' })
        return head ? shownSlots(head) : null
      },
    )
  }

async function readState(em: Em): Promise<Type.Static<typeof State>> {
  const control = await em.findOne(RoleControl, { role: 'forger' })
  const [epoch] = await em.find(Epoch, {}, { orderBy: { number: 'desc' }, limit: 1 })
  const decisions = await lastDecisions(em)
  const head = await em.findOne(HeadView, { name: 'head' })
  const running = epoch !== undefined && epoch.stoppedAt == null
  const why = decisions.find(decision => decision.subject === 'pipeline')
  return {
    state: control?.paused ? 'paused' : running ? 'running' : 'waiting',
    because: (control?.paused ? control.reason : (why?.because ?? epoch?.reason)) ?? null,
    paused: control?.paused
      ? { by: control.by ?? null, reason: control.reason ?? null, since: time(control.changedAt) }
      : null,
    epoch: epoch ? shownEpoch(epoch) : null,
    batches: await unfinished(em),
    decisions: decisions.map(shownDecision),
    head: head ? shownHead(head) : null,
    slot: head?.view.currentSlot ? shownSlot(head.view.currentSlot) : null,
  }
}

/** The last decision about the pipeline and the newest few about batches. */
async function lastDecisions(em: Em): Promise<Decision[]> {
  const newest = { orderBy: { id: 'desc' } } as const
  const ofPipeline = await em.find(Decision, { role: 'forger', subject: 'pipeline' }, { ...newest, limit: 3 })
  const others = await em.find(Decision, { role: 'forger', subject: { $ne: 'pipeline' } }, { ...newest, limit: 5 })
  return [...ofPipeline, ...others]
}

async function unfinished(em: Em): Promise<Record<string, number>> {
  const open = ['built', 'proving', 'proven', 'sent', 'mined'] as const
  const rows = await em.find(Batch, { state: { $in: [...open] } }, { fields: ['state'], limit: 5_000 })
  const counts: Record<string, number> = {}
  for (const row of rows) counts[row.state] = (counts[row.state] ?? 0) + 1
  return counts
}

const shownDecision = (decision: Decision): Type.Static<typeof DecisionRow> => ({
  subject: decision.subject,
  choice: decision.choice,
  because: decision.because,
  rule: typeof decision.details?.['rule'] === 'string' ? decision.details['rule'] : null,
  decidedAt: decision.decidedAt.toISOString(),
  repeatedAt: decision.repeatedAt.toISOString(),
  times: decision.times,
})

const shownEpoch = (epoch: Epoch): NonNullable<Type.Static<typeof State>['epoch']> => ({
  number: epoch.number,
  fromBatch: epoch.fromBatch,
  startedAt: epoch.startedAt.toISOString(),
  stoppedAt: time(epoch.stoppedAt),
  reason: epoch.reason ?? null,
  failedBatch: epoch.failedBatch ?? null,
})

const shownHead = ({ blockNumber, blockHash, view }: HeadView): NonNullable<Type.Static<typeof State>['head']> => ({
  block: blockNumber.toString(),
  hash: blockHash,
  lastForgedBatch: view.lastForgedBatch,
  lastIdx: view.lastIdx,
  stateRoot: view.stateRoot,
  lastL1L2Batch: view.lastL1L2Batch,
  nextL1ToForgeQueue: view.nextL1ToForgeQueue,
  nextL1FillingQueue: view.nextL1FillingQueue,
})

const shownSlot = (slot: SlotView): Type.Static<typeof Slot> => ({ ...slot })

function shownSlots({ blockNumber, view }: HeadView): Type.Static<typeof Slots> {
  const { currentSlot, nextSlot } = view satisfies ChainView
  return {
    block: blockNumber.toString(),
    genesisBlock: view.genesisBlock,
    blocksPerSlot: view.blocksPerSlot,
    slotDeadline: view.slotDeadline,
    current: currentSlot ? shownSlot(currentSlot) : null,
    next: nextSlot ? shownSlot(nextSlot) : null,
    blocksLeft: currentSlot ? (BigInt(currentSlot.endBlock) - blockNumber).toString() : null,
  }
}
