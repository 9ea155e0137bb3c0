/**
 * A tree under a simulated clock, with everything it says written down; and a probe, an actor that does what a
 * message tells it to.
 */
import { type ActorDefinition, type Context, defineActor, type MailboxOptions } from '../../src/actors/kit/actor.ts'
import type { SystemEvent } from '../../src/actors/kit/events.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { OperatorError, type Severity } from '../../src/errors.ts'
import type { Log } from '../../src/log.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import type { ChildSpec, SupervisorSpec, WorkerSpec } from '../../src/supervisors/spec.ts'
import type { CrashRecord, TreeNode } from '../../src/supervisors/snapshot.ts'
import { createSystem, type System, type SystemPorts } from '../../src/supervisors/system.ts'
import { SimulatedClock } from '../support/simulated-clock.ts'

export type Doing = (state: string[], ctx: Context<Probe>) => string[] | Promise<string[]> | void

/** `do` runs a function inside the handler; `note` is added to the state; `read` answers the state. */
export type Probe =
  | { readonly type: 'do'; readonly run: Doing }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'read'; readonly reply: (state: readonly string[]) => void }

export interface ProbeOptions {
  readonly mailbox?: MailboxOptions<Probe>
  readonly deadlineMs?: number
  readonly start?: (ctx: Context<Probe>) => void | Promise<void>
  readonly stop?: (state: string[], reason: string) => void | Promise<void>
}

type Options = ProbeOptions & Partial<Omit<WorkerSpec, 'type' | 'actor' | 'args'>>

/** A worker whose state is the notes it took. */
export function probe(id: string, { mailbox, deadlineMs, start, stop, ...options }: Options = {}): WorkerSpec {
  const actor: ActorDefinition<null, Probe, string[]> = {
    kind: 'probe',
    start: async (_args, ctx) => {
      await start?.(ctx)
      return []
    },
    receive: async (state, message, ctx) => {
      switch (message.type) {
        case 'do':
          return (await message.run(state, ctx)) ?? state
        case 'note':
          return [...state, message.text]
        case 'read':
          message.reply(state)
          return state
      }
    },
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(stop === undefined ? {} : { stop }),
  }
  return worker({ ...options, id, actor: defineActor(actor), args: () => null })
}

export const root = (children: readonly ChildSpec[], options: Partial<SupervisorSpec> = {}): SupervisorSpec =>
  supervisor({ id: 'root', strategy: 'one-for-one', ...options, children })

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug'
  readonly text: string
  readonly fields: Record<string, unknown>
}

export interface Bench {
  readonly system: System
  readonly clock: SimulatedClock
  readonly events: SystemEvent[]
  readonly crashes: CrashRecord[]
  readonly lines: LogLine[]
  /** `start a`, `terminate a shutdown`, …: starts and ends in order. */
  trace(): string[]
  node(id: string): TreeNode
  send(id: string, message: Probe): void
  run(id: string, run: Doing): void
  read(id: string): Promise<readonly string[]>
}

export function bench(tree: SupervisorSpec, ports: Partial<SystemPorts> = {}): Bench {
  const clock = new SimulatedClock()
  const events: SystemEvent[] = []
  const crashes: CrashRecord[] = []
  const lines: LogLine[] = []
  const record = (crash: CrashRecord): void => void crashes.push(crash)
  const system = createSystem(tree, {
    clock,
    random: () => 0.5,
    log: keep(lines),
    crashes: { record },
    name: 'test',
    ...ports,
  })
  system.onEvent(event => events.push(event))
  return {
    system,
    clock,
    events,
    crashes,
    lines,
    trace: () => traceOf(events),
    node: id => find(system.snapshot().root, id),
    send: (id, message) => system.send(ref<Probe>(id), message),
    run: (id, run) => system.send(ref<Probe>(id), { type: 'do', run }),
    read: id => system.ask<Probe, readonly string[]>(ref<Probe>(id), reply => ({ type: 'read', reply }), 60_000),
  }
}

/** As `bench`, with the tree running. */
export async function running(tree: SupervisorSpec, ports: Partial<SystemPorts> = {}): Promise<Bench> {
  const made = bench(tree, ports)
  await made.system.start()
  return made
}

export function traceOf(events: readonly SystemEvent[]): string[] {
  return events.flatMap(event => {
    switch (event.type) {
      case 'started':
        return [`start ${event.id}`]
      case 'start-failed':
        return [`fail ${event.id}`]
      case 'terminated':
        return [`end ${event.id} ${event.exit.reason}`]
      case 'parked':
        return [`park ${event.id}`]
      case 'unparked':
        return [`unpark ${event.id}`]
      case 'init':
      case 'ignored':
      case 'crashed':
      case 'restarting':
      case 'waiting':
      case 'resumed':
      case 'poison':
      case 'dead-letter':
        return []
    }
  })
}

function find(node: TreeNode, id: string): TreeNode {
  const found = search(node, id)
  if (found === null) throw new Error(`no node ${id}`)
  return found
}

function search(node: TreeNode, id: string): TreeNode | null {
  if (node.id === id) return node
  for (const child of node.children) {
    const found = search(child, id)
    if (found !== null) return found
  }
  return null
}

const keep = (lines: LogLine[], base: Record<string, unknown> = {}): Log => {
  const at =
    (level: LogLine['level']) =>
    (text: string, fields: Record<string, unknown> = {}): void =>
      void lines.push({ level, text, fields: { ...base, ...fields } })
  return {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    with: fields => keep(lines, { ...base, ...fields }),
  }
}

/** An error of any severity, as a foreign room would throw it. */
export class TroubleError extends OperatorError {
  readonly code = 'SUP_999'
  readonly severity: Severity
  readonly hint = 'Only for tests.'

  constructor(severity: Severity, message = 'trouble') {
    super(message)
    this.severity = severity
  }
}

/** Throws, from inside a handler. */
export const fail =
  (error: unknown = new Error('boom')): Doing =>
  () => {
    throw error
  }
