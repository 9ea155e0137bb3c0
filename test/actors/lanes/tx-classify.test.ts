/** Every answer of the clients that are known has its class, and no answer ever frees a nonce. */
import test from 'ava'
import * as fc from 'fast-check'
import { classify, foreign, reactionTo } from '../../../src/actors/lanes/tx/classify.ts'
import { ANSWERS } from '../../support/client-answers.ts'

for (const [client, found, code, ...texts] of ANSWERS) {
  for (const text of texts) {
    test(`${client} "${text}" (${code}) is ${found}`, t => {
      t.is(classify({ text, code, status: null }), found)
    })
  }
}

test('HTTP says only what no text says', t => {
  t.is(classify({ text: 'x', code: null, status: 429 }), 'RATE')
  t.is(classify({ text: 'x', code: null, status: 403 }), 'UNAVAIL')
  t.is(classify({ text: 'x', code: null, status: 502 }), 'AMBIG')
  t.is(classify({ text: 'already known', code: null, status: 500 }), 'KNOWN')
})

test('text, code and status are found under any wrapping', t => {
  const rpc = Object.assign(new Error('RPC Request failed'), { details: 'nonce too low', code: -32003 })
  const wrapped = Object.assign(new Error('An internal error', { cause: rpc }), { shortMessage: 'An error' })
  t.deepEqual(foreign(wrapped), { text: 'nonce too low', code: -32003, status: null })
  t.deepEqual(foreign('plain'), { text: 'plain', code: null, status: null })
  const http = Object.assign(new Error('HTTP request failed'), { status: 502, details: '<html/>' })
  t.deepEqual(foreign(http), { text: '<html/>', code: null, status: 502 })
})

/** One letter of the distinguishing word is lost: what is left is not a text of any client. */
const garbled = fc
  .tuple(fc.constantFrom(...ANSWERS.flatMap(([, , , ...texts]) => texts)), fc.nat())
  .map(([text, at]) => Array.from(text, (letter, index) => (index % 3 === at % 3 ? '#' : letter)).join(''))

test('what no client says is never taken for a refusal: assume that it was sent', t => {
  fc.assert(
    fc.property(garbled, fc.constantFrom(null, -32000, -32003, -32010, -32603), (text, code) => {
      t.is(classify({ text, code, status: null }), 'AMBIG', text)
      return reactionTo('AMBIG') === 'resend'
    }),
    { numRuns: 2_000 },
  )
})
