/** Critical reads: as many endpoints as the quorum asks for agree, or nothing is concluded. And private sending. */
import test, { type ExecutionContext } from 'ava'
import { RpcDisagreeError } from '../../../src/actors/chain/errors.ts'
import type { Rpc } from '../../../src/actors/chain/rpc.ts'
import type { Rule } from '../../support/fake-rpc.ts'
import { healthy, open, startNode, type Node } from '../../support/rpc.ts'

const ADDRESS = `0x${'12'.repeat(20)}` as const
const HASH = `0x${'34'.repeat(32)}` as const

/** Nodes that answer a method each in its own way. */
async function nodes(t: ExecutionContext, method: string, answers: readonly Rule[]): Promise<Node[]> {
  return Promise.all(
    answers.map(async answer => {
      const node = await startNode(t)
      node.rule = call => (call.method === method ? answer : healthy(node)(call))
      return node
    }),
  )
}

async function opened(t: ExecutionContext, all: readonly Node[], quorum: number): Promise<Rpc> {
  const rpc = open(
    t,
    all.map(({ url }) => url),
    { quorum },
  )
  await rpc.verify()
  return rpc
}

const count = (n: number): Rule => ({ result: `0x${n.toString(16)}` })

test('the answer of two out of three endpoints counts, whatever the first one says', async t => {
  const rpc = await opened(t, await nodes(t, 'eth_getTransactionCount', [count(9), count(7), count(7)]), 2)
  t.is(await rpc.critical.getTransactionCount({ address: ADDRESS }), 7)
  t.is(await rpc.client.getTransactionCount({ address: ADDRESS }), 9)
})

test('an endpoint that hangs does not hold up two that agree', async t => {
  const rpc = await opened(t, await nodes(t, 'eth_getTransactionCount', ['hang', count(7), count(7)]), 2)
  t.is(await rpc.critical.getTransactionCount({ address: ADDRESS }), 7)
})

test('without agreement there is no answer, and the error says how many agree', async t => {
  const rpc = await opened(t, await nodes(t, 'eth_getTransactionCount', [count(9), count(8), count(7)]), 2)
  const error = await t.throwsAsync(rpc.critical.getTransactionCount({ address: ADDRESS }), {
    instanceOf: RpcDisagreeError,
  })
  t.like(error, { code: 'RPC_006', severity: 'transient', facts: { quorum: 2, agree: 1, answers: 3 } })
})

test('an endpoint that is down or lacks the block has no vote', async t => {
  const behind: Rule = { error: { code: -32_000, message: 'header not found' } }
  const rpc = await opened(t, await nodes(t, 'eth_getTransactionCount', [count(7), behind, 'reset']), 2)
  const error = await t.throwsAsync(rpc.critical.getTransactionCount({ address: ADDRESS }), {
    instanceOf: RpcDisagreeError,
  })
  t.like(error, { facts: { agree: 1, failed: 2 } })
})

test('receipts agree when block, status and gas do, whatever else clients add', async t => {
  const receipt = { transactionHash: HASH, blockHash: HASH, blockNumber: '0x1', status: '0x1', gasUsed: '0x5208' }
  const answers = [
    { result: { ...receipt, l1Fee: '0x1' } },
    { result: { ...receipt, gasUsed: '0x5209' } },
    { result: { ...receipt, blockHash: HASH.toUpperCase().replace('0X', '0x') } },
  ]
  const rpc = await opened(t, await nodes(t, 'eth_getTransactionReceipt', answers), 2)
  const found = await rpc.critical.request({ method: 'eth_getTransactionReceipt', params: [HASH] })
  t.like(found, { gasUsed: '0x5208' })
})

test('a block with the right hash and other transactions is not the same block', async t => {
  const block = (transactions: readonly unknown[], more: object = {}): Rule => ({
    result: { hash: HASH, number: '0x7', transactions, ...more },
  })
  const tx = { hash: HASH, from: ADDRESS, nonce: '0x1' }
  const forged = block([{ ...tx, nonce: '0x2' }])
  const honest = await nodes(t, 'eth_getBlockByNumber', [forged, block([tx]), block([tx], { size: '0x9' })])
  const rpc = open(
    t,
    honest.map(({ url }) => url),
    { quorum: 2 },
  )
  const found: unknown = await rpc.critical.request({ method: 'eth_getBlockByNumber', params: ['0x7', true] })
  t.like(found, { transactions: [tx] })
})

test('with a quorum of one the first healthy endpoint is believed and nobody else is asked', async t => {
  const all = await nodes(t, 'eth_getTransactionCount', [count(9), count(7)])
  const rpc = await opened(t, all, 1)
  t.is(await rpc.critical.getTransactionCount({ address: ADDRESS }), 9)
  t.false(all[1]?.calls.some(({ method }) => method === 'eth_getTransactionCount'))
})

test('signed bytes go to the private endpoints and to no other', async t => {
  const [reader, secret] = await nodes(t, 'eth_sendRawTransaction', [{ result: HASH }, { result: HASH }])
  const rpc = open(t, [reader?.url ?? ''], { sendUrls: [secret?.url ?? ''] })
  t.is(await rpc.send('eth_sendRawTransaction', ['0x02'], { endpoints: 'senders' }), HASH)
  t.false(reader?.calls.some(({ method }) => method === 'eth_sendRawTransaction'))
  t.is(await rpc.send('eth_sendRawTransaction', ['0x02'], { endpoints: 'all' }), HASH)
  t.true(reader?.calls.some(({ method }) => method === 'eth_sendRawTransaction'))
})

test('a private endpoint on another chain is never handed signed bytes', async t => {
  const reader = await startNode(t)
  const other = await startNode(t, 100, 1)
  const rpc = open(t, [reader.url], { sendUrls: [other.url] })
  await t.throwsAsync(rpc.send('eth_sendRawTransaction', ['0x02'], { endpoints: 'senders' }), {
    message: /is on chain 1/,
  })
  t.false(other.calls.some(({ method }) => method === 'eth_sendRawTransaction'))
})
