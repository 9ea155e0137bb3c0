import test from 'ava'
import { supervisor } from '../../src/supervisors/child.ts'
import { settle, until } from '../support/simulated-clock.ts'
import { bench, fail, probe, root, running, TroubleError } from './support.ts'

test('an outage in a handler is waited out: state kept, message handled again, no restart counted', async t => {
  const { system, clock, send, run, read, node, crashes, events } = await running(root([probe('a')], { intensity: 0 }))
  let down = 3
  send('a', { type: 'note', text: 'before' })
  run('a', state => {
    if (down-- > 0) throw new TroubleError('transient', 'rpc is down')
    return [...state, 'done']
  })
  send('a', { type: 'note', text: 'behind' })
  await settle()
  t.like(node('a'), { state: 'waiting', because: 'rpc is down', mailbox: { length: 1 } })
  t.is(node('a').nextTryAt, new Date(clock.now() + 75).toISOString(), 'half of 100 ms and half of the other half')
  await clock.advance(75)
  await clock.advance(149)
  t.is(node('a').state, 'waiting')
  await clock.advance(1 + 300)
  t.deepEqual(await read('a'), ['before', 'done', 'behind'])
  t.is(node('a').restarts, 0)
  t.deepEqual(crashes, [])
  const waits = events.flatMap(event => (event.type === 'waiting' ? [event.delayMs] : []))
  t.deepEqual(waits, [75, 150, 300])
  t.is(events.filter(event => event.type === 'resumed').length, 1)
  await system.stop()
})

test('waits grow to 15 s and start small again after a success', async t => {
  const { system, clock, run, events } = await running(root([probe('a')]))
  let down = 12
  const flaky = (): void => {
    if (down-- > 0) throw new TroubleError('transient')
  }
  run('a', flaky)
  await clock.advance(200_000)
  down = 1
  run('a', flaky)
  await clock.advance(1000)
  const waits = events.flatMap(event => (event.type === 'waiting' ? [event.delayMs] : []))
  t.deepEqual(waits, [75, 150, 300, 600, 1200, 2400, 4800, 9600, 11_250, 11_250, 11_250, 11_250, 75])
  await system.stop()
})

test('an actor that waits can be stopped, and the message it was about to retry is given up', async t => {
  const said: string[] = []
  const { system, clock, run } = await running(
    root([probe('a', { stop: state => void said.push(`stop ${state.length}`) })]),
  )
  run('a', fail(new TroubleError('transient')))
  await settle()
  await system.stop()
  t.deepEqual(said, ['stop 0'])
  t.is(clock.pending, 0)
})

test('poison is logged with its code, the message dropped, and the actor goes on with its state', async t => {
  const { system, send, run, read, lines, crashes, node } = await running(root([probe('a')]))
  send('a', { type: 'note', text: 'kept' })
  run('a', fail(new TroubleError('poison', 'malformed specimen')))
  send('a', { type: 'note', text: 'next' })
  t.deepEqual(await read('a'), ['kept', 'next'])
  t.is(node('a').restarts, 0)
  t.deepEqual(crashes, [])
  const line = lines.find(each => each.level === 'warn')
  t.like(line?.fields, { actor: 'a', message: 'do', code: 'SUP_999', reason: 'malformed specimen' })
  await system.stop()
})

test('a crash is recorded with what, why, which message and the time since the last', async t => {
  const { system, clock, run, crashes, node } = await running(root([probe('a')], { intensity: 5 }))
  run('a', fail(new Error('first')))
  await until(() => crashes.length === 1)
  await clock.advance(1500)
  run('a', fail('second'))
  await until(() => crashes.length === 2 && node('a').restarts === 2)
  t.like(crashes[0], {
    actor: 'a',
    kind: 'probe',
    reason: 'first',
    code: null,
    message: 'do',
    incarnation: 1,
    sincePreviousMs: null,
  })
  t.true(crashes[0]?.stack?.includes('first'))
  t.like(crashes[1], { reason: 'second', stack: null, incarnation: 2, sincePreviousMs: 1500 })
  t.deepEqual(node('a').lastCrash, { at: new Date(clock.now()).toISOString(), reason: 'second', message: 'do' })
  await system.stop()
})

test('a crash port that fails is logged once and stops no restart', async t => {
  let calls = 0
  const record = (): Promise<void> => {
    calls++
    return Promise.reject(new Error('database down'))
  }
  const { system, run, lines, node } = await running(root([probe('a')], { intensity: 5 }), { crashes: { record } })
  run('a', fail())
  run('a', fail())
  await until(() => node('a').restarts === 2)
  await settle()
  t.is(calls, 2)
  t.is(lines.filter(line => line.text.startsWith('crash records cannot be kept')).length, 1)
  await system.stop()
})

