/** What a forger meets on the rollup contract: every requirement of forgeBatch, with the public input made in the test. */
import test from 'ava'
import { concat, encodeFunctionData, numberToHex, parseSignature, type Hex } from 'viem'
import { abi as relayAbi, bytecode as relayCode } from '../../contracts/artifacts/Relay.ts'
import { abi as rollupAbi } from '../../contracts/artifacts/Rollup.ts'
import { TEST_CHAIN_ID, useAnvil } from '../support/anvil.ts'
import {
  alice,
  authorisation,
  deployer,
  forger,
  INDEX_BYTES,
  kit,
  MAX_TX,
  queued,
  revertText,
  type Kit,
} from './kit.ts'

const anvil = useAnvil(test)
const fresh = async (): Promise<Kit> => kit((await anvil()).rpcUrl)

const KEY: Hex = `0x${'5a'.repeat(32)}`

/** 101 bytes, and what they become: an account for `alice`, who signs, or for nobody. */
async function coordinatorTx(one: Kit, tokenId: number, signed: boolean): Promise<{ encoded: Hex; data: Hex }> {
  const token = numberToHex(tokenId, { size: 4 })
  const zero = numberToHex(0, { size: 32 })
  const key = BigInt(KEY)
  const created = { key, loadAmountF: 0, tokenId }
  if (!signed) {
    return { encoded: concat(['0x00', zero, zero, KEY, token]), data: queued(created, `0x${'ff'.repeat(20)}`) }
  }
  const signature = parseSignature(await alice.signTypedData(authorisation(one.contracts.rollup, KEY, TEST_CHAIN_ID)))
  const v = numberToHex(27 + signature.yParity, { size: 1 })
  return { encoded: concat([v, signature.s, signature.r, KEY, token]), data: queued(created, alice.address) }
}

test.serial('the first batch must be an L1 batch', async t => {
  const one = await fresh()
  t.is(await revertText(t, one.forge()), 'Hermez::forgeBatch: L1L2BATCH_REQUIRED')
  const receipt = await one.forge({ l1: true, newStateRoot: 11n, newExitRoot: 12n })
  t.deepEqual(one.events(receipt, one.contracts.rollup), [
    { eventName: 'ForgeBatch', args: { batchNum: 1, l1UserTxsLen: 0 } },
  ])
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'stateRootMap', args: [1] }), 11n)
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'exitRootsMap', args: [1] }), 12n)
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'lastL1L2Batch' }), receipt.blockNumber)
})

test.serial('L2 batches follow until the timeout, then an L1 batch is due', async t => {
  const one = await fresh()
  const { blockNumber } = await one.forge({ l1: true })
  await one.nextBlockIs(blockNumber + 9n)
  const row = concat([
    numberToHex(256, { size: 4 }),
    numberToHex(257, { size: 4 }),
    numberToHex(9, { size: 5 }),
    '0x7e',
  ])
  const l2 = await one.forge({ data: row, fees: numberToHex(256, { size: 4 }), newStateRoot: 8n, newLastIdx: 300 })
  t.is(l2.blockNumber, blockNumber + 9n)
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'lastIdx' }), 300)
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'lastForgedBatch' }), 2)
  t.is(await revertText(t, one.forge({ newLastIdx: 300 })), 'Hermez::forgeBatch: L1L2BATCH_REQUIRED')
  await one.forge({ l1: true, newLastIdx: 300 })
})

test.serial('only who the auction lets may forge, and only directly', async t => {
  const one = await fresh()
  t.is(await revertText(t, one.forge({ l1: true, from: alice })), 'Hermez::forgeBatch: AUCTION_DENIED')
  const { contractAddress: relay } = await one.mined(
    one.wallet.deployContract({ abi: relayAbi, bytecode: relayCode, account: deployer }),
  )
  const data = encodeFunctionData({
    abi: rollupAbi,
    functionName: 'forgeBatch',
    args: await one.batchArgs({ l1: true }),
  })
  const args = [one.contracts.rollup, data] as const
  const call = {
    address: relay ?? '0x',
    abi: relayAbi,
    functionName: 'relay',
    args,
    account: forger,
    blockTag: 'pending',
  } as const
  t.is(await revertText(t, one.chain.simulateContract(call)), 'Hermez::forgeBatch: INTENAL_TX_NOT_ALLOWED')
})

