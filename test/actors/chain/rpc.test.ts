import test from 'ava'
import { createPublicClient, http, parseAbi } from 'viem'
import { RpcChainMismatchError, RpcRateLimitedError, RpcUnavailableError } from '../../../src/actors/chain/errors.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { type Rule } from '../../support/fake-rpc.ts'
import { waitFor } from '../../support/patience.ts'
import { refusingUrl } from '../../support/ports.ts'
import { healthy, open, startNode, states, warnings } from '../../support/rpc.ts'
import { until } from '../../support/simulated-clock.ts'

test('an endpoint that refuses connections is passed over, and told as down', async t => {
  const good = await startNode(t)
  const rpc = open(t, [await refusingUrl(), good.url])
  t.is(await rpc.client.getBlockNumber(), 100n)
  t.deepEqual(states(rpc), ['down', 'up'])
  t.regex(rpc.status()[0]?.because ?? '', /ECONNREFUSED/)
})

for (const [name, rule] of [
  ['an HTML page with 502', { http: { status: 502, body: '<html>bad gateway</html>' } }],
  ['a page that is not JSON with 200', { http: { status: 200, body: '<html>hello</html>' } }],
  ['JSON that is not JSON-RPC', { http: { status: 200, body: '{"hello":1}' } }],
  ['an empty body', { http: { status: 200, body: '' } }],
  ['a connection that is cut', 'reset'],
  ['a node that still syncs', { error: { code: -32_000, message: 'node is syncing' } }],
] as const satisfies readonly (readonly [string, Rule])[]) {
  test(`${name} makes the next endpoint answer`, async t => {
    const bad = await startNode(t)
    const good = await startNode(t)
    const rpc = open(t, [bad.url, good.url])
    await rpc.verify()
    bad.rule = () => rule
    t.is(await rpc.client.getBlockNumber(), 100n)
    t.deepEqual(states(rpc), ['down', 'up'])
  })
}

test('an endpoint that hangs is passed over after the timeout', async t => {
  const bad = await startNode(t)
  const good = await startNode(t)
  const rpc = open(t, [bad.url, good.url])
  await rpc.verify()
  bad.rule = () => 'hang'
  const before = bad.requests()
  const number = rpc.client.getBlockNumber()
  await until(() => bad.requests() > before)
  await rpc.clock.advance(1000)
  t.is(await number, 100n)
  t.regex(rpc.status()[0]?.because ?? '', /no answer within 1000 ms/)
})

test('an endpoint that was down is used again once it answers, in the background', async t => {
  const first = await startNode(t)
  const second = await startNode(t)
  const rpc = open(t, [first.url, second.url])
  await rpc.verify()
  first.rule = () => 'reset'
  await rpc.client.getBlockNumber()
  t.deepEqual(states(rpc), ['down', 'up'])
  first.rule = healthy(first)
  await rpc.client.getBlockNumber()
  t.deepEqual(states(rpc), ['down', 'up'], 'not before its pause is over')
  await rpc.clock.advance(1000)
  await rpc.client.getBlockNumber()
  await until(() => states(rpc)[0] === 'up')
  t.pass()
})

test('the pauses of an endpoint that stays down grow', async t => {
  const first = await startNode(t)
  const second = await startNode(t)
  const metrics = createMetrics({ processMetrics: false })
  const rpc = open(t, [first.url, second.url], { metrics })
  await rpc.verify()
  const failures = async (): Promise<number> =>
    Number(/^forgekeeper_rpc_errors_total\{.*endpoint="0".*\} (\d+)$/m.exec(await metrics.text())?.[1] ?? 0)
  first.rule = () => 'reset'
  await rpc.client.getBlockNumber()
  // pauses of 375 ms, 750 ms, 1.5 s and so on, to 22.5 s: over at the first look after each
  const due = [1, 2, 4, 7, 13, 25, 48]
  for (let second_ = 1; second_ <= 60; second_ += 1) {
    const before = await failures()
    await rpc.clock.advance(1000)
    await rpc.client.getBlockNumber()
    if (due.includes(second_)) await waitFor(`a try after ${second_} s`, async () => (await failures()) > before)
  }
  t.is(await failures(), 1 + due.length, 'and at no other time')
})

