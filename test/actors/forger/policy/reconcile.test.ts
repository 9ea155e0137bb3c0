import test from 'ava'
import * as fc from 'fast-check'
import {
  reconcile,
  type ForgedFact,
  type LiveBatch,
  type LiveIntent,
  type ReconcileView,
} from '../../../../src/actors/forger/policy/reconcile.ts'
import { BATCH_STATES } from '../../../../src/entities/forger/batch.ts'
import { INTENT_STATES } from '../../../../src/entities/kernel/intent.ts'

const ROOT = 1000n

/** A batch on the line 6, 7, 8… above base 5: batch n goes from root 1000 + n - 1 to 1000 + n. */
const batch = (num: number, more: Partial<LiveBatch> = {}): LiveBatch => ({
  id: BigInt(num * 10),
  num,
  epoch: 3,
  state: 'sent',
  because: null,
  oldRoot: ROOT + BigInt(num - 1),
  newRoot: ROOT + BigInt(num),
  newExitRoot: 0n,
  l1: false,
  l1Changed: false,
  l1L2TxsData: `0x${num}`,
  mineBlock: null,
  ethTxHash: null,
  intent: null,
  ...more,
})
const wish = (state: LiveIntent['state'], more: Partial<LiveIntent> = {}): LiveIntent => ({
  state,
  because: null,
  signed: !['queued', 'parked'].includes(state),
  minedBlock: null,
  ...more,
})
const fact = (num: number, blockNumber: number, more: Partial<ForgedFact> = {}): ForgedFact => ({
  batchNum: num,
  stateRoot: ROOT + BigInt(num),
  exitRoot: 0n,
  l1L2TxsData: `0x${num}`,
  blockNumber: BigInt(blockNumber),
  ethTxHash: `0xhash${num}`,
  forger: '0xus',
  ...more,
})
const view = (batches: readonly LiveBatch[], forged: readonly ForgedFact[], more: Partial<ReconcileView> = {}) => ({
  batches,
  forged,
  base: { batchNum: 5, root: ROOT + 5n },
  baseOnChain: { root: ROOT + 5n },
  synced: 100n,
  confirmBlocks: 5,
  ...more,
})
/** `do num`, and `as` for drops. */
const outline = (of: ReconcileView): string[] =>
  reconcile(of).changes.map(change =>
    change.do === 'drop' ? `${change.as} ${change.batch.num}` : `${change.do} ${change.batch.num}`,
  )

test('scenario 55: a batch is mined when the chain holds it, and final at the depth asked for', t => {
  const mined = batch(6, { state: 'mined', mineBlock: 100n, ethTxHash: '0xhash6' })
  t.deepEqual(outline(view([batch(6)], [fact(6, 100)])), ['mined 6'])
  t.deepEqual(outline(view([mined], [fact(6, 100)], { synced: 104n })), [])
  t.deepEqual(outline(view([mined], [fact(6, 100)], { synced: 105n })), ['final 6'])
})

test('scenario 85: a batch that is deep enough when it is first seen mined is final at once', t => {
  t.deepEqual(outline(view([batch(6), batch(7)], [fact(6, 90), fact(7, 98)])), ['final 6', 'mined 7'])
})

test('a proven batch is sent once its transaction is signed', t => {
  const proven = (state: LiveIntent['state']) => [batch(6, { state: 'proven', intent: wish(state) })]
  t.deepEqual(outline(view(proven('queued'), [])), [])
  t.deepEqual(outline(view(proven('sent'), [])), ['sent 6'])
})

test('scenarios 61, 69: a batch that fell out of the chain is sent again and its confirmations begin anew', t => {
  const mined = batch(6, { state: 'mined', mineBlock: 99n, ethTxHash: '0xhash6', intent: wish('sent') })
  const found = reconcile(view([mined, batch(7, { intent: wish('sent') })], []))
  t.is(found.broken, null, 'the run goes on')
  t.like(found.changes, [{ do: 'sent', because: 'reorg: its block is gone, the same bytes are sent again' }])
  t.deepEqual(outline(view([mined], [fact(6, 100)])), ['mined 6'], 'in another block')
})

test('scenarios 86, 87: while nothing is read of the chain, nothing happens to what is in flight', t => {
  const inFlight = [batch(6, { intent: wish('sent') }), batch(7, { state: 'proving' }), batch(8, { state: 'built' })]
  t.deepEqual(reconcile(view(inFlight, [])), { rebuild: false, changes: [], broken: null, adopt: null })
})

test('scenarios 62, 63, 65: a batch that reverted fails with its reason, and all after it are dropped', t => {
  const line = [
    batch(6, { state: 'mined', mineBlock: 99n, ethTxHash: '0xhash6' }),
    batch(7, { intent: wish('reverted', { because: 'INVALID_PROOF' }) }),
    batch(8, { intent: wish('sent') }),
    batch(9, { state: 'proven' }),
  ]
  const found = reconcile(view(line, [fact(6, 99)]))
  t.deepEqual(found.broken, { num: 7, because: 'forgeBatch reject: INVALID_PROOF' })
  t.deepEqual(outline(view(line, [fact(6, 99)])), ['failed 7', 'discarded 8', 'discarded 9'])
})

