// The 14 bugs of nact's own supervision (see nact.test.ts for the facts), each shown to be out of reach from here.
import test from 'ava'
import { exit } from '../../src/actors/kit/exit.ts'
import { supervisor } from '../../src/supervisors/child.ts'
import { settle, until } from '../support/simulated-clock.ts'
import { bench, fail, probe, root, running, TroubleError } from './support.ts'

const nest = (id: string, ...ids: string[]) =>
  supervisor({ id, strategy: 'one-for-one', children: ids.map(child => probe(child)) })

test('1: a stopped parent leaves no orphan behind, nor its timers', async t => {
  const { system, clock, run, trace } = await running(root([nest('inner', 'a')]))
  run('a', (_state, ctx) => void ctx.every(10, { type: 'note', text: 'tick' }))
  await settle()
  await system.terminateChild('root', 'inner')
  t.deepEqual(trace().slice(3), ['end a shutdown', 'end inner shutdown'])
  t.is(clock.pending, 0)
  await system.stop()
})

test('2: no decision makes an actor run two handlers at once', async t => {
  let inside = 0
  let most = 0
  const work = async (): Promise<void> => {
    most = Math.max(most, ++inside)
    await settle(3)
    inside--
  }
  const children = ['a', 'b'].map(id => probe(id))
  const { system, run, node } = await running(root(children, { strategy: 'one-for-all', intensity: 50 }))
  for (let times = 0; times < 5; times++) {
    run('a', async state => {
      await work()
      return state
    })
    run('b', fail())
    await until(() => node('b').restarts === times + 1 && node('a').state === 'running')
  }
  await until(() => inside === 0)
  t.is(most, 1)
  await system.stop()
})

test('3: neither does a restart while it is handling a message, and the result of an ended incarnation does not overwrite the state of the next', async t => {
  const work = Promise.withResolvers<string[]>()
  const { system, run, read, node } = await running(root([probe('a')]))
  run('a', () => work.promise)
  await settle()
  system.kill('a')
  await until(() => node('a').restarts === 1)
  work.resolve(['stale'])
  await settle()
  t.deepEqual(await read('a'), [])
  await system.stop()
})

test('4: a failing child neither stops its parent nor is forgotten', async t => {
  const { system, run, node } = await running(root([nest('inner', 'a', 'b')]))
  run('a', fail())
  await until(() => node('a').restarts === 1)
  t.is(node('inner').restarts, 0)
  t.is(node('b').restarts, 0)
  await system.stop()
})

test('5: what handles crashes may fail itself without ending the process', async t => {
  const crashes = {
    record: (): void => {
      throw new Error('the port is broken')
    },
  }
  const { system, run, node } = await running(root([probe('a')]), { crashes })
  run('a', fail())
  await until(() => node('a').restarts === 1)
  t.is(node('a').state, 'running')
  await system.stop()
})

test('6: a handler that fails after its actor was stopped hurts nobody', async t => {
  const work = Promise.withResolvers<string[]>()
  const { system, run, crashes } = await running(root([probe('a')]))
  run('a', () => work.promise)
  await settle()
  system.kill('a')
  work.reject(new Error('too late'))
  await settle()
  t.deepEqual(crashes, [])
  await system.stop()
})

test('7: an actor that fails again while its sibling goes away restarts all the same', async t => {
  const { system, run, node } = await running(root([probe('a'), probe('b')], { strategy: 'one-for-all', intensity: 5 }))
  system.suspend('root')
  run('a', fail())
  const terminated = system.terminateChild('root', 'b')
  const deleted = system.deleteChild('root', 'b')
  await settle()
  system.resume('root')
  await until(() => node('a').restarts === 1)
  t.deepEqual(await terminated, { ok: true, is: 'done' })
  t.deepEqual(await deleted, { ok: true, is: 'done' })
  run('a', fail())
  await until(() => node('a').restarts === 2)
  t.is(node('a').state, 'running')
  await system.stop()
})

test('8: an actor that fails alone is not busy for ever afterwards', async t => {
  const { system, run, read, node } = await running(root([probe('a')], { strategy: 'one-for-all', intensity: 5 }))
  run('a', fail())
  run('a', state => [...state, 'next'])
  await until(() => node('a').restarts === 1)
  t.deepEqual(await read('a'), ['next'])
  await until(() => node('a').busy === null)
  await system.stop()
})

test('9: a start that always fails after a crash ends with the budget, and timers run meanwhile', async t => {
  let starts = 0
  const flaky = probe('a', {
    start: () => {
      if (++starts > 1) throw new Error('not again')
    },
  })
  const { system, run } = await running(root([flaky], { intensity: 2000, period: 1 }))
  let timers = 0
  const timer = setInterval(() => timers++, 1)
  run('a', fail())
  const { reason } = await system.done
  clearInterval(timer)
  t.is(reason, 'shutdown')
  t.is(starts, 2001)
  t.true(timers > 0, 'no timer ran while a start was tried again and again')
})

test('10: an incarnation never starts from the state of the one before', async t => {
  let starts = 0
  const flaky = probe('a', {
    start: () => {
      if (++starts === 2) throw new Error('once')
    },
  })
  const { system, send, run, read, node } = await running(root([flaky], { intensity: 5 }))
  send('a', { type: 'note', text: 'old' })
  run('a', fail())
  await until(() => node('a').state === 'running' && node('a').restarts === 1)
  t.deepEqual(await read('a'), [])
  await system.stop()
})

test('11: nothing is handled before the start has succeeded', async t => {
  let down = true
  const slow = probe('a', { start: () => (down ? Promise.reject(new TroubleError('transient')) : undefined) })
  const { system, clock, send, node, read } = bench(root([slow]))
  const started = system.start()
  await settle()
  send('a', { type: 'note', text: 'early' })
  await settle()
  t.like(node('a'), { busy: null, mailbox: { length: 1 } })
  down = false
  await clock.advance(1000)
  await started
  t.deepEqual(await read('a'), ['early'])
  await system.stop()
})

test('12: no start function runs for an actor that was stopped', async t => {
  let starts = 0
  const tree = root([probe('a', { start: () => void starts++, backoff: { minMs: 100, maxMs: 100 } })])
  const { system, clock, run } = await running(tree)
  run('a', fail())
  await settle()
  await system.terminateChild('root', 'a')
  await clock.advance(1000)
  t.is(starts, 1)
  t.is(clock.pending, 0)
  await system.stop()
})

test('14: whatever is thrown has a meaning; there is no decision that could be misspelt', async t => {
  const { system, run, node, crashes } = await running(root([probe('a')], { intensity: 9 }))
  for (const thrown of [null, 'text', 7, {}]) {
    run('a', fail(thrown))
    await settle()
  }
  t.deepEqual(
    crashes.map(crash => crash.reason),
    ['null', 'text', '7', '[object Object]'],
  )
  t.is(node('a').restarts, 4)
  run('a', () => exit('shutdown:done'))
  await settle()
  t.is(node('a').restarts, 5)
  await system.stop()
})
