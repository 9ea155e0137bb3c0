/**
 * `kill -9` of a process that runs a lane, at each step of a wish's life; another life goes on with the same rows. What
 * counts is the chain: one effect for each wish, and not a nonce more than wishes.
 */
import test from 'ava'
import type { CrashPoint } from '../../../src/actors/lanes/tx/crash-points.ts'
import { Attempt, Intent } from '../../../src/entities/kernel/intent.ts'
import { acknowledge, untold } from '../../../src/actors/lanes/wish.ts'
import { lifeOfLane, type LifeOrder } from '../../support/lane-life.ts'
import { useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

/** A life in a process of its own that is killed there; the wish, if any, is its first work. */
async function killedAt(b: Bench, at: LifeOrder['at'], wishFor: string | null = null): Promise<void> {
  const plain = wishFor === null ? null : b.plainWish(wishFor)
  const signal = await lifeOfLane({
    databaseUrl: b.databaseUrl,
    rpcUrl: b.proxy.url,
    key: b.key,
    at,
    wish: plain && { ...plain, value: String(plain.value), gasLimit: String(plain.gasLimit) },
  })
  if (signal !== 'SIGKILL') throw new Error(`the life did not reach ${at}: it ended by ${signal}`)
}

async function finish(b: Bench, keys: readonly string[]): Promise<string[]> {
  const lane = await b.start()
  await lane.tick()
  await lane.block(3)
  await lane.tick()
  return b.states(keys)
}

test.serial(
  '1: killed before the wish is committed: it was never made, and the same key makes exactly one',
  async t => {
    const b = await bench(t)
    await killedAt(b, 'wish-written', 'a')
    t.is(await b.orm.em.fork().count(Intent), 0)
    await b.wish('a')
    await b.wish('a')
    t.is(await b.orm.em.fork().count(Intent), 1)
    t.deepEqual(await finish(b, ['a']), ['confirmed'])
    t.deepEqual([await b.hits('a'), await b.nonce()], [1, 1])
  },
)

const STEPS: readonly (readonly [number, string, CrashPoint, attempts: number])[] = [
  [2, 'committed but not signed: it is signed and mined once', 'attempts-signed', 0],
  [3, 'signed bytes committed but not sent: the same bytes are sent', 'attempts-committed', 1],
  [4, 'sent and the reply not stored: its own receipt says what became of it', 'all-sent', 1],
]

for (const [number, what, at, attempts] of STEPS) {
  test.serial(`${number}: killed with a wish ${what}`, async t => {
    const b = await bench(t)
    await killedAt(b, at, 'a')
    const left = await b.orm.em.fork().find(Attempt, {})
    t.is(left.length, attempts)
    t.deepEqual(await finish(b, ['a']), ['confirmed'])
    const after = await b.orm.em.fork().find(Attempt, {})
    t.is(after.length, 1)
    if (attempts > 0) t.is(after[0]?.raw, left[0]?.raw)
    t.deepEqual([await b.hits('a'), await b.nonce()], [1, 1])
  })
}

test.serial(
  '5: killed when it was mined and the receipt not stored: the effect is recorded once, told once',
  async t => {
    const b = await bench(t)
    await killedAt(b, 'sent-marked', 'a')
    await b.mine(5)
    await killedAt(b, 'evidence-read')
    t.is((await b.tx('a')).state, 'sent')
    t.deepEqual(await finish(b, ['a']), ['confirmed'])
    t.is((await b.tx('a')).attempts.length, 1)
    t.deepEqual([await b.hits('a'), await b.nonce()], [1, 1])
  },
)

test.serial(
  '6: killed when the outcome was stored and the role not told: it is told until it acknowledges',
  async t => {
    const b = await bench(t)
    await killedAt(b, 'sent-marked', 'a')
    await b.mine(5)
    await killedAt(b, 'outcomes-committed')
    t.is((await b.tx('a')).state, 'confirmed')
    const lane = await b.start()
    await lane.tick()
    t.true(lane.sent.some(({ to }) => to === 'forger/coordinator'))
    await b.orm.em.fork().transactional(async em => {
      const outcomes = await untold(em, 'forger')
      t.is(outcomes.length, 1)
      await acknowledge(em, outcomes, b.clock)
    })
    lane.sent.length = 0
    await lane.tick()
    t.false(lane.sent.some(({ to }) => to === 'forger/coordinator'))
  },
)

test.serial('7: twenty kills in a row burn no nonce, and the first life that is left alone finishes', async t => {
  const b = await bench(t)
  const points: CrashPoint[] = ['queue-read', 'attempts-signed', 'attempts-committed', 'all-sent', 'sent-marked']
  const keys: string[] = []
  for (let kill = 0; kill < 20; kill += 1) {
    keys.push(`k${kill}`)
    await killedAt(b, points[kill % points.length] ?? 'queue-read', `k${kill}`)
    if (kill % 4 === 3) await b.mine()
  }
  t.deepEqual([...new Set(await finish(b, keys))], ['confirmed'])
  t.deepEqual([...new Set(await Promise.all(keys.map(b.hits)))], [1])
  t.is(await b.nonce(), 20)
  t.is(await b.orm.em.fork().count(Attempt), 20)
})