test('scenario 62: a batch whose L1 queue holds something else now is given up before it is sent', t => {
  const line = [batch(6), batch(7, { state: 'proving', l1: true, l1Changed: true }), batch(8, { state: 'built' })]
  const because = 'reorg: its L1 queue holds other transactions now'
  t.deepEqual(reconcile(view(line, [])).broken, { num: 7, because })
  t.deepEqual(outline(view(line, [])), ['discarded 7', 'discarded 8'])
})

test('scenario 50: a batch whose wish came too late or was taken back fails', t => {
  const late = batch(6, { state: 'proven', intent: wish('cancelled', { because: 'block 40 has passed' }) })
  t.like(reconcile(view([late], [])).broken, { num: 6, because: 'forgeBatch send: block 40 has passed' })
})

test('scenarios 32, 38: a batch no prover could prove breaks the line; it keeps its own reason', t => {
  const line = [batch(6), batch(7, { state: 'failed', because: 'status failed' }), batch(8, { state: 'proving' })]
  const found = reconcile(view(line, []))
  t.deepEqual(found.broken, { num: 7, because: 'Pipeline.waitServerProof: status failed' })
  t.deepEqual(outline(view(line, [])), ['discarded 8'])
})

test('scenarios 66, 88: another forger’s batch takes the number, ours is superseded and the chain’s is taken over', t => {
  const foreign = fact(6, 99, { stateRoot: 7n, l1L2TxsData: '0xother', forger: '0xthem' })
  const line = [batch(6, { intent: wish('sent') }), batch(7, { intent: wish('sent') })]
  const found = reconcile(view(line, [foreign]))
  t.deepEqual(outline(view(line, [foreign])), ['superseded 6', 'discarded 7'])
  t.deepEqual(found.broken, { num: 6, because: '0xthem forged batch 6 in block 99' })
  t.is(found.adopt, 6, 'from batch 6 on, not from 5')
})

test('scenario 66: an empty L1 batch is not an empty L2 batch, though their roots are the same', t => {
  const empty = batch(6, { newRoot: ROOT + 5n, l1L2TxsData: '0x' })
  const foreign = fact(6, 99, { stateRoot: ROOT + 5n, l1L2TxsData: '0x', l1Queue: 3n })
  t.deepEqual(outline(view([empty], [foreign])), ['superseded 6'])
  t.deepEqual(outline(view([{ ...empty, l1: true }], [foreign])), ['mined 6'])
})

test('scenario 67: batches of others are taken over one after the other, and ours goes on after them', t => {
  const foreign = [6, 7, 8].map(num => fact(num, 90 + num, { forger: '0xthem' }))
  t.is(reconcile(view([], foreign)).adopt, 6)
  const taken = [6, 7].map(num =>
    batch(num, { epoch: 0, state: 'mined', mineBlock: BigInt(90 + num), ethTxHash: `0xhash${num}` }),
  )
  t.is(reconcile(view(taken, foreign)).adopt, 8)
})

test('scenarios 68, 70: a foreign batch that the chain dropped is dropped, with all that was built on it', t => {
  const line = [
    batch(6, { epoch: 0, state: 'mined', mineBlock: 99n }),
    batch(7, { intent: wish('sent') }),
    batch(8, { state: 'proving' }),
  ]
  const found = reconcile(view(line, []))
  t.deepEqual(outline(view(line, [])), ['discarded 6', 'discarded 7', 'discarded 8'])
  t.like(found.broken, { num: 6, because: 'reorg: the chain dropped it' })
  const again = reconcile(view(line, [fact(6, 100, { forger: '0xthem' })]))
  t.is(again.broken, null, 'the same batch in another block is the same base (scenario 68)')
})

test('scenario 71: without a run a reorg is settled just the same', t => {
  const found = reconcile(view([batch(6, { epoch: 0, state: 'mined', mineBlock: 99n })], []))
  t.like(found, { broken: { num: 6 }, adopt: null })
})

test('a final batch that the chain dropped means to derive everything again', t => {
  const rebuild = { rebuild: true, changes: [], broken: null, adopt: null }
  t.deepEqual(reconcile(view([batch(6)], [], { baseOnChain: null })), rebuild)
  t.deepEqual(reconcile(view([batch(6)], [], { baseOnChain: { root: 9n } })), rebuild)
  const atGenesis = view([batch(1, { oldRoot: 0n })], [], { base: { batchNum: 0, root: 0n }, baseOnChain: null })
  t.false(reconcile(atGenesis).rebuild)
})

test('a batch above a gap is not built upon, even when the roots happen to fit', t => {
  const empty = batch(7, { oldRoot: ROOT + 5n })
  t.like(reconcile(view([empty], [])), { broken: { num: 7, because: 'batch 6 before it is missing' } })
})

test('a transaction that was final and is gone is not waited for', t => {
  const gone = batch(6, { intent: wish('confirmed', { minedBlock: 90n }) })
  t.regex(reconcile(view([gone], [])).broken?.because ?? '', /settled in block 90/)
  t.is(reconcile(view([gone], [], { synced: 89n })).broken, null, 'its block was not read yet')
})

