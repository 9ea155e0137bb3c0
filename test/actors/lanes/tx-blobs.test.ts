/** Blob transactions (EIP-4844): proven, priced, sent, replaced at twice the price, and never beside others. */
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import test from 'ava'
import { fromRlp, keccak256, type Hex } from 'viem'
import { Attempt } from '../../../src/entities/kernel/intent.ts'
import { kzgProver } from '../../../src/actors/lanes/tx/kzg.ts'
import {
  unwrapped,
  versionedHashes,
  wrapped,
  type BlobProver,
  type Sidecar,
} from '../../../src/actors/lanes/tx/sidecar.ts'
import { BlobsImpossibleError } from '../../../src/actors/lanes/errors.ts'
import { waitFor } from '../../support/patience.ts'
import { useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

/** A blob whose field elements are small, so that each is below the modulus. */
const blob = (fill: number): Hex => `0x${`00${fill.toString(16).padStart(2, '0').repeat(31)}`.repeat(4096)}`
const cells = kzgProver('cell')
const withKzg = isThere('@crate-crypto/node-eth-kzg') ? test.serial : test.serial.skip

/** The native package exists for some platforms only. */
function isThere(name: string): boolean {
  try {
    createRequire(import.meta.url)(name)
    return true
  } catch {
    return false
  }
}

const wishBlobs = (b: Bench, key: string): Promise<unknown> =>
  b.wish(key, { to: b.account.address, data: '0x', gasLimit: 30_000n, blobs: [blob(2), blob(3)] })

async function rawOf(b: Bench, hash: string): Promise<Hex> {
  const { raw } = await b.orm.em.fork().findOneOrFail(Attempt, { hash })
  return raw as Hex // stored from the signer's answer
}

for (const proofsOf of ['cell', 'blob'] as const) {
  withKzg(`a sidecar with proofs of each ${proofsOf} is put around the signed part and found again`, async t => {
    const sidecar = await kzgProver(proofsOf).prove([blob(4)])
    t.is(sidecar.proofs.length, proofsOf === 'cell' ? 128 : 1)
    const [hash] = versionedHashes(sidecar)
    const commitment = Buffer.from(sidecar.commitments[0]?.slice(2) ?? '', 'hex')
    t.is(hash, `0x01${createHash('sha256').update(commitment).digest('hex').slice(2)}`)
    const signed: Hex = '0x03c3010203'
    const raw = wrapped(signed, sidecar)
    t.deepEqual(unwrapped(raw), { signed, sidecar })
    t.is(fromRlp(`0x${raw.slice(4)}`, 'hex').length, proofsOf === 'cell' ? 5 : 4)
  })
}

withKzg('a wish with blobs is mined as a blob transaction and settled like any other', async t => {
  const b = await bench(t)
  const lane = await b.start({ blobs: cells })
  await wishBlobs(b, 'a')
  await lane.tick() // learns that the price of blob gas is wanted
  await lane.block()
  const sent = await b.tx('a')
  t.like(sent, { state: 'sent', blobs: 2 })
  const [attempt] = sent.attempts
  t.true(BigInt(attempt?.maxFeePerBlobGas ?? 0) > 0n)
  t.true(keccak256(unwrapped(await rawOf(b, attempt?.hash ?? '')).signed) === attempt?.hash)
  await lane.block(3)
  const done = await b.tx('a')
  t.is(done.state, 'confirmed')
  const receipt = await b.client.getTransactionReceipt({ hash: done.minedHash as Hex })
  t.is(receipt.type, 'eip4844')
  t.is(receipt.blobGasUsed, 2n * 131_072n)
  const price = receipt.gasUsed * receipt.effectiveGasPrice + (receipt.blobGasUsed ?? 0n) * (receipt.blobGasPrice ?? 0n)
  t.is(BigInt(done.spentWei ?? 0), price)
})

withKzg('a replacement offers at least twice as much on tip, cap and blob cap, with the same blobs', async t => {
  const b = await bench(t)
  const lane = await b.start({ blobs: cells, limits: { bumpAfterMs: 1_000 } })
  await wishBlobs(b, 'a')
  await lane.tick()
  await lane.block()
  await b.clock.advance(2_000)
  await lane.tick()
  const [first, second] = (await b.tx('a')).attempts
  const twice = (field: 'maxFeePerGas' | 'maxPriorityFeePerGas' | 'maxFeePerBlobGas'): boolean =>
    BigInt(second?.[field] ?? 0) >= 2n * BigInt(first?.[field] ?? 1)
  t.true(twice('maxFeePerGas') && twice('maxPriorityFeePerGas') && twice('maxFeePerBlobGas'))
  const [before, after] = await Promise.all([first, second].map(one => rawOf(b, one?.hash ?? '')))
  t.deepEqual(unwrapped(after ?? '0x03').sidecar, unwrapped(before ?? '0x03').sidecar)
  await lane.block(3)
  t.is((await b.tx('a')).state, 'confirmed')
})

withKzg('a blob transaction is taken back by one with the same blobs', async t => {
  const b = await bench(t)
  const lane = await b.start({ blobs: cells })
  await wishBlobs(b, 'a')
  await lane.tick()
  await lane.block()
  await b.cancel('a', 'changed my mind')
  await lane.look()
  const attempts = (await b.tx('a')).attempts
  t.is(attempts.at(-1)?.purpose, 'cancel')
  t.is(unwrapped(await rawOf(b, attempts.at(-1)?.hash ?? '')).sidecar.blobs.length, 2)
  await lane.block(3)
  t.is((await b.tx('a')).state, 'cancelled')
})

withKzg('blobs wait until other transactions of the account are mined, and the other way round', async t => {
  const b = await bench(t)
  const lane = await b.start({ blobs: cells })
  await b.wish('plain')
  await lane.tick()
  await wishBlobs(b, 'blobs')
  await b.wish('later')
  await lane.look()
  t.deepEqual(await b.states(['plain', 'blobs', 'later']), ['sent', 'queued', 'queued'])
  t.regex((await b.tx('blobs')).because ?? '', /blobs and other transactions of one account exclude each other/)
  await lane.block()
  await lane.block()
  t.deepEqual(await b.states(['plain', 'blobs', 'later']), ['mined', 'sent', 'queued'])
  await lane.block()
  t.deepEqual(await b.states(['blobs', 'later']), ['mined', 'sent'])
})

test.serial('blobs that cannot be proven here wait, with a code in the reason and in the log', async t => {
  const b = await bench(t)
  const broken: BlobProver = { prove: () => Promise.reject(new BlobsImpossibleError('not on this platform')) }
  const lane = await b.start({ blobs: broken })
  await wishBlobs(b, 'a')
  await lane.tick()
  await lane.block()
  t.like(await b.tx('a'), { state: 'queued', because: 'TX_107: not on this platform' })
  t.is(lane.logs.filter(({ text }) => text === 'blobs cannot be sent').length, 1)
})

test.serial('the lane stays ours while its blobs are proven, longer than its lease lasts', async t => {
  const b = await bench(t)
  const asked = Promise.withResolvers<void>()
  const proof = Promise.withResolvers<Sidecar>()
  const prove: BlobProver['prove'] = () => {
    asked.resolve()
    return proof.promise
  }
  const lane = await b.start({ blobs: { prove }, leaseMs: 30_000 })
  await wishBlobs(b, 'a')
  await lane.tick()
  const sending = lane.block()
  await asked.promise
  for (let third = 1; third <= 4; third += 1) {
    const before = await leaseEnd(b)
    await waitFor('a later end of the lease', async () => {
      await b.clock.advance(10_000)
      return (await leaseEnd(b)) > before
    })
  }
  proof.reject(new BlobsImpossibleError('not today'))
  await sending
  t.like(await b.tx('a'), { state: 'queued', because: 'TX_107: not today' })
})

test.serial('a lane that somebody else took while blobs were proven signs nothing', async t => {
  const b = await bench(t)
  const asked = Promise.withResolvers<void>()
  const prove: BlobProver['prove'] = () => {
    asked.resolve()
    return new Promise(() => {})
  }
  const lane = await b.start({ blobs: { prove }, leaseMs: 30_000 })
  await wishBlobs(b, 'a')
  await lane.tick()
  const sending = lane.block()
  await asked.promise
  await b.orm.em.fork().execute(`update kernel.lease set holder = 'second', fence = fence + 1`)
  await b.clock.advance(10_000)
  await sending
  t.is(lane.logs.filter(({ text }) => text === 'lost the lane to another daemon').length, 1)
  t.like(await b.tx('a'), { state: 'queued', nonce: null })
})

async function leaseEnd(b: Bench): Promise<number> {
  const [row] = await b.orm.em
    .fork()
    .execute<{ ms: number }[]>('select (extract(epoch from expires_at) * 1000)::float8 as ms from kernel.lease')
  return row?.ms ?? 0
}