test('when nobody answers, the error is transient and names every endpoint with its reason', async t => {
  const other = await startNode(t)
  other.rule = () => ({ http: { status: 503, body: 'no' } })
  const rpc = open(t, [await refusingUrl(), other.url])
  const error = await t.throwsAsync(rpc.client.getBlockNumber(), { instanceOf: RpcUnavailableError })
  t.is(error.code, 'RPC_001')
  t.is(error.severity, 'transient')
  t.regex(error.message, /ECONNREFUSED/)
  t.regex(error.message, /HTTP 503/)
})

test('an outage comes out of every method of the client as the same error', async t => {
  const one = await startNode(t)
  one.rule = () => 'reset'
  const rpc = open(t, [one.url])
  const address = '0x0000000000000000000000000000000000000001'
  const abi = parseAbi(['function f() view returns (uint256)'])
  await t.throwsAsync(rpc.client.readContract({ address, abi, functionName: 'f' }), { instanceOf: RpcUnavailableError })
  await t.throwsAsync(rpc.client.getBalance({ address }), { instanceOf: RpcUnavailableError })
  await t.throwsAsync(rpc.client.request({ method: 'eth_blockNumber' }), { instanceOf: RpcUnavailableError })
  await t.throwsAsync(rpc.send('eth_sendRawTransaction', ['0x'], { endpoints: 'all' }), {
    instanceOf: RpcUnavailableError,
  })
})

test('what a node says about the request itself reaches the caller unchanged, and no other endpoint is asked', async t => {
  const one = await startNode(t)
  const other = await startNode(t)
  const rpc = open(t, [one.url, other.url])
  await rpc.verify()
  const answer = { code: -32_000, message: 'nonce too low: next nonce 5, tx nonce 4', data: { some: 'data' } }
  one.rule = () => ({ error: answer })
  const before = other.calls.length
  const error = await t.throwsAsync(rpc.send('eth_sendRawTransaction', ['0x00'], { endpoints: 'first-healthy' }))
  t.like(error, { name: 'RpcRequestError', code: answer.code, details: answer.message, data: answer.data })
  t.is(other.calls.length, before)
  t.deepEqual(states(rpc), ['up', 'up'])
})

test('a revert through the client is what viem makes of it with its own transport', async t => {
  const node = await startNode(t)
  const rpc = open(t, [node.url])
  await rpc.verify()
  const data =
    '0x08c379a0000000000000000000000000000000000000000000000000000000000000002000000000000000000000000000000000000000000000000000000000000000046e6f7065000000000000000000000000000000000000000000000000000000'
  node.rule = () => ({ error: { code: 3, message: 'execution reverted: nope', data } })
  const call = {
    address: '0x0000000000000000000000000000000000000001',
    abi: parseAbi(['function f() view returns (uint256)']),
    functionName: 'f',
  } as const
  const ours = await t.throwsAsync(rpc.client.readContract(call))
  const theirs = await t.throwsAsync(
    createPublicClient({ transport: http(node.url, { retryCount: 0 }) }).readContract(call),
  )
  t.is(ours.name, theirs.name)
  t.is(ours.message, theirs.message)
})

test('an endpoint on another chain is left out with a warning; the others are used', async t => {
  const wrong = await startNode(t, 100, 1)
  const right = await startNode(t)
  const rpc = open(t, [wrong.url, right.url])
  t.is(await rpc.client.getBlockNumber(), 100n)
  await rpc.verify()
  t.deepEqual(states(rpc), ['refused', 'up'])
  t.true(warnings.some(line => line.includes('another chain') && line.includes(wrong.url)))
  t.false(wrong.calls.some(({ method }) => method === 'eth_blockNumber'))
})