const hundreds = fc.integer({ min: 90, max: 100 }).map(BigInt)
const intents = fc.option(
  fc.record({
    state: fc.constantFrom(...INTENT_STATES),
    because: fc.constant(null),
    signed: fc.boolean(),
    minedBlock: fc.option(hundreds, { nil: null }),
  }),
  { nil: null },
)
/** A line with every kind of damage: gaps, other contents, other parents, any state, any wish. */
const lines = fc
  .array(
    fc.record({
      state: fc.constantFrom(...BATCH_STATES.filter(state => state !== 'superseded' && state !== 'discarded')),
      epoch: fc.constantFrom(0, 3, 3, 3),
      intent: intents,
      onChain: fc.constantFrom('same', 'same', 'other', 'absent', 'absent'),
      block: hundreds,
      gap: fc.constantFrom(false, false, false, false, true),
      strange: fc.constantFrom(false, false, false, false, true),
    }),
    { maxLength: 8 },
  )
  .map(items => {
    const batches: LiveBatch[] = []
    const forged: ForgedFact[] = []
    for (const [at, item] of items.entries()) {
      const num = 6 + at
      if (!item.gap) {
        const parent = item.strange ? { oldRoot: 77n } : {}
        batches.push(batch(num, { state: item.state, epoch: item.epoch, intent: item.intent, ...parent }))
      }
      const contiguous = forged.length === at
      if (item.onChain !== 'absent' && contiguous) {
        const other = item.onChain === 'other' ? { stateRoot: 5n, l1L2TxsData: '0xff' } : {}
        forged.push(fact(num, Number(item.block), other))
      }
    }
    return view(batches, forged)
  })

const property = (t: { pass(): void }, holds: (of: ReconcileView, found: ReturnType<typeof reconcile>) => boolean) => {
  fc.assert(
    fc.property(lines, of => holds(of, reconcile(of))),
    { numRuns: 2_000 },
  )
  t.pass()
}
const dropped = (found: ReturnType<typeof reconcile>): Map<bigint, string> =>
  new Map(found.changes.flatMap(change => (change.do === 'drop' ? [[change.batch.id, change.as] as const] : [])))

test('no live batch survives above a break', t => {
  property(t, (of, found) => {
    const gone = dropped(found)
    const survivors = of.batches.filter(({ id, state }) => state !== 'failed' && !gone.has(id))
    return found.broken === null || survivors.every(({ num }) => num < (found.broken?.num ?? 0))
  })
})

test('what survives is a line: consecutive from the base, each on the root of the one before', t => {
  property(t, (of, found) => {
    const gone = dropped(found)
    const facts = new Map(of.forged.map(one => [one.batchNum, one]))
    let last = { num: of.base.batchNum, newRoot: of.base.root }
    return of.batches.every(one => {
      if (one.state === 'failed' || gone.has(one.id)) return true
      const fits = one.num === last.num + 1 && (one.oldRoot === last.newRoot || facts.has(one.num))
      last = one
      return fits
    })
  })
})

test('superseded is exactly what the chain holds with another content, when nothing before it broke', t => {
  property(t, (of, found) => {
    const gone = dropped(found)
    const facts = new Map(of.forged.map(one => [one.batchNum, one]))
    return of.batches.every(one => {
      const held = facts.get(one.num)
      const other = held !== undefined && held.stateRoot !== one.newRoot
      const first = found.broken === null || one.num <= found.broken.num
      return one.state === 'failed' || (gone.get(one.id) === 'superseded') === (other && first)
    })
  })
})

test('the batch to take over is the lowest on the chain that is not ours in the same words', t => {
  property(t, (of, found) => {
    const gone = dropped(found)
    const kept = new Set(of.batches.filter(one => one.state !== 'failed' && !gone.has(one.id)).map(({ num }) => num))
    const missing = of.forged.find(({ batchNum }) => !kept.has(batchNum))
    return found.adopt === (missing?.batchNum ?? null)
  })
})

test('final means deep enough under the newest block that was read', t => {
  property(t, (of, found) =>
    found.changes.every(change => change.do !== 'final' || of.synced - change.fact.blockNumber >= 5n),
  )
})

test('carrying out the changes leaves nothing to do', t => {
  property(t, (of, found) => {
    const gone = dropped(found)
    const after = of.batches.flatMap((one): LiveBatch[] => {
      if (gone.has(one.id) || (one.state === 'failed' && found.broken !== null)) return []
      const change = found.changes.find(({ batch: of }) => of.id === one.id)
      if (!change || change.do === 'drop') return [one]
      if (change.do === 'sent') return [{ ...one, state: 'sent', mineBlock: null, ethTxHash: null }]
      const { blockNumber, ethTxHash } = change.fact
      return [{ ...one, state: change.do, mineBlock: blockNumber, ethTxHash }]
    })
    const again = reconcile({ ...of, batches: after })
    return again.broken === null && again.changes.length === 0 && again.adopt === found.adopt
  })
})
