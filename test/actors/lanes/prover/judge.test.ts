import test from 'ava'
import { judge, type StatusAnswer } from '../../../../src/actors/lanes/prover/judge.ts'
import { PROVER_STATUSES, type ProverWord } from '../../../../src/actors/lanes/prover/protocol.ts'
import { parseProof, parsePublicInput } from '../../../../src/actors/lanes/prover/proof.ts'
import { groth16 } from '../../../support/scripted-prover.ts'

const answer = (status: ProverWord, more: Partial<StatusAnswer> = {}): StatusAnswer => ({
  status,
  proof: null,
  pubData: null,
  message: null,
  ...more,
})
const proven = (publicInput: bigint, proof: unknown = groth16(publicInput)): StatusAnswer =>
  answer('success', { proof: JSON.stringify(proof), pubData: JSON.stringify([publicInput.toString()]) })
const fresh = { publicInput: 7n, reattached: false }
const found = { publicInput: 7n, reattached: true }

test('a proof with our public input is accepted', t => {
  t.deepEqual(judge(proven(7n), fresh), { do: 'accept', proof: groth16(7n) as never })
  t.is(judge(proven(7n), found).do, 'accept')
})

test('a busy prover is waited for', t => {
  t.deepEqual(judge(answer('busy'), fresh), { do: 'wait' })
  t.deepEqual(judge(answer('busy'), found), { do: 'wait' })
})

test('scenario 36: a proof of another input is refused as stale', t => {
  const verdict = judge(proven(8n), fresh)
  t.like(verdict, { do: 'give-up', as: 'stale' })
  t.like(judge(proven(8n), found), { do: 'repost' })
})

test('scenario 37: a prover that is ready without a proof has lost the input', t => {
  t.like(judge(answer('ready'), fresh), { do: 'give-up', as: 'lost' })
  t.like(judge(answer('initializing'), fresh), { do: 'give-up', as: 'lost' })
  t.like(judge(answer('success', { proof: '', pubData: '' }), fresh), { do: 'give-up', as: 'lost' })
})

test('scenario 83: after a restart of ours an answer that is not about the input means posting it again', t => {
  t.like(judge(answer('ready'), found), { do: 'repost' })
  t.like(judge(answer('aborted'), found), { do: 'repost' })
  t.deepEqual(judge(answer('initializing'), found), { do: 'wait' })
})

test('scenario 32: failed, aborted and unverified end the try with the prover’s own words', t => {
  for (const word of ['failed', 'aborted', 'unverified'] as const) {
    const verdict = judge(answer(word, { message: 'no witness' }), fresh)
    t.deepEqual(verdict, { do: 'give-up', as: 'failed', because: `the prover says ${word}: no witness` })
  }
})

test('scenario 35: a malformed proof is a failure of the prover', t => {
  const wrong: Record<string, unknown>[] = [
    { pi_c: ['7', '8', '0'] },
    { pi_a: ['seven', '2', '1'] },
    { pi_a: ['7', '2', '2'] },
    { pi_a: ['-7', '2', '1'] },
    { pi_a: ['07', '2', '1'] },
    { pi_a: [7, '2', '1'] },
    {
      pi_b: [
        ['3', '4'],
        ['5', '6'],
        ['0', '1'],
      ],
    },
    {
      pi_b: [
        ['3', '4'],
        ['5', '6'],
      ],
    },
    { pi_a: ['21888242871839275222246405745257275088696311157297823662689037894645226208583', '2', '1'] },
  ]
  for (const part of wrong) {
    const verdict = judge(proven(7n, { ...groth16(7n), ...part }), fresh)
    t.like(verdict, { do: 'give-up', as: 'failed' }, JSON.stringify(part))
  }
  t.like(judge(answer('success', { proof: '{', pubData: '["7"]' }), fresh), { do: 'give-up', as: 'failed' })
})

test('pubData must be a list of one field element in decimal', t => {
  t.deepEqual(parsePublicInput('["7"]'), { ok: true, value: 7n })
  for (const text of ['', '7', '[]', '[7]', '["7","8"]', '["0x7"]', `["${2n ** 254n}"]`, '{']) {
    t.false(parsePublicInput(text).ok, text)
    t.is(judge(answer('success', { proof: '{}', pubData: text || ' ' }), fresh).do, 'give-up')
  }
})

test('what a prover adds to a proof is left out', t => {
  const parsed = parseProof(JSON.stringify({ ...groth16(7n), curve: 'bn128' }))
  t.deepEqual(parsed, { ok: true, value: groth16(7n) as never })
})

test('every status has a verdict', t => {
  for (const word of PROVER_STATUSES) t.truthy(judge(answer(word), fresh).do)
})
