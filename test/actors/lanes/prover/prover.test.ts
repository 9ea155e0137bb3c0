import test, { type ExecutionContext } from 'ava'
import { defineActor } from '../../../../src/actors/kit/actor.ts'
import {
  proverOf,
  proverPoolOf,
  type ProverPoolMessage,
  type ProverStatus,
} from '../../../../src/actors/lanes/prover-pool-messages.ts'
import type { Outcome, ProofBook } from '../../../../src/actors/lanes/prover/book.ts'
import type { ProverClient } from '../../../../src/actors/lanes/prover/client.ts'
import { ProverUnreachableError } from '../../../../src/actors/lanes/prover/errors.ts'
import type { StatusAnswer } from '../../../../src/actors/lanes/prover/judge.ts'
import type { ProverWord } from '../../../../src/actors/lanes/prover/protocol.ts'
import { prover } from '../../../../src/actors/lanes/prover/prover.ts'
import { DatabaseDownError } from '../../../../src/entities/errors.ts'
import { silentLog } from '../../../../src/log.ts'
import { supervisor, worker } from '../../../../src/supervisors/child.ts'
import { createSystem } from '../../../../src/supervisors/system.ts'
import { groth16 } from '../../../support/scripted-prover.ts'
import { settle, SimulatedClock, until } from '../../../support/simulated-clock.ts'

/** A prover and a book in memory, driven by hand: what each was asked, with the time it was asked at. */
async function stage(t: ExecutionContext) {
  const clock = new SimulatedClock(0)
  const calls: string[] = []
  const reports: ProverStatus[] = []
  const settled: Outcome[] = []
  const world = {
    word: 'ready' as ProverWord,
    proofFor: null as bigint | null,
    down: false,
    databaseDown: false,
  }
  const called = (what: string): void => {
    calls.push(`${what} ${clock.now()}`)
    if (world.down) throw new ProverUnreachableError('it does not answer', { facts: { sent: false } })
  }
  const client: ProverClient = {
    status: async (): Promise<StatusAnswer> => {
      called('status')
      const { word, proofFor } = world
      const proven = word === 'success' && proofFor !== null
      return {
        status: word,
        message: null,
        proof: proven ? JSON.stringify(groth16(proofFor)) : null,
        pubData: proven ? JSON.stringify([proofFor.toString()]) : null,
      }
    },
    post: async () => {
      called('post')
      world.word = 'busy'
    },
    cancel: async () => {
      called('cancel')
      world.word = 'aborted'
    },
  }
  const job = { job: '1', num: 7, prover: 'p', failures: 0, publicInput: 5n, wanted: true }
  const book: ProofBook = {
    load: async () => ({ waiting: [], open: [] }),
    open: async () => null,
    claim: async ({ batch, at, deadlineAt }) => ({ ...job, batch, postedAt: at, deadlineAt, input: '{}' }),
    renew: async () => null,
    settle: async (_job, outcome) => {
      if (world.databaseDown) throw new DatabaseDownError('the database does not answer')
      settled.push(outcome)
      return outcome.as === 'proven' ? 'proven' : 'waiting'
    },
  }
  const pool = proverPoolOf('test')
  const hears = defineActor<undefined, ProverPoolMessage, null>({
    kind: 'pool',
    mailbox: { capacity: 1000, overflow: 'reject' },
    start: () => null,
    receive: (_state, message) => {
      if (message.type === 'report') reports.push(message.status)
      return null
    },
  })
  const settings = {
    pollMs: 1000,
    minPollMs: 10,
    proofTimeoutMs: 600_000,
    maxAttempts: 3,
    unreachableMs: 20_000,
    idleLookMs: 5000,
    backoff: { minMs: 1000, maxMs: 60_000 },
  }
  const args = { name: 'p', url: 'http://p', client, book, pool, notify: [], settings, cancelOnStop: false }
  const children = [
    worker({ id: pool.id, actor: hears, args: () => undefined }),
    worker({ id: proverOf('test', 'p').id, actor: prover, args: () => args }),
  ]
  const root = supervisor({ id: 'root', strategy: 'one-for-one', children })
  const system = createSystem(root, { clock, random: () => 1, log: silentLog })
  t.teardown(() => system.stop())
  return {
    clock,
    world,
    calls,
    settled,
    last: () => reports.at(-1),
    start: async () => {
      await system.start()
      await settle()
    },
    prove: async () => {
      system.send(proverOf('test', 'p'), { type: 'prove', batch: '70' })
      await settle()
    },
    lives: () => system.watch(proverOf('test', 'p').id, () => t.fail('it crashed')),
  }
}

