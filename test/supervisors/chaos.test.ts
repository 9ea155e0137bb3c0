import test from 'ava'
import { silentLog } from '../../src/log.ts'
import { chaos } from '../../src/supervisors/chaos.ts'
import { probe, root, running } from './support.ts'

/** The usual small generator (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

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
