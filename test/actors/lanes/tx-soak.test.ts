/**
 * Random weather on one lane: lost answers, refused calls, denied receipts, reorganisations, dropped pools, base fee
 * spikes, a stranger on the key, and deaths at random points. In the end every wish has had exactly one effect.
 */
import test from 'ava'
import { CRASH_POINTS, type CrashPoint } from '../../../src/actors/lanes/tx/crash-points.ts'
import { useFaultProxy, type Rule } from '../../support/fault-proxy.ts'
import { seeded } from '../../support/seeded.ts'
import { GWEI, useTxLane, type Bench, type Lane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const proxied = useFaultProxy(test)

class Killed extends Error {}
const CONFIRMATIONS = 5
const SEEDS = (process.env['FORGEKEEPER_TEST_SEEDS'] ?? '1,2,3').split(',').map(Number)

for (const seed of SEEDS) {
  test.serial(`with seed ${seed}, sixty wishes in bad weather have sixty effects`, async t => {
    const node = await bench(t)
    const proxy = await proxied(node.rpcUrl)
    const b = await bench(t, proxy.url)
    const random = seeded(seed)
    const weather = badWeather(random)
    for (const method of [
      'eth_sendRawTransaction',
      'eth_getTransactionReceipt',
      'eth_getBlockReceipts',
      'eth_getTransactionCount',
    ]) {
      proxy.on(method, weather)
    }
    const keys: string[] = []
    const start = (): Promise<Lane> => b.start({ crashPoint: maybeDie(random), limits: { maxInFlight: 16 } })
    let lane = await start()
    const live = async (act: (lane: Lane) => Promise<void>): Promise<void> => {
      try {
        await act(lane)
      } catch (error) {
        if (!(error instanceof Killed)) throw error
        lane = await start()
      }
    }
    for (let step = 0; step < 60; step += 1) {
      keys.push(`k${step}`)
      await b.wish(`k${step}`, { confirmations: CONFIRMATIONS })
      await live(one => one.look())
      await live(one => mischief(random, b, one))
      await b.clock.advance(20_000)
      await live(one => one.block())
    }
    for (const method of [
      'eth_sendRawTransaction',
      'eth_getTransactionReceipt',
      'eth_getBlockReceipts',
      'eth_getTransactionCount',
    ]) {
      proxy.on(method, null)
    }
    lane = await b.start({ limits: { maxInFlight: 16 } })
    for (let round = 0; round < 60 && !(await allSettled(b, keys)); round += 1) {
      await b.clock.advance(20_000)
      await lane.block()
    }
    t.deepEqual([...new Set(await b.states(keys))], ['confirmed'])
    t.deepEqual([...new Set(await Promise.all(keys.map(b.hits)))], [1])
  })
}

/** A third of the calls goes wrong in one of the ways of the world. */
function badWeather(random: () => number): Rule {
  return async (call, forward) => {
    if (random() > 0.3) return forward()
    const ways: (() => Promise<Awaited<ReturnType<Rule>>>)[] = [
      async () => 'reset',
      async () => ({ status: 502, body: '<html>bad gateway</html>' }),
      async () => ({ status: 429, body: 'too many requests' }),
      async () => ({ error: { code: -32603, message: 'internal error' } }),
      async () => {
        await forward()
        return 'reset'
      },
      async () => (call.method === 'eth_getTransactionReceipt' ? { result: null } : forward()),
    ]
    return (ways[Math.floor(random() * ways.length)] ?? forward)()
  }
}

/** Something that happens to the chain between two looks; most of the time nothing. */
async function mischief(random: () => number, b: Bench, lane: Lane): Promise<void> {
  const dice = Math.floor(random() * 12)
  if (dice === 0) return lane.reorg(1 + Math.floor(random() * 3))
  if (dice === 1)
    return b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: BigInt(1 + Math.floor(random() * 60)) * GWEI })
  if (dice === 2) return b.emptyPool()
  if (dice === 3) await b.foreign(await b.nonce()).catch(() => {})
}

function maybeDie(random: () => number): (point: CrashPoint) => void {
  return point => {
    if (random() < 0.03) throw new Killed(`${point} of ${CRASH_POINTS.length}`)
  }
}

async function allSettled(b: Bench, keys: readonly string[]): Promise<boolean> {
  return (await b.states(keys)).every(state => state === 'confirmed')
}
