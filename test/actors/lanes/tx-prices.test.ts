/** Ceilings of the account and of one wish, and endpoints that are private for a while. */
import test from 'ava'
import { GWEI, useTxLane } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

test.serial(
  'a ceiling below the base fee at the start is told once with its code; nothing goes until it fits',
  async t => {
    const b = await bench(t)
    await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 50n * GWEI })
    await b.mine()
    const lane = await b.start({ limits: { maxFeePerGasWei: 20n * GWEI } })
    await b.wish('a')
    await lane.tick()
    await lane.tick()
    const said = lane.logs.filter(({ fields }) => fields['code'] === 'TX_106')
    t.is(said.length, 1)
    t.like(said[0], { level: 'error' })
    t.regex(said[0]?.text ?? '', /^main may pay 20 gwei for gas, local asks [\d.]+ gwei$/)
    t.like(await b.tx('a'), { state: 'queued', nonce: null })
    t.regex((await b.tx('a')).because ?? '', /^the market asks [\d.]+ gwei, the ceiling is 20 gwei$/)
    await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 2n * GWEI })
    await lane.block()
    t.is((await b.tx('a')).state, 'sent')
  },
)

test.serial('a wish with a ceiling of its own waits below it while others go on', async t => {
  const b = await bench(t)
  await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: 10n * GWEI })
  await b.mine()
  const lane = await b.start()
  await b.wish('thrifty', { maxFeePerGas: 3n * GWEI })
  await b.wish('other')
  await lane.tick()
  t.deepEqual(await b.states(['thrifty', 'other']), ['queued', 'sent'])
  t.regex((await b.tx('thrifty')).because ?? '', /the ceiling is 3 gwei/)
  await lane.block()
  await b.chain.setNextBlockBaseFeePerGas({ baseFeePerGas: GWEI / 2n })
  await lane.block()
  const tx = await b.tx('thrifty')
  t.is(tx.state, 'sent')
  t.true(BigInt(tx.attempts[0]?.maxFeePerGas ?? 0) <= 3n * GWEI)
})

test.serial('what was sent privately and is not mined in time goes everywhere, once', async t => {
  const b = await bench(t)
  const sent: boolean[] = []
  const rpc = {
    client: b.client,
    publicAfterMs: 60_000,
    sendRaw: async (raw: `0x${string}`, everywhere = false) => {
      sent.push(everywhere)
      return everywhere ? b.client.request({ method: 'eth_sendRawTransaction', params: [raw] }) : '0x'
    },
  }
  const lane = await b.start({ rpc, limits: { bumpAfterMs: 600_000 } })
  await b.wish('a')
  await lane.tick()
  await lane.block()
  t.deepEqual([...new Set(sent)], [false])
  await b.clock.advance(61_000)
  await lane.tick()
  await lane.tick()
  t.is(sent.filter(everywhere => everywhere).length, 1)
  await lane.block()
  t.is((await b.tx('a')).state, 'mined')
})
