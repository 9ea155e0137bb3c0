import test from 'ava'
import { anything, array, assert, integer, jsonValue, property, record, string, constant, oneof } from 'fast-check'
import { RpcAnswerError } from '../../../src/actors/chain/errors.ts'
import { readHeader, readLogs, readQuantity } from '../../../src/actors/chain/headers.ts'
import { answersOf, bodyOf, parseBody, wholeError } from '../../../src/actors/chain/json-rpc.ts'

const refusesOnly = (run: () => unknown): void => {
  try {
    run()
  } catch (error) {
    if (!(error instanceof RpcAnswerError)) throw error
  }
}

test('whatever a node answers is read or refused, never a crash', t => {
  const odd = oneof(
    jsonValue(),
    anything(),
    record({ id: integer(), error: jsonValue() }),
    array(record({ id: integer({ max: 3 }), result: jsonValue() })),
    array(record({ address: string(), topics: array(string()), data: constant('0x'), blockNumber: constant('0x1') })),
  )
  assert(
    property(odd, integer({ min: 1, max: 3 }), (value, count) => {
      refusesOnly(() => answersOf(value, count))
      refusesOnly(() => wholeError(value))
      refusesOnly(() => readHeader(value))
      refusesOnly(() => readLogs(value))
      refusesOnly(() => readQuantity(value))
    }),
    { numRuns: 5000 },
  )
  assert(property(string(), text => refusesOnly(() => parseBody(text))))
  t.pass()
})

test('answers of a batch are told apart by their ids, in whatever order they come', t => {
  const calls = ['a', 'b', 'c'].map(method => ({ method, params: [] }))
  const sent = JSON.parse(bodyOf(calls)) as { id: number; method: string }[] // just written
  const body = sent.toReversed().map(({ id, method }) => ({ jsonrpc: '2.0', id, result: method }))
  t.deepEqual(answersOf(body, 3), [{ result: 'a' }, { result: 'b' }, { result: 'c' }])
  t.throws(() => answersOf(body.slice(1), 3), { instanceOf: RpcAnswerError })
  t.throws(() => answersOf([...body, ...body], 4), { instanceOf: RpcAnswerError })
})

test('an error without an id is the answer when only one call was made', t => {
  const error = { code: -32_700, message: 'parse error' }
  t.deepEqual(answersOf({ jsonrpc: '2.0', id: null, error }, 1), [{ error }])
})

test('logs come in chain order, and those that were removed do not come', t => {
  const hash = `0x${'1'.repeat(64)}`
  const log = (block: number, index: number, removed = false): object => ({
    address: `0x${'A'.repeat(40)}`,
    topics: [hash],
    data: '0x00',
    blockNumber: `0x${block.toString(16)}`,
    blockHash: hash,
    transactionHash: hash,
    logIndex: `0x${index.toString(16)}`,
    removed,
  })
  const read = readLogs([log(12, 0), log(2, 11), log(2, 3), log(5, 0, true)])
  t.deepEqual(
    read.map(({ blockNumber, logIndex }) => [blockNumber, logIndex]),
    [
      [2n, 3],
      [2n, 11],
      [12n, 0],
    ],
  )
  t.is(read[0]?.address, `0x${'a'.repeat(40)}`)
})
