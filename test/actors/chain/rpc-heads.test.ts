import test from 'ava'
import { EndpointBehindError, RpcAnswerError, RpcUnavailableError } from '../../../src/actors/chain/errors.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { refusingUrl } from '../../support/ports.ts'
import { healthy, open, startNode, states, warnings } from '../../support/rpc.ts'

test('a block that the first endpoint does not have is asked of the next; when none has it, the wait is transient', async t => {
  const one = await startNode(t)
  const other = await startNode(t)
  const rpc = open(t, [one.url, other.url])
  await rpc.verify()
  one.rule = () => ({ error: { code: -32_000, message: 'header not found' } })
  other.rule = () => ({ result: '0x5' })
  t.is(await rpc.client.getBalance({ address: '0x0000000000000000000000000000000000000001' }), 5n)
  other.rule = one.rule
  const error = await t.throwsAsync(rpc.client.getGasPrice(), { instanceOf: EndpointBehindError })
  t.is(error.severity, 'transient')
  t.deepEqual(states(rpc), ['up', 'up'])
})

test('an endpoint that lags rests until it has caught up', async t => {
  const one = await startNode(t, 100)
  const other = await startNode(t, 120)
  const rpc = open(t, [one.url, other.url])
  await rpc.verify()
  t.deepEqual(states(rpc), ['quarantined', 'up'])
  t.regex(rpc.status()[0]?.because ?? '', /lags at block 100, the head is 120/)
  t.is(await rpc.client.getBlockNumber(), 120n)
  one.head = 118
  await rpc.verify()
  t.deepEqual(states(rpc), ['up', 'up'])
})

test('an endpoint whose head goes backwards while the others go on is put to rest, with the reason', async t => {
  const one = await startNode(t, 120)
  const other = await startNode(t, 121)
  const rpc = open(t, [one.url, other.url])
  t.is((await rpc.latest(null)).number, 120n)
  await rpc.verify()
  one.head = 90
  t.is((await rpc.latest(120n)).number, 121n)
  t.deepEqual(states(rpc), ['quarantined', 'up'])
  t.regex(rpc.status()[0]?.because ?? '', /went back from block 120 to 90/)
  t.true(warnings.some(line => line.includes('RPC_003')))
})

test('a lower head is believed only after every healthy endpoint has shown it several times over a second', async t => {
  const one = await startNode(t, 120)
  const other = await startNode(t, 120)
  const rpc = open(t, [one.url, other.url])
  await rpc.verify()
  one.head = 100
  other.head = 101
  const error = await t.throwsAsync(rpc.latest(120n), { instanceOf: EndpointBehindError })
  t.is(error.code, 'RPC_003')
  await t.throwsAsync(rpc.latest(120n), { instanceOf: EndpointBehindError })
  await t.throwsAsync(rpc.latest(120n), { instanceOf: EndpointBehindError })
  await rpc.clock.advance(1000)
  t.is((await rpc.latest(120n)).number, 101n)
  t.deepEqual(states(rpc), ['up', 'up'])
})

test('a transaction is sent to every endpoint, and one good answer is enough', async t => {
  const one = await startNode(t)
  const other = await startNode(t)
  const third = await startNode(t)
  const rpc = open(t, [one.url, other.url, third.url])
  await rpc.verify()
  one.rule = () => ({ error: { code: -32_000, message: 'already known' } })
  other.rule = () => ({ result: '0xabc' })
  third.rule = () => 'reset'
  t.is(await rpc.send('eth_sendRawTransaction', ['0x00'], { endpoints: 'all' }), '0xabc')
  other.rule = () => 'reset'
  const error = await t.throwsAsync(rpc.send('eth_sendRawTransaction', ['0x00'], { endpoints: 'all' }))
  t.like(error, { details: 'already known' })
})

test('an answer that is too large or has another shape is refused', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url])
  await rpc.verify()
  const rule = healthy(one)
  one.rule = call => (call.params[0] === 'latest' ? { result: { number: '0x64', hash: 'boo' } } : rule(call))
  await t.throwsAsync(rpc.latest(null), { instanceOf: RpcUnavailableError, message: /something else where a hash/ })
  one.rule = call => (call.method === 'eth_chainId' ? { result: 'many' } : undefined)
  await t.throwsAsync(open(t, [one.url]).verify(), { instanceOf: RpcUnavailableError })
  t.is(new RpcAnswerError('x').code, 'RPC_005')
})

test('no text shows credentials or keys of a URL', async t => {
  const one = await startNode(t)
  const { port } = new URL(one.url)
  one.rule = () => 'reset'
  const secret = 's3cr3tKeyThatIsLongEnough123'
  const url = `http://user:${secret}@127.0.0.1:${port}/v2/${secret}?apikey=${secret}`
  const rpc = open(t, [url])
  const error = await t.throwsAsync(rpc.verify())
  one.rule = () => ({ error: { code: -32_000, message: 'some answer' } })
  const answered = await t.throwsAsync(rpc.send('eth_chainId', [], { endpoints: 'all' }))
  for (const thrown of [error, answered]) {
    let text = JSON.stringify(rpc.status(), (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))
    for (let at: unknown = thrown; at instanceof Error; at = at.cause) text += at.stack + JSON.stringify(at)
    t.false(text.includes(secret))
  }
})

test('requests and their errors are counted for each endpoint', async t => {
  const one = await startNode(t)
  const other = await startNode(t)
  const metrics = createMetrics({ processMetrics: false })
  const rpc = open(t, [one.url, other.url], { metrics })
  one.rule = () => 'reset'
  await rpc.client.getBlockNumber()
  const text = await metrics.text()
  t.regex(text, /rpc_requests_total\{chain="test",endpoint="1"\} 2/)
  t.regex(text, /rpc_errors_total\{chain="test",endpoint="0",code="RPC_001"\} 1/)
})

test('after closing nothing is sent any more', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url])
  await rpc.verify()
  await rpc.close()
  const before = one.requests()
  await t.throwsAsync(rpc.client.getBlockNumber(), { instanceOf: RpcUnavailableError })
  t.is(one.requests(), before)
})

test('a WebSocket that is not there changes nothing but that heads are not announced', async t => {
  const one = await startNode(t)
  const rpc = open(t, [one.url], { wsUrl: (await refusingUrl()).replace('http', 'ws') })
  rpc.onHead(() => t.fail('nobody can announce'))
  await rpc.verify()
  await rpc.clock.advance(10_000)
  t.is((await rpc.latest(null)).number, 100n)
  t.false(rpc.announced)
})

test('each endpoint can be asked on its own; one on another chain gives no answer', async t => {
  const one = await startNode(t, 100)
  const other = await startNode(t, 90)
  const wrong = await startNode(t, 80, 1)
  const rpc = open(t, [one.url, other.url, wrong.url])
  t.deepEqual(await Promise.all(rpc.each.slice(0, 2).map(client => client.getBlockNumber())), [100n, 90n])
  const error = await t.throwsAsync(async () => rpc.each[2]?.getBlockNumber(), { instanceOf: RpcUnavailableError })
  t.regex(error.message, /on chain 1/)
})