test('a handler that overruns its deadline is a crash, and its late result changes nothing', async t => {
  const work = Promise.withResolvers<void>()
  const aborted: boolean[] = []
  const { system, clock, run, read, crashes, node } = await running(root([probe('a', { deadlineMs: 100 })]))
  run('a', async (_state, ctx) => {
    await work.promise
    aborted.push(ctx.signal.aborted)
    ctx.send(ctx.self, { type: 'note', text: 'from the past' })
    return ['stale']
  })
  await clock.advance(50)
  t.deepEqual(node('a').busy, { message: 'do', forMs: 50 })
  await clock.advance(50)
  t.is(crashes[0]?.code, 'SUP_205')
  t.is(node('a').restarts, 1)
  work.resolve()
  await settle()
  t.deepEqual(aborted, [true])
  t.deepEqual(await read('a'), [])
  await system.stop()
})

test('a fatal error in a handler parks the nearest supervisor that parks; the others keep working', async t => {
  const forger = supervisor({ id: 'forger', strategy: 'rest-for-one', children: [probe('f1'), probe('f2')] })
  const finalizer = supervisor({ id: 'finalizer', strategy: 'one-for-one', children: [probe('z1')] })
  const roles = supervisor({
    id: 'roles',
    strategy: 'one-for-one',
    whenExceeded: 'park',
    parkMs: 1000,
    children: [forger, finalizer],
  })
  const { system, clock, run, node, trace, crashes } = await running(root([roles]))
  run('f1', fail(new TroubleError('fatal', 'wrong chain id')))
  await until(() => node('forger').state === 'parked')
  t.like(node('forger'), { because: 'wrong chain id', nextTryAt: new Date(clock.now() + 1000).toISOString() })
  t.is(node('f2').state, 'stopped')
  t.is(node('z1').state, 'running')
  t.deepEqual(
    crashes.map(crash => [crash.actor, crash.kind]),
    [
      ['f1', 'probe'],
      ['forger', 'parked'],
    ],
  )
  await clock.advance(1000)
  t.is(node('f1').state, 'running')
  t.deepEqual(trace().slice(7), [
    'end f1 wrong chain id',
    'end f2 shutdown',
    'end forger wrong chain id',
    'park forger',
    'unpark forger',
    'start f1',
    'start f2',
    'start forger',
  ])
  await system.stop()
})

test('a fatal error that nobody parks ends the tree, and done has the error', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'one-for-one', children: [probe('a')] })
  const { system, run, trace } = await running(root([probe('b'), inner]))
  const error = new TroubleError('fatal', 'the schema is newer than the code')
  run('a', fail(error))
  t.deepEqual(await system.done, { reason: error.message, error })
  t.deepEqual(trace().slice(-4), [
    `end a ${error.message}`,
    `end inner ${error.message}`,
    'end b shutdown',
    `end root ${error.message}`,
  ])
})

test('a fatal error at start parks the child and lets the rest of the tree start', async t => {
  const broken = probe('a', { start: () => Promise.reject(new TroubleError('fatal', 'key missing')) })
  const roles = supervisor({
    id: 'roles',
    strategy: 'one-for-one',
    whenExceeded: 'park',
    children: [broken, probe('b')],
  })
  const { system, node } = bench(root([roles]))
  await system.start()
  t.like(node('a'), { state: 'parked', because: 'key missing' })
  t.is(node('b').state, 'running')
  await system.stop()
})

test('past its intensity a parking supervisor parks the child, and a trial restart follows', async t => {
  const tree = root([probe('a'), probe('b')], { intensity: 1, period: 60, whenExceeded: 'park', parkMs: 5000 })
  const { system, clock, run, node, send } = await running(tree)
  run('a', fail())
  run('a', fail())
  await until(() => node('a').state === 'parked')
  t.is(node('b').state, 'running')
  send('a', { type: 'note', text: 'lost' })
  t.deepEqual(system.snapshot().deadLetters, [{ to: 'a', message: 'note', count: 1 }])
  await clock.advance(5000)
  t.is(node('a').state, 'running')
  run('a', fail())
  await settle()
  t.is(node('a').state, 'running', 'the budget is unspent after a park')
  await system.stop()
})

