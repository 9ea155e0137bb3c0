import test from 'ava'
import { proverClient, type ProverClient } from '../../../../src/actors/lanes/prover/client.ts'
import {
  ProverAnswerError,
  ProverRefusedError,
  ProverUnreachableError,
  ProverUrlError,
} from '../../../../src/actors/lanes/prover/errors.ts'
import { proverNames } from '../../../../src/actors/lanes/prover/parts.ts'
import { isTransient } from '../../../../src/errors.ts'
import { systemClock } from '../../../../src/clock.ts'
import { refusingUrl } from '../../../support/ports.ts'
import { scriptedProver, status, success } from '../../../support/scripted-prover.ts'

const clientOf = (baseUrl: string, more: Partial<Parameters<typeof proverClient>[0]> = {}): ProverClient =>
  proverClient({
    baseUrl,
    inputPath: 'input',
    fetch,
    clock: systemClock,
    timeoutMs: 60_000,
    cancelTimeoutMs: 60_000,
    postTimeoutMs: 60_000,
    ...more,
  })
const never = new AbortController().signal

test('an input is posted as it is, with the expected public input beside it', async t => {
  const prover = await scriptedProver(t)
  await clientOf(prover.url).post('{"a":1}', 12345678901234567890n, never)
  t.deepEqual(prover.calls, ['POST /input'])
  t.deepEqual(prover.inputs, [{ body: '{"a":1}', publicInput: '12345678901234567890' }])
})

test('the base URL needs no trailing slash and keeps its path; the input path is configurable', async t => {
  const prover = await scriptedProver(t)
  const client = clientOf(`${prover.url}api`, { inputPath: 'input/circuit-2048' })
  await client.status(never)
  await client.post('{}', 1n, never)
  await client.cancel(never)
  t.deepEqual(prover.calls, ['GET /api/status', 'POST /api/input/circuit-2048', 'POST /api/cancel'])
})

test('a status is read with its proof, its public input and its message', async t => {
  const prover = await scriptedProver(t)
  prover.status = [success(7n), status('failed', { error: 'no witness' }), status('aborted', { msg: 'as told' })]
  const client = clientOf(prover.url)
  t.like(await client.status(never), { status: 'success', pubData: '["7"]', message: null })
  t.deepEqual(await client.status(never), { status: 'failed', proof: null, pubData: null, message: 'no witness' })
  t.like(await client.status(never), { message: 'as told' })
})

test('an error answer carries the prover’s message and is transient', async t => {
  const prover = await scriptedProver(t)
  prover.input = [{ code: 500, body: { status: 'error', msg: 'cannot take it now' } }]
  const error = await t.throwsAsync(clientOf(prover.url).post('{}', 1n, never), { instanceOf: ProverRefusedError })
  t.true(isTransient(error))
  t.regex(error?.message ?? '', /500: cannot take it now/)
})

test('answers that are no status are refused: not JSON, unknown words, wrong types, a redirect, too long', async t => {
  const prover = await scriptedProver(t)
  const client = clientOf(prover.url)
  const bodies = ['<html>', '[]', { status: 'sleeping' }, { status: 'ready', proof: 7 }, 'x'.repeat(1024 * 1024 + 1)]
  for (const body of bodies) {
    prover.status = [{ body }]
    await t.throwsAsync(client.status(never), { instanceOf: ProverAnswerError })
  }
})

test('a prover that is not there is unreachable, and it is known that nothing was sent', async t => {
  const error = await t.throwsAsync(clientOf(await refusingUrl()).post('{}', 1n, never), {
    instanceOf: ProverUnreachableError,
  })
  t.is(error?.facts['sent'], false)
  t.regex(error?.message ?? '', /ECONNREFUSED/)
})

test('a connection that breaks off may have brought the input across', async t => {
  const prover = await scriptedProver(t)
  prover.input = [{ hangUp: true }]
  const error = await t.throwsAsync(clientOf(prover.url).post('{}', 1n, never), { instanceOf: ProverUnreachableError })
  t.is(error?.facts['sent'], true)
})

test('a prover that never answers is given up after the time limit', async t => {
  const prover = await scriptedProver(t)
  prover.status = [{ silent: true }]
  const error = await t.throwsAsync(clientOf(prover.url, { timeoutMs: 20 }).status(never), {
    instanceOf: ProverUnreachableError,
  })
  t.regex(error?.message ?? '', /no answer within 20 ms/)
})

test('an abort ends a call with the reason of the abort', async t => {
  const prover = await scriptedProver(t)
  prover.status = [{ silent: true }]
  const controller = new AbortController()
  const call = clientOf(prover.url).status(controller.signal)
  controller.abort(new Error('stopped'))
  await t.throwsAsync(call, { message: 'stopped' })
})

test('credentials in the URL become a header and appear in no message', async t => {
  const seen: (string | null)[] = []
  const client = clientOf('http://user:s3cret@127.0.0.1:9/', {
    fetch: async (_url, init) => {
      seen.push(new Headers(init?.headers).get('authorization'))
      throw new TypeError('fetch failed')
    },
  })
  const error = await t.throwsAsync(client.status(never))
  t.deepEqual(seen, [`Basic ${Buffer.from('user:s3cret').toString('base64')}`])
  t.notRegex(error?.message ?? '', /s3cret/)
  t.throws(() => clientOf('ftp://somewhere'), { instanceOf: ProverUrlError })
})

test('provers are named by host, with the path where one host has several; the same one twice is refused', t => {
  const names = (...urls: string[]) => proverNames(urls).map(([name]) => name)
  t.deepEqual(names('http://a:9080', 'http://user:pw@b:9080/x'), ['a:9080', 'b:9080'])
  t.deepEqual(names('http://a/one/', 'http://a/two'), ['a/one', 'a/two'])
  t.throws(() => names('http://a/', 'http://a'), { instanceOf: ProverUrlError })
  t.throws(() => names('nonsense'), { instanceOf: ProverUrlError })
})
