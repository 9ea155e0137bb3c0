import test from 'ava'
import { ActorEndedError, AskTimeoutError, MailboxFullError, NotRunningError } from '../../src/actors/kit/errors.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { settle, until } from '../support/simulated-clock.ts'
import { type Bench, fail, type Probe, probe, root, running, TroubleError } from './support.ts'

const never: Probe = { type: 'do', run: () => new Promise(() => {}) }
const note = (text: string): Probe => ({ type: 'note', text })

test('messages of one sender arrive in the order they were sent', async t => {
  const { system, send, read } = await running(root([probe('a')]))
  const texts = Array.from({ length: 500 }, (_, at) => String(at))
  for (const text of texts) send('a', note(text))
  t.deepEqual(await read('a'), texts)
  await system.stop()
})

test('an actor asks another and gets its answer', async t => {
  const { system, send, run, read } = await running(root([probe('a'), probe('b')]))
  send('b', note('hello'))
  run('a', async (_state, ctx) => [
    ...(await ctx.ask<Probe, readonly string[]>(ref('b'), reply => ({ type: 'read', reply }), 1000)),
  ])
  t.deepEqual(await read('a'), ['hello'])
  await system.stop()
})

test('an ask that is not answered in time is rejected, and a late answer changes nothing', async t => {
  const { system, clock } = await running(root([probe('a')]))
  const replies: ((text: string) => void)[] = []
  const asked = system.ask<Probe, string>(
    ref('a'),
    reply => ({
      type: 'do',
      run: () => {
        replies.push(reply)
      },
    }),
    150,
  )
  const late = t.throwsAsync(asked, { instanceOf: AskTimeoutError })
  await clock.advance(150)
  await late
  for (const reply of replies) reply('too late')
  await system.stop()
})

test('an ask is rejected at once when the other crashes, stops, or does not run', async t => {
  const { system, run, send } = await running(root([probe('a'), probe('b')]))
  const ask = (id: string): Promise<unknown> =>
    system.ask<Probe, unknown>(ref(id), reply => ({ type: 'read', reply }), 60_000)
  run('a', fail())
  const crashed = t.throwsAsync(ask('a'), { instanceOf: ActorEndedError, message: /boom/ })
  await crashed
  send('b', never)
  await settle()
  const stopped = t.throwsAsync(ask('b'), { instanceOf: ActorEndedError })
  system.kill('b')
  await stopped
  await t.throwsAsync(ask('nobody'), { instanceOf: NotRunningError })
  await t.throwsAsync(ask('root'), { instanceOf: NotRunningError })
  await system.stop()
  await t.throwsAsync(ask('a'), { instanceOf: NotRunningError })
})

test('an ask whose message is poison is rejected with that error', async t => {
  const { system } = await running(root([probe('a')]))
  const error = new TroubleError('poison')
  const asked = system.ask<Probe, unknown>(ref('a'), () => ({ type: 'do', run: fail(error) }), 1000)
  t.is(await t.throwsAsync(asked), error)
  await system.stop()
})

test('watch tells once when an actor ends and why, and at once when it does not run', async t => {
  const { system, run, read, node } = await running(root([probe('a'), probe('b')], { intensity: 5 }))
  run('a', (_state, ctx) => void ctx.watch(ref<Probe>('b'), reason => note(`b ended: ${reason}`)))
  run('a', (_state, ctx) => void ctx.watch(ref<Probe>('nobody'), note))
  await settle()
  run('b', fail())
  await until(() => node('b').restarts === 1)
  system.kill('b')
  await settle()
  t.deepEqual(await read('a'), ['not running', 'b ended: boom'])
  const heard: string[] = []
  system.watch('a', reason => heard.push(reason))
  const forget = system.watch('a', () => heard.push('forgotten'))
  forget()
  await system.stop()
  t.deepEqual(heard, ['shutdown'])
})

test('a watch dies with the incarnation that set it', async t => {
  const { system, run, read, node } = await running(root([probe('a'), probe('b')], { intensity: 5 }))
  run('a', (_state, ctx) => void ctx.watch(ref<Probe>('b'), note))
  run('a', fail())
  await until(() => node('a').restarts === 1)
  run('b', fail())
  await until(() => node('b').restarts === 1)
  t.deepEqual(await read('a'), [])
  await system.stop()
})

/** An actor that is busy until released, so that its mailbox fills. */
async function busy(bench: Bench): Promise<() => void> {
  const work = Promise.withResolvers<string[]>()
  bench.run('a', () => work.promise)
  await settle()
  return () => work.resolve([])
}

test('reject: beyond capacity the newest is a dead letter', async t => {
  const made = await running(root([probe('a', { mailbox: { capacity: 2, overflow: 'reject' } })]))
  const release = await busy(made)
  for (const text of ['1', '2', '3', '4']) made.send('a', note(text))
  t.deepEqual(made.node('a').mailbox, { length: 2, capacity: 2, dropped: 2 })
  await t.throwsAsync(made.system.deliver(ref<Probe>('a'), note('5')), { instanceOf: MailboxFullError })
  await t.throwsAsync(made.read('a'), { instanceOf: MailboxFullError })
  release()
  await settle()
  t.deepEqual(await made.read('a'), ['1', '2'])
  t.deepEqual(made.system.snapshot().deadLetters, [
    { to: 'a', message: 'note', count: 3 },
    { to: 'a', message: 'read', count: 1 },
  ])
  await made.system.stop()
})

