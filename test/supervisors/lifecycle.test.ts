import test from 'ava'
import { exit, ignoreStart } from '../../src/actors/kit/exit.ts'
import { NotRunningError } from '../../src/actors/kit/errors.ts'
import { supervisor } from '../../src/supervisors/child.ts'
import type { WorkerSpec } from '../../src/supervisors/spec.ts'
import { settle, until } from '../support/simulated-clock.ts'
import { bench, fail, probe, root, running, TroubleError } from './support.ts'

test('a tree starts left to right and stops right to left', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'rest-for-one', children: [probe('b'), probe('c')] })
  const { system, trace } = await running(root([probe('a'), inner, probe('d')]))
  await system.stop()
  t.deepEqual(trace(), [
    'start a',
    'start b',
    'start c',
    'start inner',
    'start d',
    'start root',
    'end d shutdown',
    'end c shutdown',
    'end b shutdown',
    'end inner shutdown',
    'end a shutdown',
    'end root shutdown',
  ])
  t.deepEqual(await system.done, { reason: 'shutdown', error: null })
})

test('start waits for asynchronous starts and stop for asynchronous stops', async t => {
  const said: string[] = []
  const slow = probe('slow', {
    start: async ({ clock }) => {
      await clock.sleep(50)
      said.push('started')
    },
    stop: async (_state, reason) => {
      await clock.sleep(70)
      said.push(`stopped ${reason}`)
    },
  })
  const { system, clock } = bench(root([slow, probe('next')]))
  const started = system.start()
  await clock.advance(49)
  t.deepEqual(said, [])
  await clock.advance(1)
  await started
  t.deepEqual(said, ['started'])
  const stopped = system.stop()
  await clock.advance(70)
  await stopped
  t.deepEqual(said, ['started', 'stopped shutdown'])
})

test('a failing start undoes those before it in reverse order and is the reason start rejects with', async t => {
  const boom = new Error('no luck')
  const broken = probe('c', { start: () => Promise.reject(boom) })
  const { system, trace } = bench(root([probe('a'), probe('b'), broken, probe('d')]))
  t.is(await t.throwsAsync(system.start()), boom)
  t.deepEqual(trace(), ['start a', 'start b', 'fail c', 'end b shutdown', 'end a shutdown', 'fail root'])
  t.is((await system.done).error, boom)
  await system.stop()
})

test('a child that has nothing to do is ignored and the others start', async t => {
  const { system, node, trace } = await running(root([probe('a', { start: () => ignoreStart() }), probe('b')]))
  t.is(node('a').state, 'stopped')
  t.deepEqual(trace(), ['start b', 'start root'])
  await system.stop()
})

test('a reference survives a restart, and the new incarnation has a fresh state', async t => {
  const { system, send, run, read, node } = await running(root([probe('a')]))
  send('a', { type: 'note', text: 'before' })
  t.deepEqual(await read('a'), ['before'])
  run('a', fail())
  send('a', { type: 'note', text: 'after' })
  await until(() => node('a').restarts === 1)
  t.deepEqual(await read('a'), ['after'], 'what was waiting is handled by the next incarnation')
  await system.stop()
})

test('messages sent between incarnations are kept when a restart is due', async t => {
  const tree = root([probe('a', { backoff: { minMs: 1000, maxMs: 1000 } })])
  const { system, clock, run, send, read, node } = await running(tree)
  run('a', fail())
  await settle()
  t.is(node('a').state, 'restarting')
  t.is(node('a').because, 'boom')
  send('a', { type: 'note', text: 'kept' })
  await clock.advance(499)
  t.is(node('a').state, 'restarting')
  await clock.advance(1)
  t.is(node('a').state, 'running')
  t.deepEqual(await read('a'), ['kept'])
  t.deepEqual(system.snapshot().deadLetters, [])
  await system.stop()
})

