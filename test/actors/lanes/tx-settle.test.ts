/** States follow from chain evidence only; the renumber rule holds in every generated history. */
import test from 'ava'
import * as fc from 'fast-check'
import { gaps, nextNonce } from '../../../src/actors/lanes/tx/nonce.ts'
import { settle, type AttemptEvidence, type Evidence, type Standing } from '../../../src/actors/lanes/tx/settle.ts'

const intent: Standing = { nonce: 5, confirmations: 3, finality: null, cancelBecause: null }
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
  tagged: new Map(),
  strangerBlock: null,
  attempts: [attempt()],
  ...changes,
})

test('without a receipt and with an unused nonce it stays sent', t => {
  t.deepEqual(settle(intent, evidence()), { state: 'sent', because: null })
})

test('a receipt makes it mined, and settled only at its depth', t => {
  const attempts = [attempt({ receipt })]
  t.is(settle(intent, evidence({ attempts, head: 102n })).state, 'mined')
  t.is(settle(intent, evidence({ attempts, head: 103n })).state, 'confirmed')
  const failed = [attempt({ receipt: { ...receipt, succeeded: false } })]
  t.is(settle(intent, evidence({ attempts: failed, head: 102n })).state, 'mined')
  t.is(settle(intent, evidence({ attempts: failed, head: 103n })).state, 'reverted')
})

test('mined at 100 with five confirmations it is settled at 105, not at 104', t => {
  const attempts = [attempt({ receipt })]
  t.is(settle({ ...intent, confirmations: 5 }, evidence({ attempts, head: 104n })).state, 'mined')
  t.is(settle({ ...intent, confirmations: 5 }, evidence({ attempts, head: 105n })).state, 'confirmed')
})

test('one that waits for a tag is settled when its block has reached depth and tag, and never while no such block is known', t => {
  const attempts = [attempt({ receipt })]
  const waiting: Standing = { ...intent, finality: 'finalized' }
  const at = (head: bigint, ...tagged: (readonly ['safe' | 'finalized', bigint])[]): string =>
    settle(waiting, evidence({ attempts, head, tagged: new Map(tagged) })).state
  t.is(at(1_000_000n), 'mined')
  t.is(at(1_000_000n, ['safe', 999_000n]), 'mined')
  t.is(at(163n, ['finalized', 99n]), 'mined')
  t.is(at(164n, ['finalized', 100n]), 'confirmed')
  t.is(at(102n, ['finalized', 100n]), 'mined')
  const taken = { attempts: [attempt()], strangerBlock: 98n, head: 200n }
  t.is(settle(waiting, evidence(taken)).state, 'sent')
  t.is(settle(waiting, evidence({ ...taken, tagged: new Map([['finalized', 98n]]) })).state, 'queued')
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

test('a nonce used by a stranger is waited out until that is final, and only then given up', t => {
  const taken = { attempts: [attempt(), attempt({ id: '2' })], strangerBlock: 98n }
  const outcome = settle(intent, evidence({ ...taken, head: 100n }))
  t.like(outcome, {
    state: 'sent',
    because: 'nonce 5 was used by a transaction that is not ours; waits until that is final',
  })
  t.like(settle(intent, evidence({ ...taken, head: 101n })), { state: 'queued' })
  t.like(settle({ ...intent, cancelBecause: 'stop' }, evidence({ ...taken, head: 101n })), { state: 'cancelled' })
})

test('missing receipts alone change nothing, at any depth', t => {
  t.deepEqual(settle(intent, evidence({ head: 1_000_000n })), { state: 'sent', because: null })
})

/**
 * A chain with reorganisations shallower than the finality depth, on which strangers and our own versions compete for
 * nonces, and an observer who sees every block late or not at all and is denied receipts at random.
 */
const steps = fc.array(
  fc.record({
    reorg: fc.integer({ min: 0, max: 2 }),
    mine: fc.constantFrom('nothing', 'oldest', 'newest', 'stranger'),
    observed: fc.boolean(),
    denied: fc.boolean(),
    bump: fc.boolean(),
  }),
  { minLength: 5, maxLength: 20 },
)

interface MinedTx {
  readonly nonce: number
  readonly id: string | null
}

test('in 100,000 generated histories an intent never has two effects, and never two live nonces', t => {
  const seen = { renumbered: 0, confirmed: 0, taken: 0 }
  fc.assert(
    fc.property(steps, list => {
      const walk = new Walk()
      const held = walk.run(list)
      if (walk.nonce > 0) seen.renumbered += 1
      if (walk.state === 'confirmed') seen.confirmed += 1
      if (walk.blocks.some(block => block.some(tx => tx.id === null))) seen.taken += 1
      return held
    }),
    { numRuns: 100_000 },
  )
  for (const [what, times] of Object.entries(seen)) t.true(times > 1_000, `only ${times} histories were ${what}`)
})

type Step = { reorg: number; mine: string; observed: boolean; denied: boolean; bump: boolean }

class Walk {
  readonly blocks: MinedTx[][] = []
  /** Every version ever signed; any of them may be mined for ever. */
  readonly signed: { id: string; nonce: number; dead: boolean }[] = [{ id: 'v0', nonce: 0, dead: false }]
  state = 'sent'
  nonce = 0
  /** Blocks that were once this deep are never reorganised. */
  final = 0

  run(list: readonly Step[]): boolean {
    return list.every(step => this.step(step))
  }

  step({ reorg, mine, observed, denied, bump }: Step): boolean {
    const depth = Math.min(reorg, this.blocks.length - this.final)
    this.blocks.length -= depth
    for (let made = 0; made <= depth; made += 1) this.blocks.push(made === 0 ? this.pick(mine) : [])
    this.final = Math.max(this.final, this.blocks.length - intent.confirmations)
    if (bump && this.state === 'sent') this.sign()
    if (observed) this.observe(denied)
    const effects = this.blocks.flat().filter(tx => tx.id !== null).length
    const live = new Set(this.signed.filter(version => !version.dead).map(version => version.nonce))
    return effects <= 1 && live.size <= 1
  }

  /** Whatever is valid at the next nonce may be mined: any version of ours, dead or alive, or a stranger. */
  pick(mine: string): MinedTx[] {
    const nonce = this.blocks.flat().length
    const ours = this.signed.filter(version => version.nonce === nonce)
    if (mine === 'stranger') return [{ nonce, id: null }]
    const version = mine === 'oldest' ? ours[0] : mine === 'newest' ? ours.at(-1) : undefined
    return version ? [{ nonce, id: version.id }] : []
  }

  observe(denied: boolean): void {
    if (this.state === 'confirmed') return
    const head = BigInt(this.blocks.length)
    const blockOf = (match: (tx: MinedTx) => boolean): bigint | null => {
      const at = this.blocks.findIndex(block => block.some(match))
      return at === -1 ? null : BigInt(at + 1)
    }
    const attempts = this.signed
      .filter(version => !version.dead)
      .map(version => {
        const block = blockOf(tx => tx.id === version.id)
        return attempt({ ...version, receipt: block === null || denied ? null : { ...receipt, block } })
      })
    const strangerBlock = blockOf(tx => tx.nonce === this.nonce && tx.id === null)
    const outcome = settle({ ...intent, nonce: this.nonce }, { head, tagged: new Map(), strangerBlock, attempts })
    this.state = outcome.state
    if (outcome.state !== 'queued') return
    for (const version of this.signed) version.dead = true
    this.nonce = this.blocks.flat().length
    this.state = 'sent'
    this.sign()
  }

  sign(): void {
    this.signed.push({ id: `v${this.signed.length}`, nonce: this.nonce, dead: false })
  }
}

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
