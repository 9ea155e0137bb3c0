// Generated trees and crash schedules: in which order children start and stop, and how often they are restarted.
import test from 'ava'
import * as fc from 'fast-check'
import type { SystemEvent } from '../../src/actors/kit/events.ts'
import { exit } from '../../src/actors/kit/exit.ts'
import { supervisor } from '../../src/supervisors/child.ts'
import type { ChildSpec, SupervisorSpec } from '../../src/supervisors/spec.ts'
import { settle } from '../support/simulated-clock.ts'
import { bench, type Bench, fail, probe } from './support.ts'

const PERIOD = 5

interface Shape {
  readonly strategy: 'one-for-one' | 'rest-for-one' | 'one-for-all'
  readonly intensity: number
  readonly children: readonly (Shape | 'permanent' | 'transient' | 'temporary')[]
}

const shape = (depth: number): fc.Arbitrary<Shape> =>
  fc.record({
    strategy: fc.constantFrom('one-for-one', 'rest-for-one', 'one-for-all'),
    intensity: fc.integer({ min: 0, max: 4 }),
    children: fc.array(
      fc.oneof(
        fc.constantFrom('permanent', 'permanent', 'transient', 'temporary'),
        ...(depth === 0 ? [] : [shape(depth - 1)]),
      ),
      { minLength: 1, maxLength: 5 },
    ),
  })

const steps = fc.array(
  fc.record({
    who: fc.nat(),
    what: fc.constantFrom('crash', 'crash', 'kill', 'normal'),
    ms: fc.constantFrom(0, 0, 300, 1500, 7000),
  }),
  { maxLength: 20 },
)

const treeOf = ({ strategy, intensity, children }: Shape, id: string): SupervisorSpec =>
  supervisor({ id, strategy, intensity, period: PERIOD, children: children.map((child, at) => childOf(child, id, at)) })

const childOf = (child: Shape['children'][number], above: string, at: number): ChildSpec =>
  typeof child === 'string' ? probe(`${above}.${at}`, { restart: child }) : treeOf(child, `${above}.${at}`)

const workersOf = (spec: ChildSpec): string[] => (spec.type === 'worker' ? [spec.id] : spec.children.flatMap(workersOf))
const supervisorsOf = (spec: ChildSpec): SupervisorSpec[] =>
  spec.type === 'worker' ? [] : [spec, ...spec.children.flatMap(supervisorsOf)]

/** What happened to the direct children of one incarnation of a supervisor: runs of starts and runs of ends. */
interface Run {
  readonly what: 'started' | 'stopped' | 'ended'
  /** Their places among the children. */
  readonly places: number[]
  /** Seconds. */
  readonly at: number
}

type Timed = SystemEvent & { readonly now: number }

/** One list a life of the supervisor. `stopped`: it was told to end; `ended`: it ended by itself. */
function livesOf({ id, children }: SupervisorSpec, events: readonly Timed[]): Run[][] {
  const lives: Run[][] = []
  for (const event of events) {
    if (event.type === 'init' && event.id === id) lives.push([])
    if (event.type !== 'started' && event.type !== 'terminated') continue
    const place = children.findIndex(child => child.id === event.id)
    const runs = lives.at(-1)
    if (place < 0 || runs === undefined) continue
    const what = event.type === 'started' ? 'started' : event.exit.reason === 'shutdown' ? 'stopped' : 'ended'
    const last = runs.at(-1)
    if (last?.what === what) last.places.push(place)
    else runs.push({ what, places: [place], at: Math.floor(event.now / 1000) })
  }
  return lives
}

const rises = (places: readonly number[]): boolean =>
  places.every((place, at) => at === 0 || place > (places[at - 1] ?? 0))

async function play(tree: SupervisorSpec, schedule: (world: Bench) => Promise<void>): Promise<Timed[]> {
  const world = bench(tree)
  const { system, clock } = world
  const events: Timed[] = []
  system.onEvent(event => events.push({ ...event, now: clock.now() }))
  await system.start()
  await schedule(world)
  await system.stop()
  return events
}

test('children start left to right and stop right to left, and no budget is ever exceeded', async t => {
  let restarts = 0
  await fc.assert(
    fc.asyncProperty(shape(2), steps, async (given, list) => {
      const tree = treeOf(given, 'r')
      const workers = workersOf(tree)
      const events = await play(tree, async ({ system, clock, run }) => {
        for (const { who, what, ms } of list) {
          const id = workers[who % workers.length] ?? ''
          if (what === 'kill') system.kill(id)
          else run(id, what === 'crash' ? fail() : () => exit('normal'))
          await settle(40)
          await clock.advance(ms)
        }
      })
      for (const spec of supervisorsOf(tree)) {
        for (const runs of livesOf(spec, events)) {
          const [first, ...later] = runs
          t.true(first === undefined || rises(first.places), `${spec.id} started out of order`)
          // a nested supervisor that gives up also ends with `shutdown`, by itself: only workers tell who was stopped
          for (const { what, places } of runs) {
            const stopped = places.filter(place => spec.children[place]?.type === 'worker')
            if (what === 'stopped') t.true(rises(stopped.toReversed()), `${spec.id} stopped out of order`)
          }
          const again = later.filter(({ what }) => what === 'started')
          restarts += again.length
          for (const { places } of again) t.true(rises(places), `${spec.id} restarted out of order`)
          for (const { at: end } of again) {
            const within = again.filter(({ at }) => at <= end && at >= end - PERIOD)
            t.true(within.length <= (spec.intensity ?? 0), `${spec.id} restarted ${within.length} times`)
          }
        }
      }
    }),
    { numRuns: 150 },
  )
  t.true(restarts > 100, 'the schedules hardly restarted anything')
})
