import test from 'ava'
import { silentLog } from '../../src/log.ts'
import { seeded } from '../../src/random.ts'
import { supervisor } from '../../src/supervisors/child.ts'
import { settle } from '../support/simulated-clock.ts'
import { chaos, withoutBudgets } from '../../src/supervisors/chaos.ts'
import { probe, root, running } from './support.ts'

async function victims(seed: number): Promise<string[]> {
  const { system, clock, events } = await running(
    root(
      ['a', 'b', 'c', 'spared'].map(id => probe(id)),
      { intensity: 1000 },
    ),
  )
  const spare = (id: string): boolean => id === 'spared'
  const stop = chaos(system, { clock, random: seeded(seed), log: silentLog, everyMs: 1000, spare })
  await clock.advance(20_000)
  stop()
  await system.stop()
  return events.flatMap(event => (event.type === 'terminated' && event.exit.kind === 'killed' ? [event.id] : []))
}

test('the same seed kills the same actors, about as often as asked, and nobody who is to be spared', async t => {
  const killed = await victims(7)
  t.deepEqual(await victims(7), killed)
  t.notDeepEqual(await victims(8), killed)
  t.true(killed.length > 10 && killed.length < 40, String(killed.length))
  t.deepEqual([...new Set(killed)].toSorted(), ['a', 'b', 'c'])
})

test('without budgets no supervisor gives up, however often its children are killed', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'rest-for-one', intensity: 0, children: [probe('a'), probe('b')] })
  const { system, node } = await running(withoutBudgets(root([inner], { intensity: 0 })))
  for (let times = 0; times < 50; times++) {
    system.kill('a')
    await settle()
  }
  t.is(node('b').state, 'running')
  t.is(node('inner').restarts, 0)
  t.is(node('a').restarts, 50)
  await system.stop()
})
