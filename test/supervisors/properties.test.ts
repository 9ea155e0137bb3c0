// Generated trees and crash schedules: what must hold whatever happens.
import test from 'ava'
import * as fc from 'fast-check'
import type { SystemEvent } from '../../src/actors/kit/events.ts'
import { exit } from '../../src/actors/kit/exit.ts'
import { supervisor } from '../../src/supervisors/child.ts'
import type { ChildSpec, SupervisorSpec } from '../../src/supervisors/spec.ts'
import { settle } from '../support/simulated-clock.ts'
import { bench, fail, probe, TroubleError } from './support.ts'

interface WorkerShape {
  readonly restart: 'permanent' | 'transient' | 'temporary'
  readonly shutdown: number | 'brutal-kill'
  readonly hangs: boolean
  readonly backoff: boolean
  /** Which start attempts fail, and how. */
  readonly startFails: readonly (readonly [number, 'bug' | 'outage'])[]
}

interface SupervisorShape {
  readonly strategy: 'one-for-one' | 'rest-for-one' | 'one-for-all'
  readonly intensity: number
  readonly park: boolean
  readonly children: readonly Shape[]
}

type Shape = WorkerShape | SupervisorShape

const workerShape: fc.Arbitrary<WorkerShape> = fc.record({
  restart: fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
  shutdown: fc.constantFrom<WorkerShape['shutdown'][]>(0, 50, 200, 'brutal-kill'),
  hangs: fc.nat(4).map(n => n === 0),
  backoff: fc.boolean(),
  startFails: fc.array(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom('bug' as const, 'outage' as const)), {
    maxLength: 2,
  }),
})

const supervisorShape = (depth: number): fc.Arbitrary<SupervisorShape> =>
  fc.record({
    strategy: fc.constantFrom('one-for-one', 'rest-for-one', 'one-for-all'),
    intensity: fc.integer({ min: 0, max: 4 }),
    park: fc.boolean(),
    children: fc.array(
      depth === 0 ? workerShape : fc.oneof<fc.Arbitrary<Shape>[]>(workerShape, workerShape, supervisorShape(depth - 1)),
      { minLength: 1, maxLength: 4 },
    ),
  })

const step = fc.record({
  who: fc.nat(),
  what: fc.constantFrom(
    'crash',
    'crash',
    'kill',
    'normal',
    'poison',
    'outage',
    'fatal',
    'hang',
    'wait',
    'terminate',
    'restart',
  ),
  ms: fc.integer({ min: 0, max: 3000 }),
})

const DEADLINE_MS = 500
const PARK_MS = 4000

class World {
  readonly workers: string[] = []
  readonly supervisors = new Map<string, SupervisorSpec>()
  /** Handlers and starts inside the same actor at once would be a broken promise. */
  readonly twice: string[] = []
  readonly #inside = new Map<string, number>()
  readonly #attempts = new Map<string, number>()

