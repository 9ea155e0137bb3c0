/**
 * Takes the picture of the tree: one synchronous walk, so that what it shows was all true at one moment.
 */
import type { Clock } from '../clock.ts'
import type { Unit } from '../actors/kit/unit.ts'
import { Worker } from '../actors/kit/worker.ts'
import type { Child } from './children.ts'
import type { NodeState, TreeNode } from './snapshot.ts'
import { Supervisor } from './supervisor.ts'

/** The root is nobody's child: `child` is null. */
export function picture(clock: Clock, unit: Unit, child: Child | null): TreeNode {
  const wait = waitOf(unit, child)
  const common = {
    id: unit.id,
    ...wait,
    nextTryAt: iso(wait.nextTryAt),
    restart: child?.restart ?? 'permanent',
  }
  if (unit instanceof Supervisor) {
    return {
      ...common,
      type: 'supervisor',
      kind: unit.spec.strategy,
      startedAt: iso(unit.startedAt),
      restarts: Math.max(0, unit.starts - 1),
      mailbox: null,
      busy: null,
      lastCrash: null,
      strategy: unit.spec.strategy,
      autoShutdown: unit.spec.autoShutdown ?? 'never',
      children: [...unit.children.values()].map(each => picture(clock, each.unit, each)),
    }
  }
  return { ...common, ...workerParts(clock, unit), type: 'worker', strategy: null, autoShutdown: null, children: [] }
}

interface Wait {
  readonly state: NodeState
  readonly because: string | null
  readonly nextTryAt: number | null
}

const says = (state: NodeState, because: string | null, nextTryAt: number | null = null): Wait => ({
  state,
  because,
  nextTryAt,
})

function waitOf(unit: Unit, child: Child | null): Wait {
  if (child?.parked) return says('parked', child.parked.because, child.parked.until)
  if (child?.restarting) return says('restarting', child.next?.because ?? 'a start failed', child.next?.at ?? null)
  if (child?.due) return says('starting', `after ${child.due.id}`)
  if (unit instanceof Worker && unit.phase === 'waiting') {
    return says('waiting', unit.outage?.because ?? null, unit.outage?.nextTryAt ?? null)
  }
  if (unit instanceof Supervisor && unit.phase === 'starting') {
    const waiting = [...unit.children.values()].find(each => each.waiting || each.restarting)
    if (waiting !== undefined) return says('waiting', `for ${waiting.id}`)
  }
  return phaseOf(unit)
}

function phaseOf(unit: Unit): Wait {
  const phase = unit instanceof Worker || unit instanceof Supervisor ? unit.phase : 'stopped'
  switch (phase) {
    case 'running':
      return says('running', null)
    case 'stopped':
      return says('stopped', 'not running')
    case 'starting':
      return says('starting', 'it is starting')
    case 'stopping':
      return says('stopping', 'it finishes what it began')
    case 'waiting':
      return says('waiting', null)
  }
}

type WorkerParts = Pick<TreeNode, 'kind' | 'startedAt' | 'restarts' | 'mailbox' | 'busy' | 'lastCrash'>

function workerParts(clock: Clock, unit: Unit): WorkerParts {
  if (!(unit instanceof Worker)) {
    return { kind: 'unknown', startedAt: null, restarts: 0, mailbox: null, busy: null, lastCrash: null }
  }
  const { box } = unit.letters
  const { busy, lastCrash: crash } = unit
  return {
    kind: unit.definition.kind,
    startedAt: iso(unit.startedAt),
    restarts: Math.max(0, unit.starts - 1),
    mailbox: {
      length: box.length,
      capacity: Number.isFinite(box.capacity) ? box.capacity : null,
      dropped: box.dropped,
    },
    busy: busy === null ? null : { message: busy.message, forMs: clock.now() - busy.since },
    lastCrash:
      crash === null ? null : { at: new Date(crash.at).toISOString(), reason: crash.reason, message: crash.message },
  }
}

const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
