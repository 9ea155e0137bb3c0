/**
 * Ten thousand answers that no client gives quite so, to a hundred transactions: whatever a node says, no intent ever
 * gets another nonce for it, and no nonce another intent.
 */
import test from 'ava'
import type { Hex } from 'viem'
import { ANSWERS } from '../../support/client-answers.ts'
import { seeded } from '../../support/seeded.ts'
import { useTxLane, type Bench, type Lane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const SEED = Number(process.env['FORGEKEEPER_TEST_SEED'] ?? 2026)
const MANY = 100
const ANSWERED = 10_000
const TEXTS = ANSWERS.flatMap(([, , , ...texts]) => texts)
const CODES = ANSWERS.flatMap(([, , code]) => (code === null ? [] : [code]))

/** The beginning of one answer, some junk, and the end of another, with any code. */
function mutant(random: () => number): Error {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T // the lists are not empty
  const [head, tail] = [pick(TEXTS), pick(TEXTS)]
  const junk =
    random() < 0.5 ? '' : String.fromCodePoint(33 + Math.floor(random() * 90)).repeat(1 + Math.floor(random() * 4))
  const text = head.slice(0, random() * (head.length + 8)) + junk + tail.slice(random() * (tail.length + 8))
  return Object.assign(new Error('RPC Request failed'), { details: text, code: pick(CODES) })
}

interface Numbered {
  readonly intents: number
  readonly nonces: number
}

/** The most nonces that an intent ever had, and the most intents that a nonce ever had. */
async function mostOf(b: Bench): Promise<Numbered> {
  const [row] = await b.orm.em.execute<Numbered[]>(
    `select (select max(n)::int from (select count(distinct nonce) n from kernel.attempt group by intent_id) a) as nonces,
       (select max(n)::int from (select count(distinct intent_id) n from kernel.attempt group by nonce) b) as intents`,
  )
  return row ?? { intents: 0, nonces: 0 }
}

test.serial(`ten thousand mutated answers (seed ${SEED}) never make it safe to renumber`, async t => {
  t.timeout(900_000)
  const b = await bench(t)
  const random = seeded(SEED)
  let answered = 0
  const enough = (): boolean => answered >= ANSWERED
  const sendRaw = async (raw: Hex): Promise<unknown> => {
    if (enough()) return b.client.request({ method: 'eth_sendRawTransaction', params: [raw] })
    answered += 1
    if (random() < 0.02) await b.client.request({ method: 'eth_sendRawTransaction', params: [raw] }).catch(() => {})
    throw mutant(random)
  }
  const start = (): Promise<Lane> =>
    b.start({
      rpc: { client: b.client, sendRaw },
      sendWindow: MANY,
      limits: { maxInFlight: MANY, bumpAfterMs: 3_600_000 },
    })
  const keys = Array.from({ length: MANY }, (_, index) => `k${index}`)
  for (const key of keys) await b.wish(key)
  let lane = await start()
  while (!enough()) {
    try {
      if (random() < 0.05) await lane.block()
      else await lane.tick()
    } catch (error) {
      t.like(error, { code: 'TX_104' }) // an answer said "wrong chain": a person restarts the lane
      lane = await start()
    }
  }
  t.deepEqual(await mostOf(b), { intents: 1, nonces: 1 })
  lane = await start()
  for (let round = 0; round < 30; round += 1) {
    await b.clock.advance(600_000)
    await lane.block()
  }
  const states = await b.states(keys)
  const hits = await Promise.all(keys.map(b.hits))
  t.deepEqual(
    hits,
    states.map(state => (state === 'confirmed' ? 1 : 0)),
  )
  t.true(
    states.every(state => state === 'confirmed' || state === 'cancelled'),
    states.join(' '),
  )
  t.deepEqual(await mostOf(b), { intents: 1, nonces: 1 })
  t.is(await b.nonce(), MANY)
})
