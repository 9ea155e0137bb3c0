// Corners that the broad tests pass by; each was found by breaking the layer on purpose.
import test from 'ava'
import { exit } from '../../src/actors/kit/exit.ts'
import { settle, until } from '../support/simulated-clock.ts'
import { bench, fail, probe, root, running, TroubleError } from './support.ts'

const slowRestart = { backoff: { minMs: 1000, maxMs: 1000 } }

test('a significant child that is about to be restarted keeps its supervisor alive', async t => {
  const significant = { significant: true, restart: 'transient' } as const
  const children = [probe('a', { ...significant, ...slowRestart }), probe('b', significant)]
  const { system, clock, run, node } = await running(root(children, { autoShutdown: 'all-significant' }))
  run('a', fail())
  await settle()
  run('b', () => exit('normal'))
  await settle()
  t.is(node('root').state, 'running')
  await clock.advance(1000)
  run('a', () => exit('normal'))
  t.deepEqual(await system.done, { reason: 'shutdown', error: null })
})

test('a child that somebody started while it waited for its turn is not started again', async t => {
  let down = true
  const database = probe('db', { start: () => (down ? Promise.reject(new TroubleError('transient')) : undefined) })
  const { system, clock, trace, node } = bench(root([database, probe('after')], { strategy: 'rest-for-one' }))
  const started = system.start()
  await settle()
  t.deepEqual(await system.restartChild('root', 'after'), { ok: true, is: 'done' })
  down = false
  await clock.advance(1000)
  await started
  t.deepEqual(trace(), ['start after', 'start db', 'start root'])
  t.is(node('after').restarts, 0)
  await system.stop()
})

test('between two tries of a failing start a call is handled, and may end the tries', async t => {
  let starts = 0
  const broken = probe('a', {
    start: () => {
      if (++starts > 1) throw new Error('never again')
    },
  })
  const { system, run, node } = await running(root([broken], { intensity: 1_000_000 }))
  run('a', fail())
  await settle(1)
  t.deepEqual(await system.terminateChild('root', 'a'), { ok: true, is: 'done' })
  const tried = starts
  await settle()
  t.is(starts, tried)
  t.is(node('a').state, 'stopped')
  await system.stop()
})

test('a child whose restart is due can be terminated, but neither restarted nor deleted', async t => {
  const { system, clock, run, node } = await running(root([probe('a', slowRestart)]))
  run('a', fail())
  await settle()
  t.deepEqual(await system.restartChild('root', 'a'), { ok: false, error: 'restarting' })
  t.deepEqual(await system.deleteChild('root', 'a'), { ok: false, error: 'restarting' })
  t.deepEqual(await system.whichChildren('root'), [{ id: 'a', type: 'worker', state: 'restarting' }])
  t.deepEqual(await system.terminateChild('root', 'a'), { ok: true, is: 'done' })
  await clock.advance(5000)
  t.is(node('a').state, 'stopped')
  t.is(clock.pending, 0)
  await system.stop()
})

test('a start that succeeds after its actor was told to stop is undone and never counts as started', async t => {
  const opening = Promise.withResolvers<void>()
  const said: string[] = []
  const slow = probe('a', { start: () => opening.promise, stop: (_state, reason) => void said.push(`stop ${reason}`) })
  const { system, trace, clock } = bench(root([slow]))
  const started = t.throwsAsync(system.start())
  await settle()
  const stopped = system.stop()
  await settle()
  opening.resolve()
  await stopped
  await started
  t.deepEqual(said, ['stop shutdown'])
  t.deepEqual(trace(), ['fail a', 'fail root'])
  t.is(clock.pending, 0)
})

test('a handler that finished within its deadline is left alone afterwards', async t => {
  const { system, clock, run, node, read } = await running(root([probe('a', { deadlineMs: 100 })]))
  run('a', async state => {
    await clock.sleep(99)
    return [...state, 'in time']
  })
  await clock.advance(5000)
  t.deepEqual(await read('a'), ['in time'])
  t.is(node('a').restarts, 0)
  await system.stop()
})

test('no message is handled once the stop function has begun', async t => {
  const said: string[] = []
  const { system, clock, run } = await running(
    root([
      probe('a', {
        stop: async () => {
          said.push('stop begins')
          await clock.sleep(100)
          said.push('stop ends')
        },
      }),
    ]),
  )
  await settle() // the supervisor's turn that ended the start is over
  // The supervisor's turn comes first, the turn that these messages ask for after it.
  const stopped = system.stop()
  for (let times = 0; times < 3; times++) run('a', () => void said.push('handled'))
  await clock.advance(100)
  await stopped
  t.deepEqual(said, ['stop begins', 'stop ends'])
  t.deepEqual(system.snapshot().deadLetters, [{ to: 'a', message: 'do', count: 3 }])
})

test('the deadline of a handler that hangs goes with its incarnation', async t => {
  const { system, clock, run } = await running(root([probe('a', { deadlineMs: 60_000, shutdown: 'brutal-kill' })]))
  run('a', () => new Promise(() => {}))
  await settle()
  await system.stop()
  t.is(clock.pending, 0)
})

test('an actor whose clean-up hangs when it ends itself is over after its shutdown time', async t => {
  const hangs = probe('a', { shutdown: 300, stop: () => new Promise(() => {}) })
  const { system, clock, run, trace, node } = await running(root([hangs]))
  run('a', () => exit('normal'))
  await clock.advance(299)
  t.is(node('a').state, 'stopping')
  await clock.advance(1)
  await until(() => node('a').state === 'running')
  t.deepEqual(trace().slice(2), ['end a normal', 'start a'])
  const stopped = system.stop()
  await clock.advance(300)
  await stopped
})
