/**
 * Crashes and restarts without end: `npm run bench -- soak [CYCLES]`, 100,000 unless told otherwise, over a
 * tree of 1,000 actors. Prints one JSON line with heap and handles before and after, which must not grow; exits 1 when
 * they do.
 */
import { defineActor } from '../src/actors/kit/actor.ts'
import { ref } from '../src/actors/kit/ref.ts'
import { systemClock } from '../src/clock.ts'
import { silentLog } from '../src/log.ts'
import { supervisor, worker } from '../src/supervisors/child.ts'
import { createSystem } from '../src/supervisors/system.ts'
import { heap } from './supervision/measure.ts'

interface Boom {
  readonly type: 'boom'
}

const ACTORS = 1000
const GROUPS = 20
/** Growth beyond this is a leak: far less than anything kept for each cycle would take. */
const BYTES_PER_CYCLE = 1
/** Cycles until the engine has compiled what it will. */
const WARM = 20_000
const cycles = Number(process.argv[2] ?? 100_000)

const fragile = defineActor<null, Boom, number>({
  kind: 'fragile',
  start: () => 0,
  receive: () => {
    throw new Error('boom')
  },
})

const groups = Array.from({ length: GROUPS }, (_, group) =>
  supervisor({
    id: `g${group}`,
    strategy: 'one-for-one',
    intensity: 1e9,
    children: Array.from({ length: ACTORS / GROUPS }, (__, at) =>
      worker({ id: `g${group}/a${at}`, actor: fragile, args: () => null }),
    ),
  }),
)
const system = createSystem(supervisor({ id: 'root', strategy: 'one-for-one', children: groups }), {
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  name: 'soak',
})

let started = 0
let wanted = Number.POSITIVE_INFINITY
let reached: () => void = () => {}
system.onEvent(event => {
  if (event.type === 'started' && ++started === wanted) reached()
})

/** Every actor crashes once in each round, in the order of the tree. */
async function crash(times: number): Promise<void> {
  for (let left = times; left > 0; left -= ACTORS) {
    const some = Math.min(left, ACTORS)
    wanted = started + some
    const back = new Promise<void>(resolve => (reached = resolve))
    for (let at = 0; at < some; at++) {
      system.send(ref<Boom>(`g${at % GROUPS}/a${Math.floor(at / GROUPS)}`), { type: 'boom' })
    }
    await back
  }
}

/** After the event loop has finished what is due at once. */
async function handles(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) await new Promise(resolve => setImmediate(resolve))
  return process.getActiveResourcesInfo().length
}

await system.start()
await crash(WARM)
performance.now() // its first use loads what it needs: not a cycle's doing
const before = { heapBytes: heap(), handles: await handles() }
const from = performance.now()
await crash(cycles)
const seconds = (performance.now() - from) / 1000
const after = { heapBytes: heap(), handles: await handles() }
const bytesPerCycle = (after.heapBytes - before.heapBytes) / cycles
const grew = bytesPerCycle > BYTES_PER_CYCLE || after.handles > before.handles
await system.stop()
const left = await handles()
process.stdout.write(
  `${JSON.stringify({ cycles, seconds, before, after, bytesPerCycle, handlesAfterStop: left, grew })}\n`,
)
process.exitCode = grew ? 1 : 0