test('a prover that is down is tried again with growing pauses, and shows when', async t => {
  const { clock, world, calls, last, start } = await stage(t)
  world.down = true
  await start()
  t.like(last(), { state: 'down', lastError: 'it does not answer', nextTryAt: 2000 })
  await clock.advance(2000 + 4000 + 8000)
  t.deepEqual(calls, ['status 0', 'status 2000', 'status 6000', 'status 14000'])
  await clock.advance(600_000)
  calls.length = 0
  const from = clock.now()
  await clock.advance(120_000)
  t.is(calls.length, 2, `the longest pause is a minute, since ${from}`)
  world.down = false
  await clock.advance(60_000)
  t.like(last(), { state: 'ready', nextTryAt: null })
})

test('scenario 34: a proof that is not there at its deadline is a timeout: cancelled, reassigned, and the prover is down', async t => {
  const { clock, calls, settled, last, start, prove } = await stage(t)
  await start()
  await prove()
  t.like(last(), { state: 'busy', batch: 7, since: 0 })
  await clock.advance(599_999)
  t.deepEqual(settled, [])
  await clock.advance(500)
  t.deepEqual(settled, [{ as: 'timeout', because: 'p: no proof within 600000 ms', last: false }])
  t.regex(calls.find(call => call.startsWith('cancel')) ?? '', /^cancel 600/)
  t.like(last(), { state: 'down', batch: null, failures: 1, lastError: 'no proof within 600000 ms' })
  await clock.advance(2000)
  t.like(last(), { state: 'ready' })
})

test('while it proves, the prover is looked at no less often than the interval says', async t => {
  const { clock, calls, start, prove } = await stage(t)
  await start()
  await prove()
  await clock.advance(100_000)
  calls.length = 0
  await clock.advance(10_000)
  t.is(calls.filter(call => call.startsWith('status')).length, 10)
})

test('a database that is away when the proof is there delays it and loses nothing', async t => {
  const { clock, world, settled, last, start, prove, calls } = await stage(t)
  await start()
  await prove()
  world.word = 'success'
  world.proofFor = 5n
  world.databaseDown = true
  await clock.advance(30_000)
  t.deepEqual(settled, [])
  world.databaseDown = false
  await clock.advance(30_000)
  t.deepEqual(settled, [{ as: 'proven', proof: groth16(5n) as never }])
  t.like(last(), { state: 'ready', proofs: 1, failures: 0 })
  t.is(calls.filter(call => call.startsWith('post')).length, 1)
})

test('an idle prover is looked at now and then, so that its end is noticed before it is needed', async t => {
  const { clock, world, last, start } = await stage(t)
  await start()
  t.is(last()?.state, 'ready')
  world.down = true
  await clock.advance(5000)
  t.is(last()?.state, 'down')
})

test('what is known of an idle prover for a while is checked before it is given a batch', async t => {
  const { clock, world, calls, last, start, prove } = await stage(t)
  await start()
  await clock.advance(4000)
  world.word = 'busy'
  await prove()
  await until(() => last()?.state === 'draining')
  t.deepEqual(
    calls.map(call => call.split(' ')[0]),
    ['status', 'status', 'cancel'],
  )
  await clock.advance(100)
  t.is(last()?.state, 'ready')
})
