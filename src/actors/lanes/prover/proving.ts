/**
 * One batch at one prover: claimed in the book, posted, watched, settled. The book is written before the input leaves
 * and before anybody is told of an outcome; when a step is cut off, the open job in the book leads back to it.
 */
import { messageOf } from '../../../errors.ts'
import type { Lease, Outcome } from './book.ts'
import { ProverAnswerError, ProverRefusedError, ProverUnreachableError } from './errors.ts'
import { free, judge, type StatusAnswer, type Verdict } from './judge.ts'
import { remember } from './pace.ts'
import type { Groth16Proof } from './proof.ts'
import { enter, goDown, stay, tell, type Ctx, type Proving, type State } from './prover-state.ts'

/** A prover with so many failures in a row rests before it is given more. */
const FAILURES_BEFORE_REST = 3

/** Claims the batch and posts it. Null when the batch or this prover is taken already. */
export async function lease(state: State, batch: string, ctx: Ctx): Promise<State | null> {
  const { book, name, settings } = state.args
  const at = ctx.clock.now()
  const claimed = await book.claim({ batch, prover: name, at, deadlineAt: at + settings.proofTimeoutMs })
  return claimed === null ? null : post(state, claimed, ctx)
}

async function post(state: State, { input, ...job }: Lease, ctx: Ctx): Promise<State> {
  const proving: Proving = { at: 'proving', job, reattached: false, trouble: null }
  try {
    await state.args.client.post(input, job.publicInput, ctx.signal)
  } catch (error) {
    ctx.signal.throwIfAborted()
    return notPosted(state, proving, error, ctx)
  }
  const posted = { ...proving, job: { ...job, postedAt: ctx.clock.now() } }
  ctx.log.debug('input posted', { subject: `batch/${job.num}`, tries: job.failures })
  return enter(state, posted, ctx)
}

/** A prover that was never reached says nothing about the batch; one that refused it, or broke off, does. */
async function notPosted(state: State, proving: Proving, error: unknown, ctx: Ctx): Promise<State> {
  const because = messageOf(error)
  if (error instanceof ProverRefusedError) return giveUp(state, proving, 'failed', because, ctx, null)
  const sent = error instanceof ProverUnreachableError && error.facts['sent'] === true
  if (sent) return goDown(await failTry(state, proving, 'lost', because, ctx), 0, ctx)
  await dropJob(state, proving, because, ctx)
  return goDown({ ...state, lastError: because }, 0, ctx)
}

/** Looks at a prover that has our batch. */
export async function watch(state: State, doing: Proving, ctx: Ctx): Promise<State> {
  let answer: StatusAnswer
  try {
    answer = await state.args.client.status(ctx.signal)
  } catch (error) {
    ctx.signal.throwIfAborted()
    return noAnswer(state, doing, error, ctx)
  }
  const verdict = judge(answer, { publicInput: doing.job.publicInput, reattached: doing.reattached })
  if (verdict.do === 'wait' && ctx.clock.now() >= doing.job.deadlineAt) return timedOut(state, doing, ctx)
  return obey(state, doing, verdict, answer, ctx)
}

async function obey(state: State, doing: Proving, verdict: Verdict, answer: StatusAnswer, ctx: Ctx): Promise<State> {
  switch (verdict.do) {
    case 'wait':
      return stay(state, { ...doing, trouble: null }, ctx)
    case 'accept':
      return accept(state, doing, verdict.proof, ctx)
    case 'repost':
      return repost(state, doing, verdict.because, ctx)
    case 'give-up':
      return giveUp(state, doing, verdict.as, verdict.because, ctx, answer)
  }
}

/**
 * The prover is free from here on, so the pool may choose its next batch while the proof is written down; that batch is
 * claimed only after.
 */
async function accept(state: State, doing: Proving, proof: Groth16Proof, ctx: Ctx): Promise<State> {
  const seenAt = ctx.clock.now()
  const durations = doing.reattached ? state.durations : remember(state.durations, seenAt - doing.job.postedAt)
  const idle = { ...state, durations, proofs: state.proofs + 1, inARow: 0 }
  const told = tell({ ...idle, doing: { at: 'ready', seenAt }, since: seenAt }, ctx)
  await settle(state, doing, { as: 'proven', proof }, ctx)
  return stay(told, told.doing, ctx)
}

