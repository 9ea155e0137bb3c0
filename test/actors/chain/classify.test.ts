import test from 'ava'
import { asksForLess, classOf, offeredSpan, type AnswerClass } from '../../../src/actors/chain/classify.ts'

const table: readonly [code: number, message: string, expected: AnswerClass][] = [
  [3, 'execution reverted: Too many requests', 'answer'],
  [-32_000, 'execution reverted', 'answer'],
  [-32_000, 'nonce too low: next nonce 5, tx nonce 4', 'answer'],
  [-32_003, 'nonce too low', 'answer'],
  [-32_000, 'already known', 'answer'],
  [-32_000, 'txpool is full', 'answer'],
  [-32_000, 'account limit exceeded', 'answer'],
  [-32_000, 'transaction blob limit exceeded', 'answer'],
  [-32_000, 'in-flight transaction limit reached for delegated accounts', 'answer'],
  [-32_000, 'replacement transaction underpriced', 'answer'],
  [-32_000, 'insufficient funds for gas * price + value', 'answer'],
  [-32_603, 'replacement transaction underpriced', 'answer'],
  [-32_602, 'Failed to decode transaction', 'answer'],
  [-32_601, 'Method not found', 'answer'],
  [-32_000, 'unknown transaction', 'answer'],
  [-32_005, 'query returned more than 10000 results', 'answer'],
  [-32_602, 'Log response size exceeded. this block range should work: [0x1, 0x2f]', 'answer'],
  [-32_000, 'block range is too wide', 'answer'],
  [-32_614, 'eth_getLogs is limited to a 10,000 range', 'answer'],
  [-32_005, 'daily request count exceeded, request rate limited', 'rate-limited'],
  [429, 'Your app has exceeded its compute units per second capacity.', 'rate-limited'],
  [-32_007, '25/second request limit reached - reduce calls per second', 'rate-limited'],
  [-32_097, 'slow down', 'rate-limited'],
  [-32_000, 'Too many requests', 'rate-limited'],
  [-32_000, 'node is syncing', 'unavailable'],
  [-32_008, 'Initial sync is still in progress', 'unavailable'],
  [-32_000, 'header not found', 'behind'],
  [-32_000, 'unknown block', 'behind'],
  [-32_602, 'BlockOutOfRangeError: block height is 5 but requested was 100', 'behind'],
  [-32_005, 'Number of requests exceeds max batch size', 'batch'],
]

for (const [code, message, expected] of table) {
  test(`"${message}" (${code}) is ${expected}`, t => {
    t.is(classOf({ code, message }), expected)
  })
}

test('answers that ask for fewer blocks are told from those that do not', t => {
  const less = table.filter(
    ([code, message]) => classOf({ code, message }) === 'answer' && asksForLess({ code, message }),
  )
  t.deepEqual(
    less.map(([, message]) => message),
    [
      'query returned more than 10000 results',
      'Log response size exceeded. this block range should work: [0x1, 0x2f]',
      'block range is too wide',
      'eth_getLogs is limited to a 10,000 range',
    ],
  )
})

test('the range a node offers is read from its answer', t => {
  t.is(offeredSpan({ code: 0, message: 'this block range should work: [0x1, 0x2f]' }), 47)
  t.is(offeredSpan({ code: 0, message: 'too many results' }), null)
  t.is(offeredSpan({ code: 0, message: '[0x2f, 0x1]' }), null)
})
