// What an incarnation holds open (a socket, a server, a child process) and hands to `own`.
import test from 'ava'
import { settle, until } from '../support/simulated-clock.ts'
import { bench, fail, probe, type ProbeOptions, root, running, TroubleError } from './support.ts'

/** A resource that can be held once, as a port can. Closing takes 100 ms. */
function resource() {
  const said: string[] = []
  let held = false
  const open: ProbeOptions['start'] = ctx => {
    if (held) throw new Error('already in use')
    held = true
    said.push('open')
    ctx.own(async () => {
      said.push('closing')
      await ctx.clock.sleep(100)
      held = false
      said.push('closed')
    })
  }
  return { said, open }
}

test('after a crash the next incarnation starts when what the last one held open is closed', async t => {
  const { said, open } = resource()
  const { system, clock, run, node, send, read } = await running(root([probe('a', { start: open })]))
  run('a', fail())
  send('a', { type: 'note', text: 'kept' })
  await settle()
  t.is(node('a').state, 'starting')
  t.deepEqual(said, ['open', 'closing'])
  await clock.advance(100)
  t.is(node('a').state, 'running')
  t.deepEqual(said, ['open', 'closing', 'closed', 'open'])
  t.deepEqual(await read('a'), ['kept'])
  const stopped = system.stop()
  await clock.advance(100)
  await stopped
})

test('a stop closes after the stop function, the last opened first, and waits for it', async t => {
  const said: string[] = []
  const { system } = await running(
    root([
      probe('a', {
        start: ctx => {
          for (const name of ['1', '2']) ctx.own(() => said.push(`close ${name}`))
        },
        stop: async () => {
          await settle(2)
          said.push('stop')
        },
      }),
    ]),
  )
  await system.stop()
  t.deepEqual(said, ['stop', 'close 2', 'close 1'])
})

test('killed, it is closed all the same, once', async t => {
  const { said, open } = resource()
  const { system, clock, node } = await running(root([probe('a', { start: open })]))
  system.kill('a')
  await clock.advance(100)
  await until(() => node('a').restarts === 1)
  const stopped = system.stop()
  await clock.advance(100)
  await stopped
  t.deepEqual(said, ['open', 'closing', 'closed', 'open', 'closing', 'closed'])
  t.is(clock.pending, 0)
})

test('a start that fails after it opened something leaves nothing open', async t => {
  const { said, open } = resource()
  const broken = probe('a', {
    start: async ctx => {
      await open(ctx)
      throw new Error('second step failed')
    },
  })
  const { system, clock } = bench(root([broken]))
  const started = t.throwsAsync(system.start(), { message: 'second step failed' })
  await clock.advance(100)
  await started
  t.deepEqual(said, ['open', 'closing', 'closed'])
})

test('a start that meets an outage is tried again when what it opened is closed', async t => {
  const { said, open } = resource()
  let down = true
  const flaky = probe('a', {
    start: async ctx => {
      await open(ctx)
      if (down) throw new TroubleError('transient')
    },
  })
  const { system, clock, node } = bench(root([flaky]))
  const started = system.start()
  await clock.advance(90)
  down = false
  await clock.advance(110)
  await started
  t.is(node('a').state, 'running')
  t.deepEqual(said, ['open', 'closing', 'closed', 'open'])
  const stopped = system.stop()
  await clock.advance(100)
  await stopped
})

test('closing that hangs holds nobody up for longer than the shutdown time', async t => {
  const hangs = probe('a', { shutdown: 300, start: ctx => ctx.own(() => new Promise(() => {})) })
  const { system, clock, run, node } = await running(root([hangs]))
  run('a', fail())
  await clock.advance(299)
  t.is(node('a').restarts, 0)
  await clock.advance(1)
  t.is(node('a').restarts, 1)
  const stopped = system.stop()
  await clock.advance(300)
  await stopped
  t.is(clock.pending, 0)
})

test('closing that fails is logged and the rest is closed', async t => {
  const said: string[] = []
  const start: ProbeOptions['start'] = ctx => {
    ctx.own(() => said.push('closed'))
    ctx.own(() => Promise.reject(new Error('cannot close')))
  }
  const { system, lines } = await running(root([probe('a', { start })]))
  await system.stop()
  t.deepEqual(said, ['closed'])
  t.true(lines.some(line => line.fields['reason'] === 'cannot close'))
})

test('what a start that was given up opens too late is closed at once', async t => {
  const opening = Promise.withResolvers<void>()
  const said: string[] = []
  const slow = probe('a', {
    shutdown: 50,
    start: async ctx => {
      await opening.promise
      ctx.own(() => said.push('closed'))
    },
  })
  const { system, clock } = bench(root([slow]))
  const started = t.throwsAsync(system.start())
  await settle()
  const stopped = system.stop()
  await clock.advance(50)
  await stopped
  await started
  opening.resolve()
  await settle()
  t.deepEqual(said, ['closed'])
})