test('a group that restarts together is parked together', async t => {
  const group = supervisor({
    id: 'group',
    strategy: 'one-for-all',
    intensity: 0,
    whenExceeded: 'park',
    parkMs: 1000,
    children: [probe('a'), probe('b')],
  })
  const { system, clock, run, node, trace } = await running(root([group]))
  run('b', fail())
  await until(() => node('b').state === 'parked')
  t.is(node('a').state, 'parked')
  t.is(node('group').state, 'running')
  await clock.advance(1000)
  t.deepEqual(trace().slice(4), ['end b boom', 'end a shutdown', 'park group', 'unpark group', 'start a', 'start b'])
  await system.stop()
})

test('a parked child is started at once by restartChild', async t => {
  const tree = root([probe('a')], { intensity: 0, whenExceeded: 'park', parkMs: 5000 })
  const { system, clock, run, node } = await running(tree)
  run('a', fail())
  await until(() => node('a').state === 'parked')
  t.deepEqual(await system.restartChild('root', 'a'), { ok: true, is: 'done' })
  t.is(node('a').state, 'running')
  await clock.advance(6000)
  t.is(node('a').restarts, 1)
  await system.stop()
})

test('who was started or terminated by call while its group is parked is left alone, and the others are tried again', async t => {
  const tree = root([probe('a'), probe('b'), probe('c')], {
    strategy: 'one-for-all',
    intensity: 0,
    whenExceeded: 'park',
    parkMs: 5000,
  })
  const { system, clock, run, node } = await running(tree)
  run('b', fail())
  await until(() => node('b').state === 'parked')
  t.deepEqual(await system.restartChild('root', 'b'), { ok: true, is: 'done' })
  t.deepEqual(await system.terminateChild('root', 'c'), { ok: true, is: 'done' })
  t.deepEqual(
    ['a', 'b', 'c'].map(id => node(id).state),
    ['parked', 'running', 'stopped'],
  )
  await clock.advance(5000)
  await until(() => node('a').state === 'running')
  t.deepEqual(
    ['a', 'b', 'c'].map(id => [node(id).state, node(id).restarts]),
    [
      ['running', 1],
      ['running', 1],
      ['stopped', 0],
    ],
  )
  t.is(clock.nextAt, null)
  await system.stop()
})

test('restarts in a row wait longer and longer, and a long life starts over', async t => {
  const backoff = { minMs: 100, maxMs: 400 }
  const { system, clock, run, events } = await running(root([probe('a', { backoff })], { intensity: 100, period: 1 }))
  for (let times = 0; times < 4; times++) {
    run('a', fail())
    await clock.advance(1000 * 0.4)
  }
  await clock.advance(1000)
  run('a', fail())
  await clock.advance(1000)
  const delays = events.flatMap(event => (event.type === 'restarting' ? [event.delayMs] : []))
  t.deepEqual(delays, [50, 100, 200, 200, 50])
  await system.stop()
})

test('siblings of a group restart stay down until the backoff is over', async t => {
  const tree = root([probe('a', { backoff: { minMs: 1000, maxMs: 1000 } }), probe('b')], { strategy: 'rest-for-one' })
  const { system, clock, run, send, node, trace, read } = await running(tree)
  run('a', fail())
  await settle()
  t.like(node('b'), { state: 'starting', because: 'after a' })
  send('b', { type: 'note', text: 'kept' })
  await clock.advance(500)
  t.deepEqual(trace().slice(3), ['end a boom', 'end b shutdown', 'start a', 'start b'])
  t.deepEqual(await read('b'), ['kept'])
  await system.stop()
})

test('a late start that fails for good is a failed start like any other', async t => {
  let tries = 0
  const flaky = probe('a', {
    start: () => {
      throw ++tries < 3 ? new TroubleError('transient') : new Error('really broken')
    },
  })
  const { system, clock, trace } = bench(root([probe('b'), flaky, probe('c')]))
  const started = t.throwsAsync(system.start(), { message: 'really broken' })
  await clock.advance(1000)
  await started
  t.deepEqual(trace(), ['start b', 'fail a', 'end b shutdown', 'fail root'])
})

test('an outage during a restart is waited out and the group follows in order', async t => {
  let down = false
  const database = probe('db', {
    start: () => {
      if (down) throw new TroubleError('transient')
    },
  })
  const { system, clock, run, trace, node } = await running(
    root([database, probe('x'), probe('y')], { strategy: 'rest-for-one' }),
  )
  down = true
  run('db', fail())
  await clock.advance(1000)
  t.is(node('db').state, 'waiting')
  t.like(node('y'), { state: 'starting', because: 'after db' })
  down = false
  await clock.advance(2000)
  const want = ['end db boom', 'end y shutdown', 'end x shutdown', 'start db', 'start x', 'start y']
  t.deepEqual(trace().slice(4), want)
  await system.stop()
})