  tree(shape: SupervisorShape, id: string): SupervisorSpec {
    const { strategy, intensity, park } = shape
    const children = shape.children.map((child, at) => this.#child(child, `${id}.${at}`))
    const whenExceeded = park ? 'park' : 'die'
    const spec = supervisor({ id, strategy, intensity, period: 10, whenExceeded, parkMs: PARK_MS, children })
    this.supervisors.set(id, spec)
    return spec
  }

  enter(id: string): void {
    const inside = (this.#inside.get(id) ?? 0) + 1
    this.#inside.set(id, inside)
    if (inside > 1) this.twice.push(id)
  }

  leave(id: string): void {
    this.#inside.set(id, (this.#inside.get(id) ?? 0) - 1)
  }

  #child(shape: Shape, id: string): ChildSpec {
    if ('strategy' in shape) return this.tree(shape, id)
    this.workers.push(id)
    const { restart, shutdown, hangs, backoff } = shape
    return probe(id, {
      restart,
      shutdown,
      deadlineMs: DEADLINE_MS,
      ...(backoff ? { backoff: { minMs: 10, maxMs: 100 } } : {}),
      start: () => this.#start(id, shape),
      stop: () => (hangs ? new Promise(() => {}) : undefined),
    })
  }

  #start(id: string, { startFails }: WorkerShape): void {
    const attempt = (this.#attempts.get(id) ?? 0) + 1
    this.#attempts.set(id, attempt)
    const failure = startFails.find(([at]) => at === attempt)?.[1]
    if (failure === 'bug') throw new Error('start failed')
    if (failure === 'outage') throw new TroubleError('transient')
  }
}

/** Whether it worked; a tree may fail to start, and that is fine here. */
const settled = (start: Promise<void>): Promise<boolean> =>
  start.then(
    () => true,
    () => false,
  )

/** How many live of each id after these events; more than one, or fewer than none, is a problem. */
function living(events: readonly SystemEvent[]): { alive: Map<string, number>; problems: string[] } {
  const alive = new Map<string, number>()
  const problems: string[] = []
  for (const event of events) {
    if (event.type !== 'started' && event.type !== 'terminated') continue
    const count = (alive.get(event.id) ?? 0) + (event.type === 'started' ? 1 : -1)
    alive.set(event.id, count)
    if (count < 0 || count > 1) problems.push(`${event.id} lives ${count} times`)
  }
  return { alive, problems }
}

/** A worker may live only as long as all supervisors above it: their ids are the beginnings of its own. */
function orphans(events: readonly SystemEvent[]): string[] {
  const alive = new Set<string>()
  const problems: string[] = []
  for (const event of events) {
    if (event.type === 'init' || event.type === 'started') alive.add(event.id)
    if (event.type === 'start-failed') alive.delete(event.id)
    if (event.type !== 'terminated') continue
    alive.delete(event.id)
    for (const id of alive) if (id.startsWith(`${event.id}.`)) problems.push(`${id} outlived ${event.id}`)
  }
  return problems
}

test('no child runs twice, none is orphaned, stops end in time, and every start has its end', async t => {
  await fc.assert(
    fc.asyncProperty(supervisorShape(2), fc.array(step, { maxLength: 25 }), async (shape, steps) => {
      const world = new World()
      const tree = world.tree(shape, 'r')
      const { system, clock, events, run } = bench(tree)
      const started = settled(system.start())
      for (const { who, what, ms } of steps) {
        const id = world.workers[who % world.workers.length] ?? 'r.0'
        const parent = id.slice(0, id.lastIndexOf('.'))
        if (what === 'terminate') void system.terminateChild(parent, id)
        else if (what === 'restart') void system.restartChild(parent, id)
        else if (what === 'kill') system.kill(id)
        else run(id, doing(world, id, what))
        await clock.advance(ms)
      }
      const before = clock.now()
      const stopped = system.stop()
      const over = { yes: false }
      void stopped.then(() => (over.yes = true))
      // Hung handlers and stop functions are ended one after the other, each within its shutdown time.
      for (let rounds = 0; rounds < 1000 && !over.yes; rounds++) {
        await settle(40)
        if (clock.nextAt !== null && !over.yes) await clock.advance(clock.nextAt - clock.now())
      }
      t.true(over.yes, 'stop never ended')
      await started
      t.true(clock.now() - before <= world.workers.length * 200, 'stop took longer than the sum of its deadlines')
      const { alive, problems } = living(events)
      t.deepEqual(problems, [])
      t.deepEqual(
        [...alive].filter(([, count]) => count !== 0),
        [],
      )
      t.deepEqual(orphans(events), [])
      t.deepEqual(world.twice, [])
      t.is(clock.pending, 0)
    }),
    { numRuns: 150 },
  )
})

function doing(world: World, id: string, what: string): (state: string[]) => Promise<string[]> {
  let outages = 2
  return async state => {
    world.enter(id)
    try {
      await settle(1)
      if (what === 'crash') return (await fail()(state, undefined as never)) ?? state
      if (what === 'normal') exit('normal')
      if (what === 'poison') throw new TroubleError('poison')
      if (what === 'fatal') throw new TroubleError('fatal')
      if (what === 'outage' && outages-- > 0) throw new TroubleError('transient')
      if (what === 'hang') {
        world.leave(id) // its deadline ends the incarnation; the next one may run while this one never returns
        await new Promise(() => {})
      }
      return state
    } finally {
      world.leave(id)
    }
  }
}

test('the tree settles: after the last event nothing is left half done', async t => {
  await fc.assert(
    fc.asyncProperty(supervisorShape(2), fc.array(step, { maxLength: 15 }), async (shape, steps) => {
      const world = new World()
      const { system, clock, run } = bench(world.tree(shape, 'r'))
      const started = settled(system.start())
      for (const { who, what } of steps) {
        const id = world.workers[who % world.workers.length] ?? 'r.0'
        if (what === 'crash' || what === 'kill' || what === 'normal') run(id, doing(world, id, what))
        await settle(3)
      }
      await clock.advance(60_000)
      const { root } = system.snapshot()
      const unsettled: string[] = []
      const visit = (node: typeof root): void => {
        if (!['running', 'stopped', 'parked'].includes(node.state)) unsettled.push(`${node.id} ${node.state}`)
        node.children.forEach(visit)
      }
      visit(root)
      t.deepEqual(unsettled, [])
      await started
      const stopping = system.stop()
      await clock.advance(200 * world.workers.length)
      await stopping
    }),
    { numRuns: 100 },
  )
})

test('every message is handled, or a dead letter, or dropped by a crash of its receiver', async t => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.constantFrom('note', 'crash', 'yield', 'kill'), { maxLength: 60 }), async acts => {
      let handled = 0
      const { system, run, events } = bench(
        supervisor({
          id: 'r',
          strategy: 'one-for-one',
          intensity: 1000,
          children: [probe('a', { mailbox: { capacity: 8, overflow: 'reject' } })],
        }),
      )
      await system.start()
      let sent = 0
      for (const act of acts) {
        if (act === 'yield') await settle(1)
        else if (act === 'kill') system.kill('a')
        else {
          sent++
          run('a', state => {
            handled++
            if (act === 'crash') throw new Error('boom')
            return state
          })
        }
      }
      await settle()
      await system.stop()
      const dead = events.filter(event => event.type === 'dead-letter').length
      t.is(handled + dead, sent)
    }),
    { numRuns: 200 },
  )
})
