import test from 'ava'
import { gather } from '../../../../src/actors/forger/pool-api/gather.ts'

test('what is asked for while a round is under way makes the next round', async t => {
  const rounds: number[][] = []
  let release: () => void = () => {}
  const double = gather(async (items: readonly number[]) => {
    rounds.push([...items])
    if (rounds.length === 1) await new Promise<void>(resolve => (release = resolve))
    return items.map(item => 2 * item)
  })
  const first = double(1)
  while (rounds.length === 0) await new Promise(resolve => setImmediate(resolve))
  const later = [double(2), double(3), double(4)]
  release()
  t.deepEqual(await Promise.all([first, ...later]), [2, 4, 6, 8])
  t.deepEqual(rounds, [[1], [2, 3, 4]])
})

test('requests of one turn of the event loop go together', async t => {
  let rounds = 0
  const echo = gather(async (items: readonly string[]) => {
    rounds++
    return items
  })
  t.deepEqual(await Promise.all(['a', 'b', 'c'].map(echo)), ['a', 'b', 'c'])
  t.is(rounds, 1)
})

test('a round that fails fails for those in it, and the next one goes on', async t => {
  let rounds = 0
  const flaky = gather(async (items: readonly number[]) => {
    rounds++
    if (rounds === 1) throw new Error('the database is away')
    return items
  })
  await t.throwsAsync(flaky(1), { message: 'the database is away' })
  t.is(await flaky(2), 2)
})
