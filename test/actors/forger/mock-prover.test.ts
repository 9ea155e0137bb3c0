import { createHash } from 'node:crypto'
import test from 'ava'
import { fateOf } from '../../../src/actors/forger/mock-prover/machine.ts'
import {
  runMockProver,
  runMockProvers,
  type MockProver,
  type MockProverOptions,
} from '../../../src/actors/forger/mock-prover.ts'
import { parseProof } from '../../../src/actors/lanes/prover/proof.ts'
import { FIELD_ORDER } from '../../../src/actors/lanes/prover/protocol.ts'
import { silentLog } from '../../../src/log.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const start = async (more: Partial<MockProverOptions> = {}): Promise<MockProver> => {
  const prover = await runMockProver({
    port: 0,
    delayMs: 1000,
    failRate: 0,
    hangRate: 0,
    seed: 1,
    log: silentLog,
    ...more,
  })
  open.push(prover)
  return prover
}
const open: MockProver[] = []
test.after.always(() => Promise.all(open.map(prover => prover.close())))

const status = async (prover: MockProver, path = 'status'): Promise<Record<string, string>> =>
  (await fetch(prover.url + path)).json() as Promise<Record<string, string>>
const post = (prover: MockProver, path: string, body = '{}', publicInput: string | null = '7'): Promise<Response> =>
  fetch(prover.url + path, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...(publicInput && { 'forgekeeper-public-input': publicInput }) },
  })

test('it is ready, then busy, then has a proof that names the public input it was posted with', async t => {
  const clock = new SimulatedClock()
  const prover = await start({ clock })
  t.deepEqual(await status(prover), { status: 'ready' })
  t.is((await post(prover, 'input', '{"x":1}', '123')).status, 200)
  await clock.advance(999)
  t.deepEqual(await status(prover), { status: 'busy' })
  await clock.advance(1)
  const answer = await status(prover)
  t.is(answer['status'], 'success')
  t.is(answer['pubData'], '["123"]')
  const proof = parseProof(answer['proof'] ?? '')
  t.true(proof.ok && proof.value.pi_a[0] === '123')
  t.like(prover.stats(), { inputs: 1, proofs: 1, provingMs: 1000, refused: 0 })
})

test('without the header the public input follows from the body', async t => {
  const clock = new SimulatedClock()
  const prover = await start({ clock })
  await post(prover, 'input', '{"x":1}', null)
  await clock.advance(1000)
  const expected = BigInt(`0x${createHash('sha256').update('{"x":1}').digest('hex')}`) % FIELD_ORDER
  t.is((await status(prover))['pubData'], `["${expected}"]`)
})

test('a busy prover refuses an input with 500 and a message, and goes on', async t => {
  const prover = await start({ clock: new SimulatedClock() })
  await post(prover, 'input')
  const refused = await post(prover, 'input')
  t.is(refused.status, 500)
  t.deepEqual(await refused.json(), { status: 'error', msg: 'the prover is not ready' })
  t.deepEqual(await status(prover), { status: 'busy' })
  t.like(prover.stats(), { inputs: 1, refused: 1 })
})

test('what is no JSON object, and a header that is no field element, are refused', async t => {
  const prover = await start()
  for (const body of ['', '[]', '"{}"', '{"open":1', ' ']) t.is((await post(prover, 'input', body)).status, 400)
  t.is((await post(prover, 'input', '{}', 'seven')).status, 400)
  t.is((await post(prover, 'input', '{}', FIELD_ORDER.toString())).status, 400)
  t.deepEqual(await status(prover), { status: 'ready' })
})

test('inputs of many megabytes are taken', async t => {
  const prover = await start()
  const big = `\n{"x":"${'a'.repeat(20 * 1024 * 1024)}"}\n`
  t.is((await post(prover, 'input', big)).status, 200)
})

test('the API is also at /api/ and takes a circuit’s name', async t => {
  const prover = await start({ clock: new SimulatedClock() })
  t.is((await post(prover, 'api/input/circuit-32')).status, 200)
  t.deepEqual(await status(prover, 'api/status'), { status: 'busy' })
  await fetch(`${prover.url}api/cancel`, { method: 'POST' })
  t.deepEqual(await status(prover, 'api/status'), { status: 'aborted' })
})

test('a cancel ends the proof, after the stage that runs, and the prover can work again', async t => {
  const clock = new SimulatedClock()
  const prover = await start({ clock, cancelMs: 80 })
  await post(prover, 'input')
  await fetch(`${prover.url}cancel`, { method: 'POST' })
  t.deepEqual(await status(prover), { status: 'busy' })
  await clock.advance(80)
  t.deepEqual(await status(prover), { status: 'aborted' })
  t.is((await post(prover, 'input')).status, 200)
  await clock.advance(1000)
  t.is((await status(prover))['status'], 'success')
  t.like(prover.stats(), { cancelled: 1, cancels: 1, proofs: 1 })
})

test('a prover that boots takes no input yet', async t => {
  const clock = new SimulatedClock()
  const prover = await start({ clock, bootMs: 500 })
  t.deepEqual(await status(prover), { status: 'initializing' })
  t.is((await post(prover, 'input')).status, 500)
  await clock.advance(500)
  t.deepEqual(await status(prover), { status: 'ready' })
})

test('what it is told to do wrong it does: fail, hang, garbage, stale', async t => {
  const clock = new SimulatedClock()
  const run = async (rates: Partial<MockProverOptions>): Promise<Record<string, string>> => {
    const prover = await start({ clock, ...rates })
    await post(prover, 'input')
    await clock.advance(1000)
    return status(prover)
  }
  t.is((await run({ failRate: 1 }))['status'], 'failed')
  t.is((await run({ hangRate: 1 }))['status'], 'busy')
  t.false(parseProof((await run({ garbageRate: 1 }))['proof'] ?? '').ok)
  const stale = await run({ staleRate: 1 })
  t.not(stale['pubData'], '["7"]')
  t.true(parseProof(stale['proof'] ?? '').ok)
})

test('the fate of an input follows from the seed and its number, at the rates asked for', t => {
  const rates = { delayMs: 1, failRate: 0.2, hangRate: 0.1, garbageRate: 0.1, staleRate: 0.1 }
  const fates = (seed: number) => Array.from({ length: 2000 }, (_, n) => fateOf({ ...rates, seed }, n))
  t.deepEqual(fates(1), fates(1))
  t.notDeepEqual(fates(1), fates(2))
  const share = (fate: string) => fates(3).filter(one => one === fate).length / 2000
  t.true(Math.abs(share('fail') - 0.2) < 0.04)
  t.true(Math.abs(share('hang') - 0.1) < 0.03)
  t.true(Math.abs(share('proof') - 0.5) < 0.05)
})

test('many are hosted in one process, each on its own port with its own seed', async t => {
  const provers = await runMockProvers(16, { port: 0, delayMs: 1, failRate: 0, hangRate: 0, seed: 1, log: silentLog })
  open.push(...provers)
  t.is(new Set(provers.map(({ port }) => port)).size, 16)
  const answers = await Promise.all(provers.map(prover => status(prover)))
  t.true(answers.every(answer => answer['status'] === 'ready'))
})

test('a port that is taken is an error, and none of several is left behind', async t => {
  const taken = await start()
  await t.throwsAsync(start({ port: taken.port }), { code: 'EADDRINUSE' })
})