test('stop waits for the message in progress, and what waits behind it becomes dead letters', async t => {
  const said: string[] = []
  const { system, clock, run, send } = await running(root([probe('a', { stop: state => void said.push(...state) })]))
  run('a', async (state, ctx) => {
    await ctx.clock.sleep(100)
    return [...state, `finished, aborted: ${ctx.signal.aborted}`]
  })
  await settle()
  send('a', { type: 'note', text: 'too late' })
  const stopped = system.stop()
  await clock.advance(99)
  t.deepEqual(said, [])
  await clock.advance(1)
  await stopped
  t.deepEqual(said, ['finished, aborted: true'])
  t.deepEqual(system.snapshot().deadLetters, [{ to: 'a', message: 'note', count: 1 }])
})

test('a handler that gives up when its signal aborts is an orderly stop, not a crash', async t => {
  const { system, run, crashes, trace } = await running(root([probe('a')]))
  run('a', async (state, ctx) => {
    await ctx.clock.sleep(1_000_000, ctx.signal)
    return state
  })
  await settle()
  await system.stop()
  t.deepEqual(crashes, [])
  t.true(trace().includes('end a shutdown'))
})

test('a child that does not stop in time is killed, others are not hurried', async t => {
  const { system, clock, trace } = await running(root([stuck('a', 200), stuck('b', 100)]))
  const stopped = system.stop()
  await clock.advance(100)
  t.deepEqual(trace().slice(3), ['end b killed'])
  await clock.advance(200)
  await stopped
  t.deepEqual(trace().slice(3), ['end b killed', 'end a killed', 'end root shutdown'])
})

test('stop with a deadline kills whatever is left then', async t => {
  const stuck = probe('a', { shutdown: 'infinity', stop: () => new Promise(() => {}) })
  const { system, clock, trace } = await running(root([stuck]))
  const stopped = system.stop(500)
  await clock.advance(499)
  t.deepEqual(trace().slice(2), [])
  await clock.advance(1)
  await stopped
  t.deepEqual(trace().slice(2), ['end a killed', 'end root killed'])
  t.is(clock.pending, 0)
})

test('stop during a start that hangs gives it up', async t => {
  const released: string[] = []
  const opening = Promise.withResolvers<void>()
  const hanging = probe('b', {
    shutdown: 100,
    start: () => opening.promise,
    stop: (_state, reason) => void released.push(reason),
  })
  const { system, clock, trace } = bench(root([probe('a'), hanging, probe('c')]))
  const started = t.throwsAsync(system.start())
  await settle()
  const stopped = system.stop()
  await clock.advance(100)
  await stopped
  await started
  t.deepEqual(trace(), ['start a', 'fail b', 'end a shutdown', 'fail root'])
  opening.resolve()
  await settle()
  t.deepEqual(released, ['shutdown'], 'what the late start opened is closed')
})

test('stop before start, twice, and after the end resolves', async t => {
  const { system } = bench(root([probe('a')]))
  await system.stop()
  await system.stop()
  t.deepEqual(await system.done, { reason: 'shutdown', error: null })
})

test('an actor may end itself; its restart type decides what follows', async t => {
  const children = [probe('p'), probe('t', { restart: 'transient' }), probe('x', { restart: 'temporary' })]
  const { system, run, node, trace } = await running(root(children, { intensity: 5 }))
  for (const id of ['p', 't', 'x']) run(id, () => exit('normal'))
  await until(() => node('p').restarts === 1 && node('t').state === 'stopped')
  t.deepEqual(trace().slice(4).toSorted(), ['end p normal', 'end t normal', 'end x normal', 'start p'])
  t.throws(() => node('x'), undefined, 'a temporary child is forgotten')
  await system.stop()
})

test('past the intensity the root ends and done says why', async t => {
  const { system, run, trace } = await running(root([probe('a'), probe('b')], { intensity: 1, period: 5 }))
  run('a', fail())
  run('a', fail())
  const { reason, error } = await system.done
  t.is(reason, 'shutdown')
  t.true(error instanceof Error && error.message.includes('more than 1 restarts in 5 s'))
  t.deepEqual(trace().slice(3), ['end a boom', 'start a', 'end a boom', 'end b shutdown', 'end root shutdown'])
})