test('when every endpoint is on another chain, that is fatal and says what to do', async t => {
  const one = await startNode(t, 100, 1)
  const other = await startNode(t, 100, 5)
  const rpc = open(t, [one.url, other.url])
  const error = await t.throwsAsync(rpc.verify(), { instanceOf: RpcChainMismatchError })
  t.is(error.code, 'RPC_002')
  t.is(error.severity, 'fatal')
  t.regex(error.message, /chain 1, not on 31337/)
  await t.throwsAsync(rpc.client.getBlockNumber(), { instanceOf: RpcChainMismatchError })
})

test('a wrong endpoint beside one that is down is an outage, not fatal', async t => {
  const one = await startNode(t, 100, 1)
  const rpc = open(t, [one.url, await refusingUrl()])
  await t.throwsAsync(rpc.verify(), { instanceOf: RpcUnavailableError })
})

test('an endpoint that comes back on another chain is refused', async t => {
  const node = await startNode(t)
  const other = await startNode(t)
  const rpc = open(t, [node.url, other.url])
  await rpc.verify()
  node.rule = () => 'reset'
  await rpc.client.getBlockNumber()
  node.rule = healthy(node, 7)
  await rpc.clock.advance(1000)
  await rpc.client.getBlockNumber()
  await until(() => states(rpc)[0] === 'refused')
  t.pass()
})

test('an endpoint that asks for a pause is left alone for as long as it said', async t => {
  const one = await startNode(t)
  const other = await startNode(t)
  const rpc = open(t, [one.url, other.url])
  await rpc.verify()
  one.rule = () => ({ http: { status: 429, body: 'slow down', headers: { 'retry-after': '5' } } })
  t.is(await rpc.client.getBlockNumber(), 100n)
  t.deepEqual(states(rpc), ['limited', 'up'])
  one.rule = healthy(one)
  const before = one.requests()
  await rpc.clock.advance(4000)
  await rpc.client.getBlockNumber()
  t.is(one.requests(), before)
  await rpc.clock.advance(1500)
  await rpc.client.getBlockNumber()
  await until(() => states(rpc)[0] === 'up')
  t.true(one.requests() > before)
})

test('when every endpoint asks for a pause, the error says so and nothing is sent meanwhile', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url])
  await rpc.verify()
  one.rule = () => ({ error: { code: 429, message: 'exceeded its compute units per second' } })
  await t.throwsAsync(rpc.client.getBlockNumber(), { instanceOf: RpcRateLimitedError })
  const before = one.requests()
  const error = await t.throwsAsync(rpc.client.getBlockNumber(), { instanceOf: RpcRateLimitedError })
  t.is(error.code, 'RPC_004')
  t.is(one.requests(), before)
})

test('a refusal of one call in a batch leaves the answers of the others', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url])
  await rpc.verify()
  const rule = healthy(one)
  one.rule = call => (call.method === 'eth_gasPrice' ? { error: { code: 429, message: 'rate limit' } } : rule(call))
  const [number, price] = await Promise.allSettled([rpc.client.getBlockNumber(), rpc.client.getGasPrice()])
  t.is(number.status, 'fulfilled')
  t.is(price.status, 'rejected')
})

test('calls of the same moment travel in one request', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url])
  await rpc.verify()
  const before = one.requests()
  await Promise.all(Array.from({ length: 20 }, () => rpc.client.request({ method: 'eth_blockNumber' })))
  t.is(one.requests() - before, 1)
})

test('an endpoint that refuses batches is asked one by one', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url])
  await rpc.verify()
  const rule = healthy(one)
  let refusals = 0
  one.rule = call => {
    if (
      one.calls.length >= 2 &&
      one.calls.at(-2)?.params[0] === 'twin' &&
      call.params[0] === 'twin' &&
      refusals === 0
    ) {
      refusals += 1
      return {
        http: { status: 200, body: '{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no batches"}}' },
      }
    }
    return call.params[0] === 'twin' ? { result: '0x1' } : rule(call)
  }
  const twin = { method: 'twin', params: ['twin'] }
  t.deepEqual(await rpc.batch([twin, twin]), [{ result: '0x1' }, { result: '0x1' }])
  t.is(refusals, 1)
})
