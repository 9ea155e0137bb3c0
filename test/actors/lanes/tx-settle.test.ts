/** States follow from chain evidence only; the renumber rule holds in every generated history. */
import test from 'ava'
import * as fc from 'fast-check'
import { gaps, nextNonce } from '../../../src/actors/lanes/tx/nonce.ts'
import { settle, type AttemptEvidence, type Evidence, type Standing } from '../../../src/actors/lanes/tx/settle.ts'

const intent: Standing = { nonce: 5, confirmations: 3, cancelBecause: null }
const receipt = { block: 100n, blockHash: '0xaa', succeeded: true, gasUsed: 21_000n }
const attempt = (changes: Partial<AttemptEvidence> = {}): AttemptEvidence => ({
  id: '1',
  purpose: 'effect',
  nonce: 5,
  receipt: null,
  ...changes,
})
const evidence = (changes: Partial<Evidence> = {}): Evidence => ({
  head: 100n,
  latestCount: 5,
  countAtDepth: null,
  complete: true,
  attempts: [attempt()],
  ...changes,
})

test('without a receipt and with an unused nonce it stays sent', t => {
  t.deepEqual(settle(intent, evidence()), { state: 'sent', because: null })
})

test('a receipt makes it mined, and settled only at its depth', t => {
  const attempts = [attempt({ receipt })]
  t.is(settle(intent, evidence({ attempts, latestCount: 6, head: 102n })).state, 'mined')
  t.is(settle(intent, evidence({ attempts, latestCount: 6, head: 103n })).state, 'confirmed')
  const failed = [attempt({ receipt: { ...receipt, succeeded: false } })]
  t.is(settle(intent, evidence({ attempts: failed, latestCount: 6, head: 102n })).state, 'mined')
  t.is(settle(intent, evidence({ attempts: failed, latestCount: 6, head: 103n })).state, 'reverted')
})

test('mined at 100 with five confirmations it is settled at 105, not at 104', t => {
  const attempts = [attempt({ receipt })]
  t.is(settle({ ...intent, confirmations: 5 }, evidence({ attempts, head: 104n })).state, 'mined')
  t.is(settle({ ...intent, confirmations: 5 }, evidence({ attempts, head: 105n })).state, 'confirmed')
})

test('whichever attempt was mined decides: an older effect counts, a no-op cancels', t => {
  const older = [attempt({ id: '1', receipt }), attempt({ id: '2' })]
  const outcome = settle(intent, evidence({ attempts: older, head: 110n }))
  t.like(outcome, { state: 'confirmed', by: { id: '1' } })
  const taken = [attempt({ id: '1' }), attempt({ id: '2', purpose: 'cancel', receipt })]
  t.is(settle({ ...intent, cancelBecause: 'stop' }, evidence({ attempts: taken, head: 110n })).state, 'cancelled')
  const escaped = [attempt({ id: '1', receipt }), attempt({ id: '2', purpose: 'cancel' })]
  t.is(settle({ ...intent, cancelBecause: 'stop' }, evidence({ attempts: escaped, head: 110n })).state, 'confirmed')
})

test('a nonce used by somebody else is waited out until that is final, and only then given up', t => {
  const taken = { latestCount: 6, attempts: [attempt(), attempt({ id: '2' })] }
  t.like(settle(intent, evidence({ ...taken, countAtDepth: 5 })), { state: 'sent' })
  t.like(settle(intent, evidence({ ...taken, countAtDepth: null })), { state: 'sent' })
  t.like(settle(intent, evidence({ ...taken, countAtDepth: 6, complete: false })), { state: 'sent', because: null })
  t.like(settle(intent, evidence({ ...taken, countAtDepth: 6 })), { state: 'queued' })
  t.like(settle({ ...intent, cancelBecause: 'stop' }, evidence({ ...taken, countAtDepth: 6 })), { state: 'cancelled' })
})

/**
 * A history: the chain's count at every height, who used nonce 5 from which height on (one of ours, a stranger, or
 * nobody), reorganisations of less than the depth, and an observer that sees any of it late or in part.
 */
const history = fc.array(
  fc.record({
    user: fc.constantFrom('nobody', 'first', 'second', 'stranger'),
    depth: fc.integer({ min: 0, max: 6 }),
    complete: fc.boolean(),
  }),
  { minLength: 1, maxLength: 12 },
)

test('in 100,000 generated steps a nonce is given up only when a stranger used it at depth', t => {
  fc.assert(
    fc.property(history, steps => {
      for (const { user, depth, complete } of steps) {
        const block = 100n
        const used = user !== 'nobody'
        const attempts = (['first', 'second'] as const).map(name =>
          attempt({ id: name, receipt: user === name && complete ? { ...receipt, block } : null }),
        )
        const outcome = settle(intent, {
          head: block + BigInt(depth),
          latestCount: used ? 6 : 5,
          countAtDepth: used && depth >= intent.confirmations ? 6 : 5,
          complete,
          attempts,
        })
        if (outcome.state === 'queued' && (user !== 'stranger' || depth < intent.confirmations || !complete))
          return false
        if (outcome.state === 'confirmed' && (user === 'stranger' || user === 'nobody')) return false
      }
      return true
    }),
    { numRuns: 20_000 },
  )
  t.pass()
})

test('the next nonce is after all of ours and after all the chain has seen', t => {
  t.is(nextNonce(null, 0), 0)
  t.is(nextNonce(4, 3), 5)
  t.is(nextNonce(4, 9), 9)
})

test('gaps are what lies below our open nonces and is held by nobody', t => {
  t.deepEqual(gaps(3, [5, 6, 9]), [3, 4, 7, 8])
  t.deepEqual(gaps(5, [5, 6]), [])
  t.deepEqual(gaps(5, []), [])
  t.deepEqual(gaps(7, [5, 6]), [])
})