test('sends to an actor that does not run are dead letters, logged once for each kind', async t => {
  const { system, send, run, lines, node } = await running(root([probe('a', { restart: 'temporary' }), probe('b')]))
  run('a', () => exit('normal'))
  await until(() => system.snapshot().root.children.length === 1)
  for (const text of ['1', '2', '3']) send('a', { type: 'note', text })
  send('nobody', { type: 'note', text: '4' })
  send('root', { type: 'note', text: '5' })
  t.deepEqual(system.snapshot().deadLetters, [
    { to: 'a', message: 'note', count: 3 },
    { to: 'nobody', message: 'note', count: 1 },
    { to: 'root', message: 'note', count: 1 },
  ])
  t.is(lines.filter(line => line.level === 'warn').length, 3)
  t.is(node('b').state, 'running')
  await system.stop()
})

test('after stop nothing is left: no timer, no running actor', async t => {
  const ticking = probe('a', { start: ctx => void ctx.every(100, { type: 'note', text: 'tick' }) })
  const { system, clock, read } = await running(root([ticking]))
  await clock.advance(350)
  t.deepEqual(await read('a'), ['tick', 'tick', 'tick'])
  await system.stop()
  t.is(clock.pending, 0)
  await t.throwsAsync(read('a'), { instanceOf: NotRunningError })
})

test('a timer of an ended incarnation does not reach the next one', async t => {
  const { system, clock, run, read, node } = await running(root([probe('a')]))
  run('a', (_state, ctx) => void ctx.after(100, { type: 'note', text: 'from the past' }))
  run('a', fail())
  await until(() => node('a').restarts === 1)
  await clock.advance(1000)
  t.deepEqual(await read('a'), [])
  await system.stop()
})

test('a start that waits an outage out does not keep a sibling from being restarted', async t => {
  let down = true
  const database = probe('db', {
    start: () => (down ? Promise.reject(new TroubleError('transient', 'no database')) : undefined),
  })
  const platform = supervisor({ id: 'platform', strategy: 'rest-for-one', children: [database, probe('after')] })
  const { system, clock, run, node, trace } = bench(root([probe('http'), platform, probe('last')]))
  let started = false
  const starting = system.start().then(() => (started = true))
  await settle()
  t.like(node('db'), { state: 'waiting', because: 'no database' })
  t.like(node('platform'), { state: 'waiting', because: 'for db' })
  t.like(node('after'), { state: 'starting', because: 'after db' })
  t.like(node('last'), { state: 'starting', because: 'after platform' })
  run('http', fail())
  await settle()
  t.is(node('http').restarts, 1)
  down = false
  t.false(started)
  await clock.advance(100)
  await starting
  t.deepEqual(trace(), [
    'start http',
    'end http boom',
    'start http',
    'start db',
    'start after',
    'start platform',
    'start last',
    'start root',
  ])
  await system.stop()
})

test('stop works while a start waits an outage out', async t => {
  const down = probe('db', { start: () => Promise.reject(new TroubleError('transient')) })
  const { system, clock, trace } = bench(root([probe('a'), down, probe('b')]))
  const started = t.throwsAsync(system.start())
  await clock.advance(60_000)
  await system.stop()
  await started
  t.deepEqual(trace(), ['start a', 'fail db', 'end a shutdown', 'fail root'])
  t.is(clock.pending, 0)
})

const stuck = (id: string, shutdown: number): WorkerSpec => probe(id, { shutdown, stop: () => new Promise(() => {}) })

test('a listener that fails is logged and disturbs nobody', async t => {
  const { system, run, node, lines } = await running(root([probe('a')]))
  system.onEvent(() => {
    throw new Error('bad listener')
  })
  run('a', fail())
  await until(() => node('a').restarts === 1)
  t.true(lines.some(line => line.fields['reason'] === 'bad listener'))
  await system.stop()
})