test('drop-oldest: the newest are kept', async t => {
  const made = await running(root([probe('a', { mailbox: { capacity: 2, overflow: 'drop-oldest' } })]))
  const release = await busy(made)
  for (const text of ['1', '2', '3', '4']) made.send('a', note(text))
  release()
  await settle()
  t.deepEqual(await made.read('a'), ['3', '4'])
  t.deepEqual(made.system.snapshot().deadLetters, [{ to: 'a', message: 'note', count: 2 }])
  await made.system.stop()
})

test('coalesce: the same news replaces itself in place, and is no dead letter', async t => {
  const made = await running(root([probe('a', { mailbox: { capacity: 2, overflow: 'coalesce', key: byFirstLetter } })]))
  const release = await busy(made)
  for (const text of ['a1', 'b1', 'a2', 'c1', 'a3']) made.send('a', note(text))
  release()
  await settle()
  t.deepEqual(await made.read('a'), ['a3', 'b1'])
  t.deepEqual(made.system.snapshot().deadLetters, [{ to: 'a', message: 'note', count: 1 }])
  await made.system.stop()
})

test('block-sender: deliver waits for room, send does not', async t => {
  const made = await running(root([probe('a', { mailbox: { capacity: 1, overflow: 'block-sender' } })]))
  const release = await busy(made)
  const { system } = made
  const delivered: string[] = []
  const deliver = async (text: string): Promise<void> => {
    await system.deliver(ref<Probe>('a'), note(text))
    delivered.push(text)
  }
  const all = [deliver('1'), deliver('2'), deliver('3')]
  await settle()
  t.deepEqual(delivered, ['1'])
  made.send('a', note('lost'))
  release()
  await Promise.all(all)
  t.deepEqual(await made.read('a'), ['1', '2', '3'])
  t.deepEqual(system.snapshot().deadLetters, [{ to: 'a', message: 'note', count: 1 }])
  await system.stop()
})

test('a sender that waits for room is told when the receiver ends for good', async t => {
  const made = await running(root([probe('a', { mailbox: { capacity: 1, overflow: 'block-sender' } })]))
  await busy(made)
  await made.system.deliver(ref<Probe>('a'), note('1'))
  const waiting = t.throwsAsync(made.system.deliver(ref<Probe>('a'), note('2')), { instanceOf: NotRunningError })
  const stopped = made.system.stop()
  await made.clock.advance(5000)
  await stopped
  await waiting
  t.deepEqual(made.system.snapshot().deadLetters, [{ to: 'a', message: 'note', count: 2 }])
})

test('the bound holds while a restart is due', async t => {
  const tree = root([
    probe('a', { backoff: { minMs: 1000, maxMs: 1000 }, mailbox: { capacity: 2, overflow: 'reject' } }),
  ])
  const { system, clock, run, send, read, node } = await running(tree)
  run('a', fail())
  await settle()
  for (const text of ['1', '2', '3']) send('a', note(text))
  t.is(node('a').mailbox?.length, 2)
  await clock.advance(1000)
  t.deepEqual(await read('a'), ['1', '2'])
  await system.stop()
})

test('every sends on for ever, about as often as asked', async t => {
  const { system, clock, run, read } = await running(root([probe('a')]), { random: () => 1 })
  run('a', (_state, ctx) => void ctx.every(1000, note('tick')))
  await clock.advance(1099)
  t.deepEqual(await read('a'), [])
  await clock.advance(1)
  await clock.advance(1100)
  t.deepEqual(await read('a'), ['tick', 'tick'])
  await system.stop()
})

test('after and every can be taken back', async t => {
  const { system, clock, run, read } = await running(root([probe('a')]))
  run('a', (_state, ctx) => {
    for (const cancel of [ctx.after(10, note('x')), ctx.every(10, note('y'))]) cancel()
  })
  await clock.advance(1000)
  t.deepEqual(await read('a'), [])
  await system.stop()
})

const byFirstLetter = (message: Probe): string =>
  message.type === 'note' ? `note ${message.text.slice(0, 1)}` : message.type

test('what an ended incarnation still sends, delivers or asks reaches nobody', async t => {
  const work = Promise.withResolvers<void>()
  const rejected: unknown[] = []
  const { system, run, read, node } = await running(root([probe('a'), probe('b')]))
  run('a', async (state, ctx) => {
    await work.promise
    ctx.send(ref<Probe>('b'), note('sent'))
    await ctx.deliver(ref<Probe>('b'), note('delivered')).catch((error: unknown) => rejected.push(error))
    const asked = ctx.ask<Probe, unknown>(ref('b'), reply => ({ type: 'read', reply }), 1000)
    await asked.catch((error: unknown) => rejected.push(error))
    return state
  })
  await settle()
  system.kill('a')
  await until(() => node('a').restarts === 1)
  work.resolve()
  await until(() => rejected.length === 2)
  t.true(rejected.every(error => error instanceof NotRunningError))
  t.deepEqual(await read('b'), [])
  await system.stop()
})

test('a method taken off its context throws where it is called, and loses nothing in silence', async t => {
  const { system, run, node } = await running(root([probe('a'), probe('b')]))
  run('a', (_state, { send }) => send(ref<Probe>('b'), { type: 'note', text: 'lost?' }))
  await until(() => node('a').restarts === 1)
  t.regex(node('a').lastCrash?.reason ?? '', /private member|undefined/)
  await system.stop()
})
