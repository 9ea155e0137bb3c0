/**
 * The actor of one proof server: knows whether it can work, and sees one batch at a time through it.
 *
 * It starts by finding out: an open job in the book is followed further, anything else the prover does is cancelled.
 * A prover that does not answer is `down` and tried again with growing pauses; that is never a crash.
 */
import { messageOf } from '../../../errors.ts'
import { defineActor } from '../../kit/actor.ts'
import type { ProverMessage } from '../prover-pool-messages.ts'
import type { StatusAnswer } from './judge.ts'
import { dropJob, lease, watch } from './proving.ts'
import { readinessOf } from './protocol.ts'
import { enter, firstState, goDown, stay, tell, type Ctx, type ProverArgs, type State } from './prover-state.ts'

/** An answer this old may not be true any more. */
const FRESH_MS = 250
/** A prover that is still busy after this is told again to stop. */
const CANCEL_AGAIN_MS = 10_000
const STOP_CANCEL_MS = 200

export const prover = defineActor<ProverArgs, ProverMessage, State>({
  kind: 'prover',
  mailbox: { capacity: 64, overflow: 'coalesce', key: keyOf },
  start(args, ctx) {
    ctx.send(ctx.self, { type: 'attach' })
    return firstState(args, ctx.clock)
  },
  async receive(state, message, ctx) {
    switch (message.type) {
      case 'attach':
        return attach(state, ctx)
      case 'prove':
        return prove(state, message.batch, ctx)
      case 'cancel':
        return cancel(state, message.job, message.because, ctx)
      case 'poll':
        if (message.turn !== state.turn) return state
        return state.doing.at === 'proving' ? watch(state, state.doing, ctx) : probe(state, ctx)
      case 'report':
        return tell(state, ctx)
    }
  },
  async stop({ args, doing }) {
    if (!args.cancelOnStop || doing.at !== 'proving') return
    await args.client.cancel(AbortSignal.timeout(STOP_CANCEL_MS)).catch(() => {}) // best effort: nobody is left to care
  },
})

/** Two polls are one; cancels of different jobs are not. */
function keyOf(message: ProverMessage): string {
  return message.type === 'cancel' ? `cancel ${message.job}` : message.type
}

/** Finds the job that is open at this prover, or what else it does. */
async function attach(state: State, ctx: Ctx): Promise<State> {
  if (state.doing.at === 'proving') return state
  const job = await state.args.book.open(state.args.name)
  if (job === null) return probe(state, ctx)
  ctx.log.info('open proof found, following it', { subject: `batch/${job.num}` })
  const proving = enter(state, { at: 'proving', job, reattached: true, trouble: null }, ctx, 0)
  return job.wanted ? proving : cancel(proving, job.job, 'the batch was given up', ctx)
}

/** Looks at a prover that has no batch of ours. */
async function probe(state: State, ctx: Ctx): Promise<State> {
  const { doing } = state
  let answer: StatusAnswer
  try {
    answer = await state.args.client.status(ctx.signal)
  } catch (error) {
    ctx.signal.throwIfAborted()
    return notUp(state, messageOf(error), ctx)
  }
  const now = ctx.clock.now()
  switch (readinessOf(answer.status)) {
    case 'free':
      return doing.at === 'ready'
        ? stay(state, { at: 'ready', seenAt: now }, ctx)
        : enter(state, { at: 'ready', seenAt: now }, ctx)
    case 'booting':
      return notUp(state, `the prover is ${answer.status}`, ctx)
    case 'busy':
      if (doing.at !== 'draining') return drain(state, ctx)
      if (now - doing.cancelledAt >= CANCEL_AGAIN_MS) return drain(state, ctx)
      return stay(state, { ...doing, looks: doing.looks + 1 }, ctx)
  }
}

function notUp(state: State, because: string, ctx: Ctx): State {
  if (state.doing.at !== 'down' || state.lastError === null) ctx.log.warn('prover is down', { because })
  return goDown({ ...state, lastError: because }, state.doing.at === 'down' ? state.doing.tries + 1 : 0, ctx)
}

/** Tells the prover to stop and waits until it can work again. */
async function drain(state: State, ctx: Ctx): Promise<State> {
  await tryCancel(state, ctx)
  return enter(state, { at: 'draining', cancelledAt: ctx.clock.now(), looks: 0 }, ctx)
}

async function tryCancel({ args }: State, ctx: Ctx): Promise<void> {
  try {
    await args.client.cancel(ctx.signal)
  } catch (error) {
    ctx.signal.throwIfAborted()
    ctx.log.debug('cancel was not answered', { reason: messageOf(error) }) // the next look tells what became of it
  }
}

/** Takes a batch. When it cannot, it says so and the pool decides again. */
async function prove(state: State, batch: string, ctx: Ctx): Promise<State> {
  const known =
    state.doing.at === 'ready' && ctx.clock.now() - state.doing.seenAt > FRESH_MS ? await probe(state, ctx) : state
  if (known.doing.at === 'ready') {
    const leased = await lease(known, batch, ctx)
    if (leased !== null) return leased
    return tell(await attach(known, ctx), ctx)
  }
  return tell(known, ctx)
}

async function cancel(state: State, job: string | null, because: string, ctx: Ctx): Promise<State> {
  const { doing } = state
  if (doing.at === 'proving' && (job === null || doing.job.job === job)) {
    await dropJob(state, doing, because, ctx)
    return drain(state, ctx)
  }
  if (job === null && doing.at !== 'draining') await tryCancel(state, ctx)
  return state
}
