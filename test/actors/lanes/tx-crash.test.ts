/**
 * The lane dies at every named point between two writes, and another life goes on with the same rows: every wish has
 * exactly one effect, none is lost, no nonce is wasted. Also: two daemons with one account, and signers that lie.
 */
import { readdir, readFile } from 'node:fs/promises'
import test from 'ava'
import { encodeFunctionData } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { Attempt, Intent } from '../../../src/entities/kernel/intent.ts'
import { CRASH_POINTS, type CrashPoint } from '../../../src/actors/lanes/tx/crash-points.ts'
import type { Signer } from '../../../src/actors/lanes/tx/lane.ts'
import { untold } from '../../../src/actors/lanes/wish.ts'
import { TEST_KEYS } from '../../support/anvil.ts'
import { counterAbi } from '../../support/counter.ts'
import { LEASE_MS, useTxLane, type Bench, type Lane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

class Killed extends Error {}

/** Throws at the n-th time the point is reached, and never again. */
function killer(
  point: CrashPoint,
  times: number,
): { readonly hook: (at: CrashPoint) => void; readonly fired: () => boolean } {
  let left = times
  return {
    hook: at => {
      if (at !== point || left === 0) return
      left -= 1
      if (left === 0) throw new Killed(`killed at ${point}`)
    },
    fired: () => left === 0,
  }
}

/** A life with a bump, a cancellation, a reorganisation and the blocks to the end. */
const STORY: readonly ((b: Bench, lane: Lane) => Promise<void>)[] = [
  (_, lane) => lane.tick(),
  async (b, lane) => {
    await b.clock.advance(60_000)
    await lane.tick()
  },
  async (b, lane) => {
    await b.cancel('c', 'not wanted any more')
    await lane.look()
  },
  (_, lane) => lane.block(),
  async (b, lane) => {
    await b.wish('d', { confirmations: 3 })
    await lane.look()
  },
  (_, lane) => lane.block(),
  (_, lane) => lane.reorg(2),
  (_, lane) => lane.block(),
  (_, lane) => lane.block(),
  (_, lane) => lane.block(2),
]

/** Lives the story; killed there, another life takes over and lives on. */
async function liveThrough(b: Bench, story: typeof STORY, hook: (at: CrashPoint) => void): Promise<void> {
  let lane = await b.start({ crashPoint: hook })
  for (const step of story) {
    try {
      await step(b, lane)
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      lane = await b.start()
      await lane.tick()
    }
  }
  for (let round = 0; round < 4; round += 1) await lane.block()
}

/** `rows-written` is reached by every fenced commit, each of which must be hit once. */
const timesOf = (point: CrashPoint): readonly number[] => (point === 'rows-written' ? [1, 2, 3, 4, 5, 6] : [1, 2])

for (const point of CRASH_POINTS) {
  for (const times of timesOf(point)) {
    test.serial(`killed at ${point}, time ${times}: one effect for each wish, no nonce wasted`, async t => {
      const b = await bench(t)
      const kill = killer(point, times)
      for (const key of ['a', 'b', 'c']) await b.wish(key, { confirmations: 3 })
      await liveThrough(b, STORY, kill.hook)
      const keys = ['a', 'b', 'c', 'd']
      t.deepEqual(await b.states(keys), ['confirmed', 'confirmed', 'cancelled', 'confirmed'])
      t.deepEqual(await Promise.all(keys.map(b.hits)), [1, 1, 0, 1])
      t.is(await b.nonce(), 4)
      t.is((await untold(b.orm.em.fork(), 'forger')).length, 4)
      if (times === 1) t.true(kill.fired())
    })
  }
}

/** A life with a wish that reverts, bytes that a node refuses for good, and a nonce that a stranger left behind. */
const BAD_LUCK: typeof STORY = [
  (_, lane) => lane.tick(),
  async (b, lane) => {
    b.proxy.on('eth_sendRawTransaction', null)
    await lane.tick()
  },
  (_, lane) => lane.block(),
  async (b, lane) => {
    await b.foreign(await b.nonce())
    await b.mine()
    await lane.block()
  },
  async (b, lane) => {
    await b.wish('c')
    await lane.look()
  },
  (_, lane) => lane.reorg(2), // the stranger's is gone: its nonce is missing
  (_, lane) => lane.block(),
  (_, lane) => lane.block(),
  (_, lane) => lane.block(2),
]

for (const times of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
  test.serial(`killed at rows-written in bad luck, time ${times}: nothing done twice, no nonce left open`, async t => {
    const b = await bench(t)
    b.proxy.on('eth_sendRawTransaction', async () => ({ error: { code: -32000, message: 'oversized data' } }))
    await b.wish('bad', { data: encodeFunctionData({ abi: counterAbi, functionName: 'fail' }) })
    await b.wish('large')
    await b.wish('b')
    await liveThrough(b, BAD_LUCK, killer('rows-written', times).hook)
    const keys = ['bad', 'large', 'b', 'c']
    const states = await b.states(keys)
    t.deepEqual([states[0], states[3]], ['reverted', 'confirmed'])
    t.deepEqual(
      await Promise.all(keys.map(b.hits)),
      states.map(state => (state === 'confirmed' ? 1 : 0)),
    )
    const [row] = await b.orm.em.execute<{ open: number }[]>(
      'select count(*)::int as open from kernel.intent where settled_at is null',
    )
    t.is(row?.open, 0)
  })
}

test('nothing of the lane is written but through gates that end at a crash point', async t => {
  const folder = new URL('../../../src/actors/lanes/tx/', import.meta.url)
  /** Writes of their own: T3 and the mark of a broadcast, with points around; what is known of accounts, for people. */
  const OWN_WRITERS = new Set(['commit.ts', 'send.ts', 'funds.ts', 'lease.ts'])
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.ts') || OWN_WRITERS.has(file) || file === 'accept.ts' /* the caller's transaction */) continue
    const source = await readFile(new URL(file, folder), 'utf8')
    for (const { index } of source.matchAll(/\b(?:insert into|update|delete from) kernel\./g)) {
      const end = source.indexOf('.execute(', index)
      const before = source.lastIndexOf('fenced(lane', index)
      const byEm = source.startsWith('.execute(em.getKysely())', end) || source.startsWith('.execute(\n', end)
      t.true(byEm && (before >= 0 || source.includes('fenced(lane')), `${file}: a write outside \`fenced\``)
    }
    t.false(source.includes('.transactional('), `${file} opens a transaction of its own`)
  }
  const read = (file: string): Promise<string> => readFile(new URL(file, folder), 'utf8')
  const [commit, send, queue, replace] = await Promise.all(['commit.ts', 'send.ts', 'queue.ts', 'replace.ts'].map(read))
  t.regex(commit ?? '', /transactional\([\s\S]*?\}\)\n  await reach\(lane, 'rows-written'\)/)
  t.regex(send ?? '', /'all-sent'\)\n\s+await markSent\([^)]*\)\n\s+await reach\(lane, 'sent-marked'\)/)
  for (const source of [queue, replace])
    t.regex(
      source ?? '',
      /-signed'\)\n\s+if \(!\(await commitAttempts\([^\n]*\n\s+await reach\(lane, '[a-z]+-committed'\)/,
    )
})

