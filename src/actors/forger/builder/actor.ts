/**
 * Owns the builder thread. A job is posted and answered later; the actor itself never waits, and a thread that dies
 * takes this actor with it, so that its supervisor starts both again.
 */
import { Worker } from 'node:worker_threads'
import type { Context } from '../../kit/actor.ts'
import { defineActor } from '../../kit/actor.ts'
import { builder, type BuilderAnswer, type BuilderMessage } from '../messages.ts'
import type { BuilderJob, BuilderResult } from './jobs.ts'

interface State {
  readonly thread: Worker
  readonly waiting: Map<number, (answer: BuilderAnswer) => void>
  ticket: number
}

type Reply =
  | { readonly ticket: number; readonly ok: true; readonly result: BuilderResult }
  | { readonly ticket: number; readonly ok: false; readonly error: Error }

/** Little of a batch's garbage outlives it; more young generation made no batch faster. */
const YOUNG_HEAP = { maxYoungGenerationSizeMb: 12 }

/** Starts the thread; `died` is told to self when it ends on its own. */
export const builderActor = defineActor<void, BuilderMessage, State>({
  kind: 'forger/builder',
  mailbox: { capacity: 64, overflow: 'reject' },
  start(_, ctx) {
    const thread = new Worker(new URL('./thread.ts', import.meta.url), { resourceLimits: YOUNG_HEAP })
    const waiting = new Map<number, (answer: BuilderAnswer) => void>()
    thread.on('message', (reply: Reply) => {
      const answer = waiting.get(reply.ticket)
      waiting.delete(reply.ticket)
      answer?.(reply)
    })
    thread.on('error', error => ctx.send(ctx.self, { type: 'died', error }))
    ctx.own(() => {
      for (const answer of waiting.values()) answer({ ok: false, error: new Error('the builder was stopped') })
      return thread.terminate()
    })
    return { thread, waiting, ticket: 0 }
  },
  receive(state, message) {
    if (message.type === 'died') throw message.error
    state.ticket += 1
    state.waiting.set(state.ticket, message.reply)
    state.thread.postMessage({ ticket: state.ticket, job: message.job })
    return state
  },
})

const JOB_DEADLINE_MS = 300_000

/** Has the builder do one job; throws what the job threw. */
export async function build<M>(ctx: Pick<Context<M>, 'ask'>, job: BuilderJob): Promise<BuilderResult> {
  const answer = await ctx.ask<BuilderMessage, BuilderAnswer>(
    builder,
    reply => ({ type: 'run', job, reply }),
    JOB_DEADLINE_MS,
  )
  if (answer.ok) return answer.result
  throw answer.error
}
