// What we rely on in nact 7.6.2. Another version that behaves otherwise is noticed here first.
import test from 'ava'
import { createRequire } from 'node:module'
import * as nact from 'nact'
import { openStrands, type Runnable } from '../../../src/actors/kit/nact.ts'
import { settle, until } from '../../support/simulated-clock.ts'

// nact's types refuse the options object that its code wants.
const begin = (name: string): nact.ActorSystemRef => nact.start({ name } as unknown as string)

test('the version is pinned', t => {
  const { version } = createRequire(import.meta.url)('nact/package.json') as { version: string }
  t.is(version, '7.6.2')
})

test('dispatch is never synchronous, and one turn of the event loop handles one message of an actor', async t => {
  const system = begin('fact-turns')
  const seen: string[] = []
  const actor = nact.spawn(system, (_state: undefined, message: string) => void seen.push(message), 'a')
  for (const message of ['1', '2', '3']) nact.dispatch(actor, message)
  t.deepEqual(seen, [])
  const lengths: number[] = []
  for (let turn = 0; turn < 4; turn++) {
    await settle(1)
    lengths.push(seen.length)
  }
  t.deepEqual(lengths.at(-1), 3)
  t.true(
    lengths.every((length, at) => length <= (lengths[at - 1] ?? 0) + 1),
    String(lengths),
  )
  nact.stop(system)
})

test('an actor never runs two handlers at once, and the state it is given is what its handler returned', async t => {
  const system = begin('fact-serial')
  let inside = 0
  let most = 0
  const states: number[] = []
  const count = async (state: number): Promise<number> => {
    states.push(state)
    most = Math.max(most, ++inside)
    await settle(2)
    inside--
    return state + 1
  }
  const actor = nact.spawn(system, count, 'a', { initialState: 0 })
  for (let times = 0; times < 3; times++) nact.dispatch(actor, 'go')
  await until(() => states.length === 3 && inside === 0)
  t.is(most, 1)
  t.deepEqual(states, [0, 1, 2])
  nact.stop(system)
})

test('what an actor is sent while its own handler runs is handled after it, in a later turn', async t => {
  const system = begin('fact-busy')
  const seen: string[] = []
  const handle = async (_state: undefined, message: string): Promise<undefined> => {
    seen.push(`${message} begins`)
    if (message === '1') again()
    await settle(2)
    seen.push(`${message} ends`)
  }
  const actor = nact.spawn(system, handle, 'a')
  const again = (): void => nact.dispatch(actor, '2')
  nact.dispatch(actor, '1')
  await until(() => seen.length === 4)
  t.deepEqual(seen, ['1 begins', '1 ends', '2 begins', '2 ends'])
  nact.stop(system)
})

test('stop drops what is queued, and dispatch to a stopped actor does nothing', async t => {
  const system = begin('fact-stop')
  const seen: string[] = []
  const actor = nact.spawn(system, (_state: undefined, message: string) => void seen.push(message), 'a')
  nact.dispatch(actor, 'queued')
  nact.stop(actor)
  nact.dispatch(actor, 'late')
  await settle()
  t.deepEqual(seen, [])
  nact.stop(system)
})

test('a handler that runs when its actor is stopped runs on to its end, and nothing follows', async t => {
  const system = begin('fact-inflight')
  const seen: string[] = []
  const slow = async (_state: undefined, message: string): Promise<void> => {
    await settle(2)
    seen.push(message)
  }
  const actor = nact.spawn(system, slow, 'a')
  nact.dispatch(actor, 'in progress')
  nact.dispatch(actor, 'behind')
  await settle(1)
  nact.stop(actor)
  await settle()
  t.deepEqual(seen, ['in progress'])
  nact.stop(system)
})

test('onCrash hears of a failing handler, and resume keeps state and mailbox', async t => {
  const system = begin('fact-crash')
  const heard: unknown[] = []
  const seen: string[] = []
  const handle = (state: string[], message: string): string[] => {
    if (message === 'boom') throw new Error(message)
    seen.push(message)
    return state
  }
  const actor = nact.spawn(system, handle, 'a', {
    initialState: [],
    onCrash: (_message, error, ctx) => {
      heard.push(error?.message)
      return ctx.resume
    },
  })
  for (const message of ['1', 'boom', '2']) nact.dispatch(actor, message)
  await until(() => seen.length === 2)
  t.deepEqual(heard, ['boom'])
  t.deepEqual(seen, ['1', '2'])
  nact.stop(system)
})

test('stopping a parent does not stop its children: the reason why we stop leaf by leaf', async t => {
  const system = begin('fact-orphans')
  const seen: string[] = []
  const parent = nact.spawn(system, state => state, 'parent')
  const child = nact.spawn(
    parent,
    async (_state: undefined, message: string): Promise<void> => {
      await settle(1)
      seen.push(message)
    },
    'child',
  )
  nact.dispatch(child, 'orphaned work')
  nact.stop(parent)
  await settle()
  t.deepEqual(seen, ['orphaned work'])
  nact.stop(system)
})

test('two systems of one name clash: the reason why ours are numbered', t => {
  const first = begin('fact-name')
  const actor = nact.spawn(first, state => state, 'a')
  begin('fact-name')
  t.throws(() => nact.spawn(actor, state => state, 'b'), { message: /never even existed/ })
})

test('a name may be used once under a living parent and not hold what our ids hold', t => {
  const system = begin('fact-names')
  nact.spawn(system, state => state, 'a')
  t.throws(() => nact.spawn(system, state => state, 'a'), { message: /already exists/ })
  t.throws(() => nact.spawn(system, state => state, 'a/b:c'))
  nact.stop(system)
})

const runnable = (turn: Runnable['turn'], bug: Runnable['bug'] = () => {}): Runnable => ({ turn, bug })

test('a strand runs a turn for each wake, one at a time', async t => {
  const strands = openStrands('test')
  let inside = 0
  let most = 0
  let turns = 0
  const strand = strands.open(
    runnable(async () => {
      most = Math.max(most, ++inside)
      await settle(1)
      inside--
      turns++
    }),
  )
  strands.wake(strand)
  strands.wake(strand)
  await until(() => turns === 2)
  t.is(most, 1)
  strands.end()
})

test('a strand survives a failure of its turn and reports it', async t => {
  const strands = openStrands('test')
  const bugs: unknown[] = []
  let turns = 0
  const strand = strands.open(
    runnable(
      () => {
        turns++
        if (turns === 1) throw new Error('sync')
        if (turns === 2) return Promise.reject(new Error('async'))
      },
      error => bugs.push(error instanceof Error && error.message),
    ),
  )
  for (let times = 0; times < 3; times++) strands.wake(strand)
  await until(() => turns === 3)
  t.deepEqual(bugs, ['sync', 'async'])
  strands.end()
})

test('a closed strand runs no more', async t => {
  const strands = openStrands('test')
  let turns = 0
  const strand = strands.open(runnable(() => void turns++))
  strands.wake(strand)
  strands.close(strand)
  strands.wake(strand)
  await settle()
  t.is(turns, 0)
  strands.end()
})
