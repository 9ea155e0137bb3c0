import test from 'ava'
import { decideSend, type SendRules, type SendView } from '../../../../src/actors/forger/policy/send.ts'
import { BOOT, chainView, US } from '../../../support/chain-view.ts'

const rules: SendRules = { us: { address: US, mustForgeAtSlotDeadline: true }, sendBatchBlocksMarginCheck: 0 }
const view = (head: number, more: Partial<SendView> = {}): SendView => ({
  chain: chainView(head, [US, BOOT], { lastL1L2Batch: String(head) }),
  head: BigInt(head),
  l1Queue: null,
  lastSentL1Block: 0n,
  ...more,
})

test('in our slot a proven batch is sent, to land before the slot ends', t => {
  t.like(decideSend(view(10), rules), { do: 'send', notAfterBlock: 40n })
})

test('scenario 50: a batch proven when the next block is not ours is not sent', t => {
  const late = decideSend(view(40, { chain: chainView(40, [BOOT, BOOT]) }), rules)
  t.like(late, { do: 'refuse', because: 'forgeBatch shouldSend: block 41 is not ours to forge in' })
})

test('scenario 51: nor is one that is within the margin of the slot’s end', t => {
  const careful = { ...rules, sendBatchBlocksMarginCheck: 1 }
  t.is(decideSend(view(38), careful).do, 'send', 'blocks 39 and 40')
  t.like(decideSend(view(39), careful), {
    do: 'refuse',
    because: 'forgeBatch shouldSend: block 41 is not ours to forge in',
  })
  t.is(decideSend(view(39), rules).do, 'send')
})

test('scenario 28: an L2 batch is not sent when the contract is about to demand an L1 batch', t => {
  const due = view(19, { chain: chainView(19, [US, BOOT], { lastL1L2Batch: '11' }) })
  t.like(decideSend(due, rules), {
    do: 'refuse',
    because: 'forgeBatch shouldSend: the contract demands an L1 batch at block 20',
  })
  t.is(decideSend({ ...due, l1Queue: 0n }, rules).do, 'send')
  t.is(decideSend({ ...due, lastSentL1Block: 15n }, rules).do, 'send', 'one of ours goes before it')
})

test('scenario 51: the margin looks at the demand for L1 batches, too', t => {
  const soon = view(17, { chain: chainView(17, [US, BOOT], { lastL1L2Batch: '11' }) })
  t.is(decideSend(soon, rules).do, 'send')
  const refused = decideSend(soon, { ...rules, sendBatchBlocksMarginCheck: 2 })
  t.like(refused, { do: 'refuse', because: 'forgeBatch shouldSend: the contract demands an L1 batch at block 20' })
})

test('an L1 batch whose queue a reorganisation has thawed waits until it is frozen again', t => {
  const chain = (filling: number) =>
    chainView(10, [US, BOOT], { lastL1L2Batch: '9', nextL1FillingQueue: String(filling) })
  t.like(decideSend(view(10, { chain: chain(4), l1Queue: 4n }), rules), { do: 'wait', rule: 'queue_is_frozen' })
  t.is(decideSend(view(10, { chain: chain(5), l1Queue: 4n }), rules).do, 'send')
})
