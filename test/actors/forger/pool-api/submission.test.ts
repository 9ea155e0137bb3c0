import test from 'ava'
import { Value } from 'typebox/value'
import { ANY_ETH_ADDR } from '../../../../src/actors/forger/rollup/types.ts'
import { PoolRefusal } from '../../../../src/actors/forger/pool-api/errors.ts'
import {
  formatBjj,
  formatIdx,
  parseBjj,
  parseEthAddr,
  parseIdx,
  parseSignature,
} from '../../../../src/actors/forger/pool-api/hez-format.ts'
import { readSubmission, SubmissionBody } from '../../../../src/actors/forger/pool-api/submission.ts'
import { bodyOf, l2Tx, wallet } from './wallet.ts'

const alice = wallet(1)
const bob = wallet(2)

const read = (body: Record<string, unknown>): ReturnType<typeof readSubmission> =>
  readSubmission(Value.Parse(SubmissionBody, body))

const refusal = (body: Record<string, unknown>): number | undefined => {
  try {
    read(body)
    return undefined
  } catch (error) {
    return error instanceof PoolRefusal ? error.number : Number.NaN
  }
}

test('the four types of transactions are read to what their owner signed', t => {
  const cases = {
    Transfer: l2Tx({}),
    Exit: l2Tx({ toIdx: 1 }),
    TransferToEthAddr: l2Tx({ toIdx: 0, toEthAddr: bob.ethAddr }),
    TransferToBJJ: l2Tx({ toIdx: 0, toEthAddr: ANY_ETH_ADDR, toBjjAy: bob.key.ay, toBjjSign: bob.key.sign }),
  }
  for (const [type, tx] of Object.entries(cases)) {
    const body = bodyOf(tx, alice)
    const submission = read(body)
    t.is(submission.type, type as typeof submission.type)
    t.is(submission.txId, body['id'] as typeof submission.txId)
    t.deepEqual(submission.tx, { ...tx, signature: `0x${String(body['signature'])}` })
  }
})

test('plain forms are read like those with a prefix, and id and type may be left out', t => {
  const { id, type, ...rest } = bodyOf(l2Tx({}), alice)
  const submission = read({
    ...rest,
    fromAccountIndex: '256',
    toAccountIndex: '257',
    signature: `0x${String(rest['signature'])}`,
  })
  t.is(submission.txId, id as typeof submission.txId)
  t.is(submission.type, type as typeof submission.type)
})

test('a type or an id that does not fit the fields is refused with code 6', t => {
  const body = bodyOf(l2Tx({}), alice)
  t.is(refusal({ ...body, type: 'Exit' }), 6)
  t.is(refusal({ ...body, nonce: 1 }), 6)
  t.is(refusal({ ...body, toAccountIndex: null }), 6)
  t.is(refusal({ ...body, toHezEthereumAddress: bob.ethAddr }), 6)
})

test('an amount that is no 40-bit float is refused with code 6', t => {
  const { id: _, ...body } = bodyOf(l2Tx({}), alice)
  t.is(refusal({ ...body, amount: '34359738369' }), 6)
  t.is(refusal({ ...body, amount: (2n ** 190n).toString() }), 6)
})

test('an exit of nothing is refused with code 5, a fee above 128 bits with code 7', t => {
  t.is(refusal(bodyOf(l2Tx({ toIdx: 1, amount: 0n }), alice)), 5)
  t.is(refusal(bodyOf(l2Tx({ amount: 10n ** 35n, userFee: 255 }), alice)), 7)
})

test('maxNumBatch and linked transactions are refused', t => {
  t.is(refusal({ ...bodyOf(l2Tx({}), alice), maxNumBatch: 5 }), 1)
  t.is(refusal({ ...bodyOf(l2Tx({}), alice), requestFromAccountIndex: 'hez:ETH:300' }), 14)
})

test('fields that cannot be read are refused with code 1', t => {
  const body = bodyOf(l2Tx({}), alice)
  t.is(refusal({ ...body, fromAccountIndex: 'hez:ETH:' }), 1)
  t.is(refusal({ ...body, fromAccountIndex: 'hez:ETH:1' }), 1)
  t.is(refusal({ ...body, toAccountIndex: '-5' }), 1)
  t.is(refusal({ ...body, signature: '0x1234' }), 1)
  t.is(refusal({ ...body, toHezEthereumAddress: '0x12' }), 1)
  t.is(refusal({ ...body, toBjj: 'hez:short' }), 1)
})

test('a key survives being written and read; a wrong checksum does not', t => {
  const text = formatBjj(alice.bjj)
  t.is(parseBjj(text), alice.bjj)
  const other = text.endsWith('A') ? `${text.slice(0, -1)}B` : `${text.slice(0, -1)}A`
  t.is(parseBjj(other), null)
  t.is(parseBjj(`hez:${text}`), null)
})

test('the form of a key is the one that wallets know', t => {
  // bytes 31…0 of the key, then their sum: worked out by hand
  const key = `0x${'00'.repeat(30)}0102` as const
  t.is(formatBjj(key), `hez:${Buffer.from([2, 1, ...Array<number>(30).fill(0), 3]).toString('base64url')}`)
})

test('indices, addresses and signatures are read in both forms and refused otherwise', t => {
  t.deepEqual(['hez:ETH:256', '256', 'hez:TKN7:300', 'hez:ETH:-1', '1e3', ''].map(parseIdx), [
    256,
    256,
    300,
    null,
    null,
    null,
  ])
  t.is(parseIdx('999999999999999'), null)
  t.is(formatIdx(256, 0), 'hez:ETH:256')
  t.is(formatIdx(256n, 7n), 'hez:TKN7:256')
  const address = `0x${'aB'.repeat(20)}`
  t.is(parseEthAddr(`hez:${address}`), address.toLowerCase() as `0x${string}`)
  t.is(parseEthAddr('hez:0x12'), null)
  t.is(parseSignature('ab'.repeat(64), 64), `0x${'ab'.repeat(64)}`)
  t.is(parseSignature('ab'.repeat(63), 64), null)
})
