/** Signers that are slow, answer some of the time, or answer bytes that say the same but are not the same. */
import test from 'ava'
import { parseTransaction, serializeTransaction, type Hex, type TransactionSerializable } from 'viem'
import type { Signer } from '../../../src/actors/lanes/tx/lane.ts'
import { Attempt } from '../../../src/entities/kernel/intent.ts'
import { GWEI, useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)
const KEYS = ['a', 'b', 'c', 'd', 'e', 'f']

const remote = (b: Bench, signTransaction: (tx: TransactionSerializable) => Promise<Hex>): Signer => ({
  address: b.account.address,
  source: 'remote',
  signTransaction,
})

test.serial(
  'a signer slower than the lease is only slow: what is signed is committed before the lane is lost',
  async t => {
    const b = await bench(t)
    const groups: number[] = []
    const lane = await b.start({
      leaseMs: 30_000,
      crashPoint: async point => {
        if (point === 'attempts-committed') groups.push(await b.orm.em.fork().count(Attempt))
      },
      signer: remote(b, async tx => {
        await b.clock.advance(4_000)
        return b.account.signTransaction(tx)
      }),
    })
    for (const key of KEYS) await b.wish(key)
    await lane.tick()
    await lane.tick()
    t.is(groups[0], 3) // ten seconds, a third of the lease
    await lane.block(3)
    t.deepEqual(new Set(await b.states(KEYS)), new Set(['confirmed']))
    t.is(await b.nonce(), KEYS.length)
  },
)

test.serial('a signer that answers some of the time: what it signed is sent, the rest later', async t => {
  const b = await bench(t)
  let asked = 0
  const lane = await b.start({
    signer: remote(b, tx => {
      asked += 1
      return asked % 3 === 0 ? Promise.reject(new Error('busy')) : b.account.signTransaction(tx)
    }),
  })
  for (const key of KEYS) await b.wish(key)
  await lane.tick()
  t.deepEqual(await b.states(KEYS), ['sent', 'sent', 'queued', 'queued', 'queued', 'queued'])
  for (let look = 0; look < 3; look += 1) await lane.tick()
  await lane.block(3)
  t.deepEqual(new Set(await b.states(KEYS)), new Set(['confirmed']))
  t.is(await b.nonce(), KEYS.length)
})

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/** The other signature of the same key over the same digest, which nodes refuse. */
function highS(raw: Hex): Hex {
  const {
    r,
    s,
    yParity,
    type: _,
    ...tx
  } = parseTransaction(raw) as TransactionSerializable & { r: Hex; s: Hex; yParity: number }
  const other: Hex = `0x${(ORDER - BigInt(s)).toString(16).padStart(64, '0')}`
  return serializeTransaction({ type: 'eip1559', ...tx } as TransactionSerializable, {
    r,
    s: other,
    yParity: 1 - yParity,
  })
}

const LIES: readonly (readonly [string, (raw: Hex) => Hex])[] = [
  ['with the other signature', highS],
  ['with bytes behind it', raw => `${raw}00`],
]

for (const [what, lie] of LIES) {
  test.serial(`a signed transaction ${what} is not what was asked for`, async t => {
    const b = await bench(t)
    const lane = await b.start({ signer: remote(b, async tx => lie(await b.account.signTransaction(tx))) })
    await b.wish('a')
    await t.throwsAsync(lane.tick(), { code: 'TX_102' })
    t.is(await b.orm.em.fork().count(Attempt), 0)
  })
}

test.serial('refused for good at the ceiling: its nonce is taken back all the same, and the next goes on', async t => {
  const b = await bench(t)
  const { baseFeePerGas } = await b.client.getBlock()
  const lane = await b.start({
    limits: { maxFeePerGasWei: ((baseFeePerGas ?? 0n) * 11n) / 10n + GWEI, maxPriorityFeePerGasWei: GWEI },
  })
  let refused = 0
  b.proxy.on('eth_sendRawTransaction', async (call, forward) => {
    refused += 1
    return refused === 1 ? { error: { code: -32000, message: 'oversized data' } } : forward()
  })
  await b.wish('large')
  await lane.tick()
  await b.wish('next')
  for (let round = 0; round < 5; round += 1) await lane.block()
  t.deepEqual(await b.states(['large', 'next']), ['cancelled', 'confirmed'])
  t.is(await b.nonce(), 2)
})

test.serial('a wish whose code always halts ends with the reason and holds up nobody', async t => {
  const b = await bench(t)
  const halting = '0x00000000000000000000000000000000000f00fe'
  await b.chain.setCode({ address: halting, bytecode: '0xfe' })
  const lane = await b.start()
  await b.wish('halts', { to: halting, gasLimit: null })
  await b.wish('next')
  await lane.tick()
  await lane.block(3)
  t.deepEqual(await b.states(['halts', 'next']), ['reverted', 'confirmed'])
})
