import test from 'ava'
import { ref } from '../../src/actors/kit/ref.ts'
import { supervisor, worker } from '../../src/supervisors/child.ts'
import type { SupervisorSpec } from '../../src/supervisors/spec.ts'
import { settle, until } from '../support/simulated-clock.ts'
import { bench, fail, type Probe, probe, root, running, TroubleError } from './support.ts'

const DONE = { ok: true, is: 'done' } as const

test('children are added, terminated, restarted and deleted as in OTP', async t => {
  const { system, node } = await running(root([probe('a')]))
  t.deepEqual(await system.startChild('root', probe('b')), DONE)
  t.deepEqual(await system.startChild('root', probe('b')), { ok: false, error: 'already-started' })
  t.deepEqual(await system.deleteChild('root', 'b'), { ok: false, error: 'running' })
  t.deepEqual(await system.restartChild('root', 'b'), { ok: false, error: 'running' })
  t.deepEqual(await system.terminateChild('root', 'b'), DONE)
  t.is(node('b').state, 'stopped')
  t.deepEqual(await system.startChild('root', probe('b')), { ok: false, error: 'already-present' })
  t.deepEqual(await system.restartChild('root', 'b'), DONE)
  t.deepEqual(await system.terminateChild('root', 'b'), DONE)
  t.deepEqual(await system.deleteChild('root', 'b'), DONE)
  t.deepEqual(await system.terminateChild('root', 'b'), { ok: false, error: 'not-found' })
  t.deepEqual(await system.restartChild('nobody', 'b'), { ok: false, error: 'noproc' })
  t.deepEqual(await system.restartChild('a', 'b'), { ok: false, error: 'noproc' }, 'a worker supervises nobody')
  await system.stop()
  t.deepEqual(await system.startChild('root', probe('b')), { ok: false, error: 'noproc' })
})

test('an id that is in use elsewhere in the tree is refused', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'one-for-one', children: [probe('a')] })
  const { system } = await running(root([inner]))
  t.deepEqual(await system.startChild('root', probe('a')), { ok: false, error: 'id-in-use' })
  const nested = supervisor({ id: 'new', strategy: 'one-for-one', children: [probe('fresh'), probe('a')] })
  t.deepEqual(await system.startChild('root', nested), { ok: false, error: 'id-in-use' }, 'also below a new supervisor')
  t.deepEqual(await system.whichChildren('new'), null)
  await system.stop()
})

test('a child that fails to start is not kept, and the answer has the reason', async t => {
  const { system } = await running(root([]))
  const cause = new Error('no luck')
  const broken = probe('a', { start: () => Promise.reject(cause) })
  t.deepEqual(await system.startChild('root', broken), { ok: false, error: 'start-failed', cause })
  t.deepEqual(await system.startChild('root', probe('a')), DONE)
  await system.stop()
})

test('a child whose start waits an outage out is accepted', async t => {
  let down = true
  const { system, clock, node } = await running(root([]))
  const flaky = probe('a', { start: () => (down ? Promise.reject(new TroubleError('transient')) : undefined) })
  t.deepEqual(await system.startChild('root', flaky), { ok: true, is: 'waiting' })
  t.is(node('a').state, 'waiting')
  down = false
  await clock.advance(100)
  t.is(node('a').state, 'running')
  await system.stop()
})

test('terminating a child that others wait for lets them start', async t => {
  const down = probe('a', { start: () => Promise.reject(new TroubleError('transient')) })
  const { system, trace } = bench(root([down, probe('b')]))
  const started = system.start()
  await settle()
  t.deepEqual(await system.terminateChild('root', 'a'), DONE)
  await started
  t.deepEqual(trace(), ['fail a', 'start b', 'start root'])
  await system.stop()
})

test('which and count tell who is there, in start order', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'one-for-one', children: [] })
  const { system } = await running(root([probe('a'), inner, probe('b')]))
  await system.terminateChild('root', 'a')
  t.deepEqual(await system.whichChildren('root'), [
    { id: 'a', type: 'worker', state: 'stopped' },
    { id: 'inner', type: 'supervisor', state: 'running' },
    { id: 'b', type: 'worker', state: 'running' },
  ])
  t.deepEqual(await system.countChildren('root'), { specs: 3, active: 2, supervisors: 1, workers: 2 })
  t.is(await system.whichChildren('nobody'), null)
  await system.stop()
})

interface Get {
  readonly type: 'get'
  readonly reply: (args: string) => void
}

const pool = (options: Partial<SupervisorSpec> = {}): SupervisorSpec =>
  supervisor({
    id: 'pool',
    strategy: 'simple-one-for-one',
    ...options,
    children: [
      worker<string, Get, string>({
        id: 'template',
        restart: 'transient',
        args: () => 'default',
        actor: {
          kind: 'pooled',
          start: args => args,
          receive: (state, { reply }) => {
            reply(state)
            return state
          },
        },
      }),
    ],
  })