test.serial('after a restart what was signed is sent first, byte for byte, and then the new', async t => {
  const b = await bench(t)
  const first = await b.start({ crashPoint: killer('attempts-committed', 1).hook })
  await b.wish('a')
  await b.wish('b')
  await t.throwsAsync(first.tick(), { instanceOf: Killed })
  const committed = await b.orm.em.fork().find(Attempt, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    committed.map(attempt => attempt.state),
    ['signed', 'signed'],
  )
  await b.wish('c')
  const second = await b.start()
  await second.tick()
  const now = await b.orm.em.fork().find(Attempt, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    now.map(attempt => [attempt.nonce, attempt.state]),
    [
      [0, 'broadcast'],
      [1, 'broadcast'],
      [2, 'broadcast'],
    ],
  )
  t.deepEqual(
    now.slice(0, 2).map(attempt => attempt.hash),
    committed.map(attempt => attempt.hash),
  )
})

test.serial('mined while the daemon was away: the outcome is found and told, nothing is sent', async t => {
  const b = await bench(t)
  const first = await b.start()
  await b.wish('a')
  await first.tick()
  await b.mine(10)
  const second = await b.start()
  await second.tick()
  t.is((await b.tx('a')).state, 'confirmed')
  t.is((await b.tx('a')).attempts.length, 1)
  t.true(second.sent.some(({ to }) => to === 'forger/coordinator'))
})

