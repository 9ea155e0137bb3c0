/**
 * What one prover's actor holds, all of it rebuilt from the book and the prover, and what people see of it.
 */
import type { Clock } from '../../../clock.ts'
import type { Context } from '../../kit/actor.ts'
import { equalJitterMs, type Bounds } from '../../kit/backoff.ts'
import type { Ref } from '../../kit/ref.ts'
import type { ProverMessage, ProverPoolMessage, ProverState, ProverStatus } from '../prover-pool-messages.ts'
import type { OpenJob, ProofBook } from './book.ts'
import type { ProverClient } from './client.ts'
import { median, nextLookMs, usual, type Pace } from './pace.ts'

export interface ProverSettings extends Pace {
  /** A proof that takes longer is given to another prover. */
  readonly proofTimeoutMs: number
  /** Tries at one batch before it fails. */
  readonly maxAttempts: number
  /** A prover that has a batch and does not answer for this long has lost it. */
  readonly unreachableMs: number
  /** Time between two looks at an idle prover. */
  readonly idleLookMs: number
  /** How a prover that is down is tried again. */
  readonly backoff: Bounds
}

export interface ProverArgs {
  readonly name: string
  /** As it may be shown. */
  readonly url: string
  readonly client: ProverClient
  readonly book: ProofBook
  readonly pool: Ref<ProverPoolMessage>
  /** Who wants to hear that a batch was proven or has failed. */
  readonly notify: readonly Ref<{ readonly type: 'look' }>[]
  readonly settings: ProverSettings
  /** Whether an orderly stop cancels the proof in progress; otherwise it is picked up again at the next start. */
  readonly cancelOnStop: boolean
}

export interface Proving {
  readonly at: 'proving'
  readonly job: OpenJob
  /** True when the job was found open at a start of ours. */
  readonly reattached: boolean
  /** Since when the prover does not answer, and how often that was tried. */
  readonly trouble: { readonly since: number; readonly tries: number } | null
}

export type Doing =
  | { readonly at: 'ready'; readonly seenAt: number }
  | Proving
  /** Told to drop its work; `looks` at it since. */
  | { readonly at: 'draining'; readonly cancelledAt: number; readonly looks: number }
  | { readonly at: 'down'; readonly tries: number; readonly nextTryAt: number }

export interface State {
  readonly args: ProverArgs
  readonly doing: Doing
  readonly since: number
  /** Which poll is awaited; polls of earlier turns are void. */
  readonly turn: number
  readonly cancelTimer: () => void
  readonly proofs: number
  readonly failures: number
  /** Failures since the last proof. */
  readonly inARow: number
  readonly lastError: string | null
  readonly lastFailedAt: number | null
  /** How long the latest proofs took, in milliseconds. */
  readonly durations: readonly number[]
}

export type Ctx = Context<ProverMessage>

export const firstState = (args: ProverArgs, clock: Clock): State => ({
  args,
  doing: { at: 'down', tries: 0, nextTryAt: clock.now() },
  since: clock.now(),
  turn: 0,
  cancelTimer: () => {},
  proofs: 0,
  failures: 0,
  inARow: 0,
  lastError: null,
  lastFailedAt: null,
  durations: [],
})

const STATE_OF: Readonly<Record<Doing['at'], ProverState>> = {
  ready: 'ready',
  proving: 'busy',
  draining: 'draining',
  down: 'down',
}

export const statusOf = ({ args, doing, ...state }: State): ProverStatus => ({
  name: args.name,
  url: args.url,
  state: STATE_OF[doing.at],
  batch: doing.at === 'proving' ? doing.job.num : null,
  since: state.since,
  proofs: state.proofs,
  failures: state.failures,
  lastError: state.lastError,
  lastFailedAt: state.lastFailedAt,
  nextTryAt: doing.at === 'down' ? doing.nextTryAt : null,
  medianProofMs: median(state.durations),
})

/** Changes what the prover does, tells the pool, and sets the time of the next look. */
export function enter(state: State, doing: Doing, ctx: Ctx, lookInMs = lookDelayMs(state, doing, ctx)): State {
  return tell(look({ ...state, doing, since: ctx.clock.now() }, ctx, lookInMs), ctx)
}

/** Tells the pool how things are. */
export function tell(state: State, ctx: Ctx): State {
  ctx.send(state.args.pool, { type: 'report', status: statusOf(state) })
  return state
}

/** Goes on as before; `doing` may differ in what nobody sees. */
export const stay = (state: State, doing: Doing, ctx: Ctx): State =>
  look({ ...state, doing }, ctx, lookDelayMs(state, doing, ctx))

/** Marks the prover down and tells when it is tried again: the more failures in a row, the later. */
export function goDown(state: State, tries: number, ctx: Ctx): State {
  const waitMs = equalJitterMs(state.args.settings.backoff, tries, ctx.random)
  return enter(state, { at: 'down', tries, nextTryAt: ctx.clock.now() + waitMs }, ctx, waitMs)
}

function look(state: State, ctx: Ctx, inMs: number): State {
  state.cancelTimer()
  const turn = state.turn + 1
  return { ...state, turn, cancelTimer: ctx.after(inMs, { type: 'poll', turn }) }
}

function lookDelayMs({ args, durations }: State, doing: Doing, { clock, random }: Ctx): number {
  const { settings } = args
  const now = clock.now()
  switch (doing.at) {
    case 'ready':
      return settings.idleLookMs
    case 'down':
      return Math.max(0, doing.nextTryAt - now)
    case 'draining':
      return Math.min(settings.pollMs, settings.minPollMs * 2 ** doing.looks)
    case 'proving': {
      if (doing.trouble !== null)
        return Math.min(settings.pollMs, equalJitterMs(settings.backoff, doing.trouble.tries, random))
      const delay = nextLookMs(now - doing.job.postedAt, usual(durations), settings)
      return Math.min(delay, Math.max(settings.minPollMs, doing.job.deadlineAt - now))
    }
  }
}
