/**
 * The prover pool: sees to it that every idle prover has a batch and every batch a prover. It decides, the provers do.
 *
 * What it knows of provers they have reported; what waits is in the book. A message that is lost costs at most one
 * slow look; a batch given out twice is claimed once.
 */
import type { Clock } from '../../clock.ts'
import { isTransient, messageOf } from '../../errors.ts'
import { maskUrl } from '../../secrets.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import { proverOf, type ProverPoolMessage, type ProverStatus } from './prover-pool-messages.ts'
import { assign, type WaitingBatch } from './prover/assign.ts'
import type { OpenJob, ProofBook } from './prover/book.ts'

export interface ProverPoolArgs {
  readonly role: string
  readonly provers: readonly { readonly name: string; readonly url: string }[]
  readonly book: ProofBook
  /** Time between two looks without a reason. */
  readonly lookMs: number
}

interface State {
  readonly args: ProverPoolArgs
  readonly provers: ReadonlyMap<string, ProverStatus>
  /** Batches on their way to a prover that has not answered yet. */
  readonly sent: ReadonlyMap<string, { readonly batch: string; readonly at: number }>
  /** What waited at the last look and has not been given out since. A batch that is gone meanwhile cannot be claimed. */
  readonly waiting: readonly WaitingBatch[]
}

type Ctx = Context<ProverPoolMessage>

/** A prover that was given a batch and says nothing for this long is not counted on. */
const ANSWER_MS = 5_000
/** An open job whose prover does not know of it for this long is shown to it. */
const FORGOTTEN_MS = 5_000

export const proverPool = defineActor<ProverPoolArgs, ProverPoolMessage, State>({
  kind: 'prover-pool',
  mailbox: { capacity: 1024, overflow: 'coalesce', key: keyOf },
  start(args, ctx) {
    const down = args.provers.map(prover => [prover.name, unheard(prover, ctx.clock)] as const)
    for (const { name } of args.provers) ctx.send(proverOf(args.role, name), { type: 'report' })
    ctx.send(ctx.self, { type: 'look' })
    ctx.every(args.lookMs, { type: 'look' })
    return { args, provers: new Map(down), sent: new Map(), waiting: [] }
  },
  async receive(state, message, ctx) {
    switch (message.type) {
      case 'look':
        return look(state, ctx)
      case 'report':
        return note(state, message.status, ctx)
      case 'status':
        message.reply([...state.provers.values()])
        return state
      case 'cancel-all':
        for (const { name } of state.args.provers) {
          ctx.send(proverOf(state.args.role, name), { type: 'cancel', job: null, because: message.because })
        }
        return state
    }
  },
})

/** Two looks are one, and only the newest report of a prover counts. Questions are all answered. */
let questions = 0
function keyOf(message: ProverPoolMessage): string {
  if (message.type === 'report') return `report ${message.status.name}`
  return message.type === 'status' ? `status ${(questions += 1)}` : message.type
}

const unheard = ({ name, url }: { readonly name: string; readonly url: string }, clock: Clock): ProverStatus => ({
  name,
  url: maskUrl(url),
  state: 'down',
  batch: null,
  since: clock.now(),
  proofs: 0,
  failures: 0,
  lastError: null,
  lastFailedAt: null,
  nextTryAt: null,
  medianProofMs: null,
})

/** A prover that becomes ready gets the next batch at once; whatever else changes is a reason to look at the book. */
function note(state: State, status: ProverStatus, ctx: Ctx): State {
  const before = state.provers.get(status.name)
  if (before === undefined) return state
  const sent = new Map(state.sent)
  sent.delete(status.name)
  const noted = { ...state, sent, provers: new Map(state.provers).set(status.name, status) }
  if (status.state === 'busy') return noted
  const simple = status.state === 'ready' && status.failures === before.failures
  const given = simple ? give(noted, ctx) : noted
  if (!simple || given.waiting.length === 0) ctx.send(ctx.self, { type: 'look' })
  return given
}

async function look(before: State, ctx: Ctx): Promise<State> {
  const state = withoutSilent(before, ctx)
  const { book, provers } = state.args
  try {
    const { waiting, open } = await book.load(2 * provers.length)
    await tidy(state, open, ctx)
    const taken = new Set([...state.sent.values()].map(({ batch }) => batch))
    return give({ ...state, waiting: waiting.filter(({ batch }) => !taken.has(batch)) }, ctx)
  } catch (error) {
    if (!isTransient(error)) throw error
    ctx.log.debug('waiting for the database', { reason: messageOf(error) }) // questions are answered meanwhile
    ctx.after(Math.min(1000, state.args.lookMs), { type: 'look' })
    return state
  }
}

/** Provers that never answered are down until they report again. */
function withoutSilent(state: State, ctx: Ctx): State {
  const now = ctx.clock.now()
  const silent = [...state.sent].filter(([, { at }]) => now - at >= ANSWER_MS).map(([name]) => name)
  if (silent.length === 0) return state
  const provers = new Map(state.provers)
  const sent = new Map(state.sent)
  for (const name of silent) {
    sent.delete(name)
    const known = provers.get(name)
    if (known) provers.set(name, { ...known, state: 'down', lastError: 'its actor does not answer', since: now })
    ctx.send(proverOf(state.args.role, name), { type: 'report' })
  }
  return { ...state, provers, sent }
}

/** Sends waiting batches to idle provers. */
function give(state: State, ctx: Ctx): State {
  const { provers, waiting } = state
  const all = [...provers.values()]
  const idle = all.filter(one => one.state === 'ready' && !state.sent.has(one.name))
  const alive = all.filter(one => one.state !== 'down').map(({ name }) => name)
  const assignments = assign({ idle, alive, waiting })
  if (assignments.length === 0) return state
  const sent = new Map(state.sent)
  for (const { prover, batch } of assignments) {
    sent.set(prover, { batch, at: ctx.clock.now() })
    ctx.send(proverOf(state.args.role, prover), { type: 'prove', batch })
  }
  const given = new Set(assignments.map(({ batch }) => batch))
  return { ...state, sent, waiting: waiting.filter(({ batch }) => !given.has(batch)) }
}

/** Open jobs nobody wants, nobody can finish any more, or whose prover has forgotten them. */
async function tidy({ args, provers }: State, open: readonly OpenJob[], ctx: Ctx): Promise<void> {
  const now = ctx.clock.now()
  for (const { job, num, prover, wanted, postedAt } of open) {
    const known = provers.get(prover)
    if (known === undefined) {
      const because = `the prover ${prover} is not configured any more`
      await args.book.settle(job, { as: 'cancelled', because, last: false }, now)
      ctx.send(ctx.self, { type: 'look' })
    } else if (!wanted) {
      ctx.send(proverOf(args.role, prover), { type: 'cancel', job, because: 'the batch was given up' })
    }
    if (known && known.batch !== num && now - postedAt >= FORGOTTEN_MS) {
      ctx.send(proverOf(args.role, prover), { type: 'attach' })
    }
  }
}