test.serial('8: a second daemon stays passive, says who sends, and takes over when the lease has run out', async t => {
  const b = await bench(t)
  const first = await b.start()
  await first.tick()
  const second = await b.start({ holder: 'second' })
  await b.wish('a')
  await second.tick()
  await second.look()
  t.is((await b.tx('a')).state, 'queued')
  t.deepEqual(
    second.logs.filter(line => line.level === 'warn').map(line => [line.text, line.fields['holder']]),
    [['another daemon sends for this account', 'first']],
  )
  t.true(second.planned.length > 0 && second.planned.every(({ ms }) => ms <= LEASE_MS + 2_000))
  await expireLease(b)
  await second.look()
  t.is((await b.tx('a')).state, 'sent')
  await b.wish('b')
  await first.look()
  t.is((await b.tx('b')).state, 'queued')
  t.true(first.logs.some(line => line.text === 'lost the lane to another daemon'))
  await second.look()
  await second.block(3)
  t.deepEqual(await b.states(['a', 'b']), ['confirmed', 'confirmed'])
  t.is(await b.nonce(), 2)
})

test.serial('a daemon that ends in order leaves the lane to the next at once', async t => {
  const b = await bench(t)
  const first = await b.start()
  await first.tick()
  await first.stop()
  const second = await b.start({ holder: 'second' })
  await b.wish('a')
  await second.tick()
  t.is((await b.tx('a')).state, 'sent')
})

test.serial('a zombie that signed before it was replaced cannot write: its nonce is not taken twice', async t => {
  const b = await bench(t)
  let takeOver: (() => Promise<void>) | null = null
  const zombie = await b.start({ crashPoint: point => (point === 'attempts-signed' ? takeOver?.() : undefined) })
  const heir = await b.start({ holder: 'second' })
  await b.wish('a')
  takeOver = async () => {
    takeOver = null
    await expireLease(b)
    await heir.tick()
  }
  await zombie.tick()
  t.is(await b.orm.em.fork().count(Attempt), 1)
  await heir.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.nonce(), 1)
})

test.serial(
  'a wish taken back while the lane signs it gets no nonce; the others of its group are signed anew',
  async t => {
    const b = await bench(t)
    let takeBack: (() => Promise<void>) | null = () => b.cancel('a', 'not wanted any more')
    const lane = await b.start({
      crashPoint: async point => {
        if (point !== 'attempts-signed') return
        await takeBack?.()
        takeBack = null
      },
    })
    for (const key of ['a', 'b', 'c']) await b.wish(key)
    await lane.tick()
    t.deepEqual(await b.states(['a', 'b', 'c']), ['cancelled', 'sent', 'sent'])
    t.deepEqual([(await b.tx('a')).nonce, (await b.tx('b')).nonce, (await b.tx('c')).nonce], [null, 0, 1])
  },
)

test.serial('30: a signer that answers with another transaction stops the lane before anything is stored', async t => {
  const b = await bench(t)
  const generous: Signer = {
    address: b.account.address,
    source: 'remote',
    signTransaction: tx => b.account.signTransaction({ ...tx, value: 1n }),
  }
  const lane = await b.start({ signer: generous })
  await b.wish('a')
  await t.throwsAsync(lane.tick(), { message: 'the signer of main answered with another value' })
  const other = privateKeyToAccount(TEST_KEYS[1])
  const impostor: Signer = { ...generous, signTransaction: tx => other.signTransaction(tx) }
  const second = await b.start({ signer: impostor })
  await t.throwsAsync(second.tick(), { message: 'the signer of main answered with another signature' })
  t.is(await b.orm.em.fork().count(Attempt), 0)
  t.is(await b.orm.em.fork().count(Intent, { state: 'queued' }), 1)
})

test.serial('30: a signer that does not answer is waited for; no nonce is lost', async t => {
  const b = await bench(t)
  let down = true
  const signer: Signer = {
    address: b.account.address,
    source: 'remote',
    signTransaction: tx => (down ? Promise.reject(new Error('no route')) : b.account.signTransaction(tx)),
  }
  const lane = await b.start({ signer })
  await b.wish('a')
  await lane.tick()
  t.is((await b.tx('a')).state, 'queued')
  t.true(lane.planned.length > 0)
  down = false
  await lane.tick()
  t.like(await b.tx('a'), { state: 'sent', nonce: 0 })
})

async function expireLease(b: Bench): Promise<void> {
  await b.orm.em.fork().execute(`update kernel.lease set expires_at = now() - interval '1 second'`)
}
