/**
 * Endpoints that answer what is not so, or what is nothing at all: no outcome is believed that the chain as a whole does
 * not show, and no answer ends the lane.
 */
import test from 'ava'
import { numberToHex, type Hex, type PublicClient } from 'viem'
import { isTransient } from '../../../src/errors.ts'
import type { RpcReply } from '../../support/fault-proxy.ts'
import { useTxLane, type Bench } from '../../support/tx-lane.ts'

const bench = useTxLane(test)

/** A stranger's transaction has the nonce of `a`, in a block below the head. */
async function takenByStranger(
  b: Bench,
): Promise<{ readonly block: Hex; readonly blockHash: Hex; readonly hash: Hex }> {
  await b.emptyPool()
  const hash = await b.foreign(0)
  await b.mine()
  const { blockNumber, blockHash } = await b.client.getTransactionReceipt({ hash })
  return { block: numberToHex(blockNumber), blockHash, hash }
}

test.serial('a receipt that one endpoint alone invents does not make a transaction mined', async t => {
  const b = await bench(t)
  const liar = {
    request: async ({ params }: { params: readonly Hex[] }) => ({
      transactionHash: params[0],
      blockNumber: taken.block,
      blockHash: taken.blockHash,
      status: '0x1',
      gasUsed: '0x5208',
    }),
  } as unknown as PublicClient // the one method that is asked of it
  const lane = await b.start({ endpoints: [liar] })
  await b.wish('a')
  await lane.tick()
  const taken = await takenByStranger(b)
  await lane.block()
  for (let round = 0; round < 6; round += 1) await lane.block()
  t.is((await b.tx('a')).state, 'confirmed')
  t.is(await b.hits('a'), 1)
})

test.serial('a receipt of another transaction is none of ours', async t => {
  const b = await bench(t)
  const lane = await b.start()
  await b.wish('a')
  await lane.tick()
  const taken = await takenByStranger(b)
  b.proxy.on('eth_getTransactionReceipt', async (call, forward) => {
    const reply = await forward()
    if ('result' in reply && reply.result !== null) return reply
    return {
      result: {
        transactionHash: taken.hash,
        blockNumber: taken.block,
        blockHash: taken.blockHash,
        status: '0x1',
        gasUsed: '0x5208',
      },
    }
  })
  for (let round = 0; round < 6; round += 1) await lane.block()
  t.is(await b.hits('a'), (await b.tx('a')).state === 'confirmed' ? 1 : 0)
})

const METHODS = [
  'eth_getBlockByNumber',
  'eth_getTransactionCount',
  'eth_maxPriorityFeePerGas',
  'eth_estimateGas',
  'eth_getTransactionReceipt',
  'eth_getBlockReceipts',
  'eth_getTransactionByHash',
  'eth_getBalance',
  'eth_sendRawTransaction',
  'eth_call',
]
const NO_BLOCK = { transactionHash: null, blockNumber: null, blockHash: null, status: null }
const GARBAGE: readonly unknown[] = [null, {}, '0x', 'abc', -1, 1e30, [{}], NO_BLOCK]

for (const method of METHODS) {
  test.serial(`whatever ${method} answers, the lane waits it out and every wish happens once`, async t => {
    const b = await bench(t)
    const lane = await b.start()
    let at = 0
    const deliver = async (work: Promise<void>): Promise<void> => {
      try {
        await work
      } catch (error) {
        if (!isTransient(error)) throw error
      }
    }
    const spoil = (): RpcReply => ({ result: GARBAGE[at++ % GARBAGE.length] })
    for (let round = 0; round < GARBAGE.length; round += 1) {
      if (round % 4 === 0) await b.wish(`k${round}`, { gasLimit: round % 8 === 0 ? null : 200_000n })
      b.proxy.on(method, async () => spoil())
      await deliver(lane.tick())
      await deliver(lane.block())
      b.proxy.on(method, null)
      await deliver(lane.block())
    }
    await b.clock.advance(61_000)
    for (let round = 0; round < 5; round += 1) await deliver(lane.block())
    const keys = ['k0', 'k4']
    t.deepEqual(
      await b.states(keys),
      keys.map(() => 'confirmed'),
    )
    t.deepEqual(await Promise.all(keys.map(b.hits)), [1, 1])
  })
}