async function repost(state: State, doing: Proving, because: string, ctx: Ctx): Promise<State> {
  const { book, settings } = state.args
  ctx.log.info('posting the input again', { subject: `batch/${doing.job.num}`, because })
  const renewed = await book.renew(doing.job.job, ctx.clock.now() + settings.proofTimeoutMs)
  if (renewed !== null) return post(state, renewed, ctx)
  await dropJob(state, doing, 'nobody wants the proof any more', ctx)
  return enter(state, { at: 'ready', seenAt: ctx.clock.now() }, ctx)
}

/** Ends this try; the prover takes other work when its last answer allows, unless it fails again and again. */
async function giveUp(
  state: State,
  doing: Proving,
  as: 'failed' | 'stale' | 'lost',
  because: string,
  ctx: Ctx,
  answer: StatusAnswer | null,
): Promise<State> {
  const settled = await failTry(state, doing, as, because, ctx)
  if (settled.inARow >= FAILURES_BEFORE_REST) return goDown(settled, settled.inARow - FAILURES_BEFORE_REST, ctx)
  if (answer !== null && !free(answer)) return goDown(settled, 0, ctx)
  return enter(settled, { at: 'ready', seenAt: answer === null ? -Infinity : ctx.clock.now() }, ctx)
}

async function timedOut(state: State, doing: Proving, ctx: Ctx): Promise<State> {
  const because = `no proof within ${state.args.settings.proofTimeoutMs} ms`
  const settled = await failTry(state, doing, 'timeout', because, ctx)
  await state.args.client.cancel(ctx.signal).catch((error: unknown) => {
    ctx.signal.throwIfAborted()
    ctx.log.debug('cancel was not answered', { reason: messageOf(error) }) // it is down anyway
  })
  return goDown(settled, settled.inARow - 1, ctx)
}

/** Outages are waited out for a while; the batch then goes to another prover. */
async function noAnswer(state: State, doing: Proving, error: unknown, ctx: Ctx): Promise<State> {
  const because = messageOf(error)
  if (error instanceof ProverAnswerError) return goDown(await failTry(state, doing, 'failed', because, ctx), 0, ctx)
  const now = ctx.clock.now()
  const { since, tries } = doing.trouble ?? { since: now, tries: -1 }
  if (now - since < state.args.settings.unreachableMs && now < doing.job.deadlineAt) {
    return stay({ ...state, lastError: because }, { ...doing, trouble: { since, tries: tries + 1 } }, ctx)
  }
  return goDown(await failTry(state, doing, 'lost', because, ctx), 0, ctx)
}

/** Ends the job without a word against anybody. */
export const dropJob = (state: State, doing: Proving, because: string, ctx: Ctx): Promise<void> =>
  settle(state, doing, { as: 'cancelled', because, last: false }, ctx)

/** Ends the job as a try that counts; the batch fails for good with the last one. */
async function failTry(
  state: State,
  doing: Proving,
  as: 'failed' | 'stale' | 'timeout' | 'lost',
  reason: string,
  ctx: Ctx,
): Promise<State> {
  const { name, settings } = state.args
  const tries = doing.job.failures + 1
  const last = tries >= settings.maxAttempts
  const because = last ? `no proof after ${tries} tries; the last, at ${name}: ${reason}` : `${name}: ${reason}`
  const outcome: Outcome = { as, because, last }
  ctx.log.warn('proof failed', { subject: `batch/${doing.job.num}`, outcome: as, because: reason, tries, last })
  await settle(state, doing, outcome, ctx)
  return {
    ...state,
    failures: state.failures + 1,
    inARow: state.inARow + 1,
    lastError: reason,
    lastFailedAt: ctx.clock.now(),
  }
}

async function settle(state: State, doing: Proving, outcome: Outcome, ctx: Ctx): Promise<void> {
  const { book, notify } = state.args
  const settled = await book.settle(doing.job.job, outcome, ctx.clock.now())
  // null: it had ended already, perhaps by a try of ours whose answer was lost before anybody was told
  if (settled !== 'waiting' && settled !== 'unwanted') for (const one of notify) ctx.send(one, { type: 'look' })
}
