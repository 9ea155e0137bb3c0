import test, { type ExecutionContext } from 'ava'
import { nodeCron, type Cron } from '../../../src/actors/platform/cron.ts'
import { schedules, schedulesActor } from '../../../src/actors/platform/schedules.ts'
import { ref } from '../../../src/actors/kit/ref.ts'
import type { Schedule } from '../../../src/role.ts'
import { worker } from '../../../src/supervisors/child.ts'
import { createSystem } from '../../../src/supervisors/system.ts'
import { silentLog } from '../../../src/log.ts'
import { systemClock } from '../../../src/clock.ts'
import { probe, root, type Probe } from '../../supervisors/support.ts'
import { PATIENCE_MS, waitFor } from '../../support/patience.ts'
import { until } from '../../support/simulated-clock.ts'

const note = (name: string, to: string): Schedule => ({
  name,
  cron: '*/10 * * * *',
  fire: send => send(ref<Probe>(to), { type: 'note', text: name }),
})

async function start(t: ExecutionContext, all: readonly Schedule[], cron: Cron) {
  const system = createSystem(
    root([
      probe('listener'),
      worker({ id: schedules.id, actor: schedulesActor, args: () => ({ schedules: all, cron }) }),
    ]),
    { clock: systemClock, random: () => 0.5, log: silentLog },
  )
  await system.start()
  t.teardown(() => system.stop())
  const heard = (): Promise<readonly string[]> =>
    system.ask<Probe, readonly string[]>(ref('listener'), reply => ({ type: 'read', reply }), PATIENCE_MS)
  return { system, heard }
}

/** A cron that runs when the test says so. */
function handCron() {
  const set = new Map<string, () => void>()
  let made = 0
  const cron: Cron = (name, _expression, run) => {
    made += 1
    set.set(name, run)
    return () => set.delete(name)
  }
  return { cron, set, made: () => made }
}

test('each schedule sends its message at its times, to whom it is for', async t => {
  const { cron, set } = handCron()
  const { heard } = await start(t, [note('a', 'listener'), note('b', 'listener')], cron)
  t.deepEqual([...set.keys()], ['a', 'b'])
  set.get('b')?.()
  set.get('a')?.()
  await waitFor('both were heard', async () => (await heard()).length === 2)
  t.deepEqual([...(await heard())].toSorted(), ['a', 'b'])
})

test('one that nobody listens to does not disturb the others', async t => {
  const { cron, set } = handCron()
  const { heard, system } = await start(t, [note('lost', 'nobody'), note('a', 'listener')], cron)
  set.get('lost')?.()
  set.get('a')?.()
  await waitFor('the other was heard', async () => (await heard()).join() === 'a')
  t.is(system.snapshot().deadLetters.length, 1)
})

test('a stopped actor leaves no schedule behind, and a restarted one has each once', async t => {
  const { cron, set, made } = handCron()
  const { system } = await start(t, [note('a', 'listener'), note('b', 'listener')], cron)
  await system.terminateChild('root', schedules.id)
  t.is(set.size, 0)
  await system.restartChild('root', schedules.id)
  await until(() => set.size === 2)
  t.is(made(), 4)
  await system.stop()
  t.is(set.size, 0)
})

test('node-cron runs what is due and can be ended', async t => {
  let runs = 0
  const end = nodeCron('every second', '* * * * * *', () => (runs += 1))
  await waitFor('it ran', () => runs > 0)
  end()
  t.throws(() => nodeCron('malformed', 'now and then', () => {}))
})