test.serial('a public input that is off by one is an invalid proof', async t => {
  const one = await fresh()
  t.is(await revertText(t, one.forge({ l1: true, off: 1n })), 'Hermez::forgeBatch: INVALID_PROOF')
  const args = await one.batchArgs({ l1: true })
  await one.forge({ l1: true })
  const again = { ...one.rollup, functionName: 'forgeBatch', args, account: forger, blockTag: 'pending' } as const
  t.is(await revertText(t, one.chain.simulateContract(again)), 'Hermez::forgeBatch: INVALID_PROOF')
})

test.serial('the coordinator creates accounts with and without an authorisation', async t => {
  const one = await fresh()
  const [signed, plain] = await Promise.all([coordinatorTx(one, 1, true), coordinatorTx(one, 0, false)])
  const both = { encoded: concat([signed.encoded, plain.encoded]), data: concat([signed.data, plain.data]) }
  await one.forge({ l1: true, coordinatorTxs: both.encoded, coordinatorData: both.data, newLastIdx: 257 })
  t.is(await one.chain.readContract({ ...one.rollup, functionName: 'lastIdx' }), 257)
})

test.serial('accounts are created in L2 batches as well, and the queue stays', async t => {
  const one = await fresh()
  await one.forge({ l1: true })
  await one.deposit()
  await one.forge({ l1: true })
  const created = await coordinatorTx(one, 0, true)
  const receipt = await one.forge({ coordinatorTxs: created.encoded, coordinatorData: created.data, newLastIdx: 256 })
  t.is(one.events(receipt, one.contracts.rollup)[0]?.args['l1UserTxsLen'], 0)
  const waiting = await one.chain.readContract({ ...one.rollup, functionName: 'mapL1TxQueue', args: [2] })
  t.deepEqual(waiting, queued())
})

test.serial('a token that is not registered and a signature of nobody are refused', async t => {
  const one = await fresh()
  const unknown = await coordinatorTx(one, 2, true)
  const tokens = one.forge({ l1: true, coordinatorTxs: unknown.encoded, coordinatorData: unknown.data })
  t.is(await revertText(t, tokens), 'Hermez::_buildL1Data: TOKEN_NOT_REGISTERED')
  const good = await coordinatorTx(one, 0, true)
  const wrongV: Hex = `0x13${good.encoded.slice(4)}`
  const signature = one.forge({ l1: true, coordinatorTxs: wrongV, coordinatorData: good.data })
  t.is(await revertText(t, signature), 'Hermez::_checkSig: INVALID_SIGNATURE')
  const another = await fresh()
  const elsewhere = another.forge({ l1: true, coordinatorTxs: good.encoded, coordinatorData: good.data })
  t.is(await revertText(t, elsewhere), 'Hermez::forgeBatch: INVALID_PROOF')
})

test.serial('too many transactions and too many fee accounts are refused', async t => {
  const one = await fresh()
  const rows: Hex = `0x${'00'.repeat(MAX_TX * (2 * INDEX_BYTES + 6) + 1)}`
  t.is(await revertText(t, one.forge({ l1: true, data: rows })), 'Hermez::_constructCircuitInput: L2_TX_OVERFLOW')
  const fees: Hex = `0x${'00'.repeat(64 * INDEX_BYTES + 1)}`
  const text = 'Hermez::_constructCircuitInput: INVALID_FEEIDXCOORDINATOR_LENGTH'
  t.is(await revertText(t, one.forge({ l1: true, fees })), text)
  const creation = await coordinatorTx(one, 0, false)
  const coordinatorTxs = concat(Array.from({ length: 257 }, () => creation.encoded))
  t.is(await revertText(t, one.forge({ l1: true, coordinatorTxs })), 'Hermez::_buildL1Data: L1_TX_OVERFLOW')
})
