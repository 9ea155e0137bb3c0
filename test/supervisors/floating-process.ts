/**
 * Run by floating.test.ts: a tree with floating failures in a process of its own.
 */
import { defineActor } from '../../src/actors/kit/actor.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { systemClock } from '../../src/clock.ts'
import { silentLog } from '../../src/log.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import { createSystem } from '../../src/supervisors/system.ts'
import { until } from '../support/simulated-clock.ts'

interface Go {
  readonly type: 'go'
}

const actor = defineActor<() => void, Go, () => void>({
  kind: 'careless',
  start: act => act,
  receive: act => {
    act()
    return act
  },
})

const acts: Record<string, () => void> = {
  floating: () => void Promise.reject(new Error('nobody awaits this')),
  timer: () => {
    setTimeout(() => {
      throw new Error('thrown in a timer')
    }, 1)
  },
  good: () => {},
}

const crashes: string[] = []
const children = Object.entries(acts).map(([id, act]) => worker({ id, actor, args: () => act }))
const system = createSystem(supervisor({ id: 'root', strategy: 'one-for-one', intensity: 5, children }), {
  clock: systemClock,
  random: Math.random,
  log: silentLog,
  attributeFloating: true,
  crashes: { record: crash => void crashes.push(`${crash.actor}: ${crash.reason}`) },
})
await system.start()

if (process.argv[2] === 'foreign') {
  setTimeout(() => {
    throw new Error('nobody is to blame')
  }, 1)
  await new Promise(resolve => setTimeout(resolve, 60_000))
}

for (const id of Object.keys(acts)) system.send(ref<Go>(id), { type: 'go' })
const restarts = (): number[] => system.snapshot().root.children.map(child => child.restarts)
await until(() => restarts().join() === '1,1,0')
process.stdout.write(JSON.stringify({ crashes: crashes.toSorted(), restarts: restarts() }))
await system.stop()
