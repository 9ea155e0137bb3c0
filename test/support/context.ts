/**
 * One actor in the hand of a test, without a runtime: messages are handled when the test delivers them, one by one.
 * What the actor sends, plans and logs is kept to be looked at; timers never fire by themselves.
 */
import type { ActorDefinition, Context, Tagged } from '../../src/actors/kit/actor.ts'
import { ref, type Ref } from '../../src/actors/kit/ref.ts'
import type { Clock } from '../../src/clock.ts'
import type { Log } from '../../src/log.ts'

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly text: string
  readonly fields: Record<string, unknown>
}

export interface DrivenActor<M extends Tagged> {
  /** Handles one message to its end; rejects with what the handler throws. */
  deliver(message: M): Promise<void>
  /** Ends it in order. */
  stop(): Promise<void>
  /** What it sent to others (and to itself). */
  readonly sent: { readonly to: string; readonly message: unknown }[]
  /** Messages it planned for later, with their delay. */
  readonly planned: { readonly ms: number; readonly message: M }[]
  readonly logs: LogLine[]
}

export interface DriveOptions {
  readonly id: string
  readonly clock: Clock
  readonly random?: () => number
  /** Answers the questions it asks; without it nobody does. */
  readonly ask?: Context<never>['ask']
}

export async function drive<Args, M extends Tagged, S>(
  definition: ActorDefinition<Args, M, S>,
  args: Args,
  { id, clock, random = () => 0.5, ask = nobodyAnswers }: DriveOptions,
): Promise<DrivenActor<M>> {
  const sent: DrivenActor<M>['sent'] = []
  const planned: DrivenActor<M>['planned'] = []
  const logs: LogLine[] = []
  const ended = new AbortController()
  const owned: (() => unknown)[] = []
  const context: Context<M> = {
    self: ref<M>(id),
    id,
    signal: ended.signal,
    log: recordingLog(logs),
    clock,
    random,
    send<T>(to: Ref<T>, message: T) {
      attached(this, context)
      sent.push({ to: to.id, message })
    },
    async deliver(to, message) {
      attached(this, context)
      sent.push({ to: to.id, message })
    },
    ask,
    after: (ms, message) => {
      planned.push({ ms, message })
      return () => {}
    },
    every: () => () => {},
    own: close => void owned.push(close),
    watch: () => () => {},
  }
  let state = await definition.start(args, context)
  return {
    deliver: async message => {
      state = await definition.receive(state, message, context)
    },
    stop: async () => {
      await definition.stop?.(state, 'shutdown')
      ended.abort()
      for (const close of owned.toReversed()) await close()
    },
    sent,
    planned,
    logs,
  }
}

/** A method taken off its context throws, as in the runtime. */
function attached(self: unknown, context: unknown): void {
  if (self !== context) throw new TypeError('a method was taken off its context')
}

const nobodyAnswers = (): Promise<never> => Promise.reject(new Error('nobody answers in this test'))

function recordingLog(logs: LogLine[], inherited: Record<string, unknown> = {}): Log {
  const at =
    (level: LogLine['level']) =>
    (text: string, fields: Record<string, unknown> = {}) =>
      void logs.push({ level, text, fields: { ...inherited, ...fields } })
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    with: fields => recordingLog(logs, { ...inherited, ...fields }),
  }
}
