/**
 * Closes sessions: wakes on news of the chain, on outcomes, on new rows of the warehouse and on a slow timer; takes note
 * of what happened, then tries and closes what is due. It remembers nothing that is not a row, but whether the contracts
 * were found to be right.
 */
import type { Address, PublicClient } from 'viem'
import { RoleControl } from '../../entities/kernel/operations.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import type { Ref } from '../kit/ref.ts'
import type { TxManagerMessage } from '../lanes/tx-manager-messages.ts'
import { closeDue, type CloserRules } from './closer.ts'
import { inspectAll, type Unusable } from './contract-check.ts'
import { AddressMismatchError, UnknownNetworkError } from './errors.ts'
import type { CoordinatorMessage } from './messages.ts'
import type { FinalizerMeters } from './meters.ts'
import { closingsOfReceipts, ROLE, settleClosed, takeOutcomes, type OutcomeRules, type Settled } from './outcomes.ts'
import { doubtUnproven, loadHeads, tryAgain, type Heads } from './session-book.ts'

export interface CoordinatorArgs {
  readonly db: () => Orm
  readonly client: PublicClient
  readonly rules: CloserRules
  /** Cursors that say how far the facts reach, and where each begins. */
  readonly sources: readonly { readonly name: string; readonly from: bigint }[]
  /** What the account's address must be; absent: anything. */
  readonly address: Address | undefined
  readonly lane: Ref<TxManagerMessage>
  readonly meters: FinalizerMeters
}

interface State {
  readonly args: CoordinatorArgs
  readonly outcomes: OutcomeRules
  /** Null before the first look at the contracts. */
  readonly unusable: Unusable | null
  /** When the contracts are looked at again. */
  readonly inspectAt: number
}

type Ctx = Context<CoordinatorMessage>

const LOOK_EVERY_MS = 5_000
/** Between two looks at a contract that was not right. */
const INSPECT_EVERY_MS = 30_000
const NEVER = Number.POSITIVE_INFINITY

export const coordinatorActor = defineActor<CoordinatorArgs, CoordinatorMessage, State>({
  kind: 'finalizer/coordinator',
  mailbox: { capacity: 64, overflow: 'coalesce' },
  deadlineMs: 300_000,
  start(args, ctx) {
    const { plans, from, chain, confirmations, policy } = args.rules
    refuseNothing(args)
    refuseOtherKey(args.address, from)
    ctx.every(LOOK_EVERY_MS, { type: 'look' })
    ctx.send(ctx.self, { type: 'look' })
    return { args, outcomes: { chain, confirmations, plans, policy }, unusable: null, inspectAt: 0 }
  },
  receive: (state, message, ctx) => onDatabase(() => look(state, message, ctx)),
})

function refuseNothing({ rules }: CoordinatorArgs): void {
  if (rules.plans.length > 0) return
  throw new UnknownNetworkError('neither finalizer.specimen nor finalizer.result names a contract')
}

function refuseOtherKey(wanted: Address | undefined, is: Address): void {
  if (wanted === undefined || wanted.toLowerCase() === is.toLowerCase()) return
  const facts = { wanted, is }
  throw new AddressMismatchError(`finalizer.address is ${wanted}, but the key is that of ${is}`, { facts })
}

async function look(before: State, message: CoordinatorMessage, ctx: Ctx): Promise<State> {
  const { args } = before
  const now = new Date(ctx.clock.now())
  if (message.type === 'Reorg') await doubtUnproven(args.db().em.fork(), args.rules.chain, now)
  if (message.type === 'run-once') await tryAgain(args.db().em.fork(), args.rules.chain, now)
  const heads = await loadHeads(args.db().em.fork(), args.rules.chain, args.sources)
  if (heads === null) return before
  await settle(before, heads, ctx)
  const state = await inspect(before, ctx)
  await close(state, heads, message.type === 'run-once', ctx)
  return state
}

/** Outcomes and closings become states, some at a time until none is left. */
async function settle({ args, outcomes }: State, heads: Heads, ctx: Ctx): Promise<void> {
  for (;;) {
    const em = args.db().em.fork()
    const receipts = await closingsOfReceipts(em, args.client, outcomes)
    const { told, closed } = await em.transactional(async tx => ({
      told: await takeOutcomes(tx, outcomes, receipts, ctx.clock, ctx.random()),
      closed: await settleClosed(tx, outcomes, heads, ctx.clock),
    }))
    report([...told, ...closed], args.meters, ctx)
    if (told.length === 0 && closed.length === 0) return
  }
}

/** More of one kind than this are told in one line. */
const TELL_SINGLY = 5

function report(settled: readonly Settled[], meters: FinalizerMeters, ctx: Ctx): void {
  for (const { family, state, because } of settled) meters.settled(family, state, because)
  const alarming = settled.filter(({ state }) => state === 'failed' || state === 'dropped')
  for (const { session, ...rest } of alarming) {
    ctx.log.warn('a session could not be closed', { subject: session, ...rest })
  }
  const good = settled.filter(one => !alarming.includes(one))
  if (good.length > TELL_SINGLY) ctx.log.info('sessions settled', { sessions: good.length })
  else for (const { session, ...rest } of good) ctx.log.info('session settled', { subject: session, ...rest })
}

/** The contracts, at the first look and then as long as one of them is not right. */
async function inspect(state: State, ctx: Ctx): Promise<State> {
  const { args, unusable: before } = state
  if (ctx.clock.now() < state.inspectAt) return state
  const { plans, generation, from } = args.rules
  const unusable = await inspectAll(args.client, plans, generation, from)
  for (const [family, error] of unusable) {
    if (before?.get(family)?.message === error.message) continue
    ctx.log.error('the contract of a family cannot be used; the others go on', {
      family,
      because: error.message,
      code: error.code,
      hint: error.hint,
    })
  }
  return { ...state, unusable, inspectAt: unusable.size === 0 ? NEVER : ctx.clock.now() + INSPECT_EVERY_MS }
}

async function close(state: State, heads: Heads, even: boolean, ctx: Ctx): Promise<void> {
  const { args } = state
  const em = args.db().em.fork()
  const unusable = new Map([...(state.unusable ?? [])].map(([family, error]) => [family, error.message]))
  const paused = even ? null : await pausedBy(em)
  const passed = await closeDue({
    em,
    client: args.client,
    rules: args.rules,
    heads,
    unusable,
    paused,
    clock: ctx.clock,
    jitter: ctx.random(),
  })
  for (const decision of passed.decisions) {
    const subject = `session/${decision.session.originChainId}:${decision.session.originHeight}`
    const { family } = decision.session
    if (decision.do === 'drop' || decision.do === 'retry') {
      args.meters.refused(decision.do)
      ctx.log.warn('a session cannot be closed', { subject, family, because: decision.because })
    } else if (decision.do === 'concede') {
      args.meters.settled(family, 'finalized-by-other', null)
      ctx.log.info('somebody else closed a session', { subject, family })
    }
  }
  if (passed.finalize > 0) {
    ctx.log.info('sessions are being closed', { sessions: passed.finalize, head: String(heads.head) })
    ctx.send(args.lane, { type: 'look' })
  }
  if (passed.more) ctx.send(ctx.self, even ? { type: 'run-once' } : { type: 'look' })
}

/** Why a person has the role wait; null when nobody does. */
export async function pausedBy(em: Em): Promise<string | null> {
  const control = await em.findOne(RoleControl, { role: ROLE, paused: true })
  if (control === null) return null
  return `paused by ${control.by ?? 'somebody'}${control.reason == null ? '' : `: ${control.reason}`}`
}