test('dynamic children are made of the template, each with its own id and args', async t => {
  const { system } = await running(root([pool()]))
  const get = (id: string): Promise<string> => system.ask<Get, string>(ref(id), reply => ({ type: 'get', reply }), 1000)
  t.deepEqual(await system.startChild('pool', { id: 'd1' }), DONE)
  t.deepEqual(await system.startChild('pool', { id: 'd2', args: () => 'own' }), DONE)
  t.deepEqual(await system.startChild('pool', { id: 'd1' }), { ok: false, error: 'already-started' })
  t.is(await get('d1'), 'default')
  t.is(await get('d2'), 'own')
  system.kill('d2')
  t.is(await get('d2'), 'own', 'its args survive a restart')
  t.like(await system.startChild('pool', { id: '' }), { ok: false, error: 'invalid-spec' })
  t.deepEqual(await system.restartChild('pool', 'd1'), { ok: false, error: 'simple-one-for-one' })
  t.deepEqual(await system.deleteChild('pool', 'd1'), { ok: false, error: 'simple-one-for-one' })
  t.deepEqual(await system.terminateChild('pool', 'd1'), DONE)
  t.deepEqual(await system.whichChildren('pool'), [{ id: 'd2', type: 'worker', state: 'running' }])
  t.deepEqual(await system.countChildren('pool'), { specs: 1, active: 1, supervisors: 0, workers: 1 })
  await system.stop()
})

test('dynamic children are gone when their supervisor restarts, and their ids are free', async t => {
  const { system, node } = await running(root([pool()], { intensity: 5 }))
  await system.startChild('pool', { id: 'd1' })
  system.kill('pool')
  await until(() => node('pool').restarts === 1)
  t.deepEqual(await system.whichChildren('pool'), [])
  t.deepEqual(await system.startChild('pool', { id: 'd1' }), DONE)
  await system.stop()
})

test('a killed supervisor takes all below it along and is restarted with fresh children', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'one-for-one', children: [probe('a'), probe('b')] })
  const { system, node, trace } = await running(root([inner]))
  await system.startChild('inner', probe('extra'))
  t.true(system.kill('inner'))
  await until(() => node('inner').restarts === 1)
  t.deepEqual(trace().slice(5), [
    'end extra killed',
    'end b killed',
    'end a killed',
    'end inner killed',
    'start a',
    'start b',
    'start inner',
  ])
  t.false(system.kill('nobody'))
  await system.stop()
})

test('a suspended supervisor handles nothing until it is resumed, but can be stopped', async t => {
  const { system, run, node } = await running(root([probe('a')]))
  system.suspend('root')
  run('a', fail())
  await settle()
  t.is(node('a').state, 'stopped')
  system.resume('root')
  await until(() => node('a').state === 'running')
  t.throws(() => system.suspend('a'), { message: /no supervisor a/ })
  system.suspend('root')
  await system.stop()
  t.deepEqual(await system.done, { reason: 'shutdown', error: null })
})

test('calls are answered after the restart that was due before them', async t => {
  const { system, run } = await running(root([probe('a'), probe('b')], { strategy: 'one-for-all' }))
  run('a', fail())
  await settle()
  t.deepEqual(await system.whichChildren('root'), [
    { id: 'a', type: 'worker', state: 'running' },
    { id: 'b', type: 'worker', state: 'running' },
  ])
  await system.stop()
})

test('the picture of the tree is complete and made of plain data', async t => {
  const inner = supervisor({ id: 'inner', strategy: 'rest-for-one', children: [probe('a', { restart: 'transient' })] })
  const { system, clock } = await running(root([inner, probe('b')]))
  system.send(ref<Probe>('a'), { type: 'do', run: () => new Promise(() => {}) })
  await settle()
  system.send(ref<Probe>('a'), { type: 'note', text: 'waits' })
  await clock.advance(1234)
  const snapshot = system.snapshot()
  t.deepEqual(JSON.parse(JSON.stringify(snapshot)), snapshot)
  t.like(snapshot.root, { id: 'root', type: 'supervisor', kind: 'one-for-one', state: 'running', because: null })
  const [first] = snapshot.root.children
  t.deepEqual(first?.children, [
    {
      id: 'a',
      type: 'worker',
      kind: 'probe',
      state: 'running',
      because: null,
      nextTryAt: null,
      restart: 'transient',
      startedAt: '2026-01-01T00:00:00.000Z',
      restarts: 0,
      mailbox: { length: 1, capacity: null, dropped: 0 },
      busy: { message: 'do', forMs: 1234 },
      lastCrash: null,
      strategy: null,
      autoShutdown: null,
      children: [],
    },
  ])
  system.kill('a')
  await system.stop()
})
