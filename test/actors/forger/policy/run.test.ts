import test from 'ava'
import { decideRun, type RunRules } from '../../../../src/actors/forger/policy/run.ts'
import type { ChainView } from '../../../../src/entities/forger/chain-facts.ts'
import { BOOT, chainView, US } from '../../../support/chain-view.ts'

const rules: RunRules = {
  us: { address: US, mustForgeAtSlotDeadline: true },
  startSlotBlocksDelay: 0,
  scheduleBatchBlocksAheadCheck: 0,
}
const at = (head: number, chain: ChainView, running: boolean, more: Partial<RunRules> = {}) =>
  decideRun({ chain, head: BigInt(head), synced: BigInt(head), running, newestBatch: 0 }, { ...rules, ...more })

test('scenario 7: the pipeline starts when the slot opens, goes on in it, and stops with it', t => {
  t.is(at(1, chainView(1), false).do, 'wait')
  t.is(at(21, chainView(21), false).do, 'start')
  t.is(at(22, chainView(22), true).do, 'run')
  const end = at(41, chainView(41), true)
  t.is(end.do, 'stop')
  t.regex(end.because, /slot 1 belongs to 0x0+bb and it opens to everybody at block 61/)
})

test('scenario 8: while the chain is being read nothing starts and nothing stops', t => {
  const chain = chainView(41)
  const behind = { chain, synced: 41n, head: 44n, newestBatch: 0 }
  t.like(decideRun({ ...behind, running: false }, rules), { do: 'wait', because: 'reading the chain: block 41 of 44' })
  t.is(decideRun({ ...behind, running: true }, rules).do, 'run')
})

test('scenario 9: at the beginning of a slot the start waits for the delay', t => {
  const delayed = { startSlotBlocksDelay: 2 }
  const ours = (head: number) => at(head, chainView(head, [US, BOOT]), false, delayed)
  t.like(ours(120), { do: 'wait', because: "2 blocks until the slot's start delay is over" })
  t.is(ours(121).do, 'wait')
  t.is(ours(122).do, 'start')
})

test('a pipeline that runs does not mind the start delay of the next slot of ours', t => {
  t.is(at(120, chainView(120, [US, BOOT]), true, { startSlotBlocksDelay: 2 }).do, 'run')
})

test('scenario 10: it stops early enough that no batch is scheduled past the slot’s end', t => {
  const ahead = { scheduleBatchBlocksAheadCheck: 5 }
  const ours = (head: number) => at(head, chainView(head, [US, BOOT]), true, ahead)
  t.is(ours(34).do, 'run')
  t.like(ours(35), { do: 'stop' })
  t.regex(ours(35).because, /slot 1 belongs to .* and batches are scheduled 5 blocks ahead/)
})

test('scenario 11: it runs on over the boundary when the next slot is ours, too', t => {
  for (const head of [34, 35, 39, 40]) {
    t.is(at(head, chainView(head, [US, US]), true, { scheduleBatchBlocksAheadCheck: 5 }).do, 'run')
  }
})

test('scenario 6: before genesis it waits and says for how long', t => {
  const chain = chainView(0, [US, US], { genesisBlock: '10' })
  t.like(at(3, chain, false), { do: 'wait', because: 'the auction starts in 6 blocks' })
})

test('scenario 6: a slot nobody knows yet is waited for', t => {
  const chain = chainView(0, [US, US])
  t.like(at(90, chain, false), { do: 'wait', because: 'the slot of block 91 is not known yet' })
  t.is(at(90, chain, true).do, 'stop')
})

test('scenario 4: a committed slot of somebody else is waited out, and the reason says so', t => {
  const chain = chainView(25, [BOOT, BOOT], { committed: true })
  t.regex(at(25, chain, false).because, /it is committed/)
})

test('nothing is built on a batch whose transaction cannot be read', t => {
  const chain = chainView(21, [US, US], { lastForgedBatch: 8 })
  const view = { chain, synced: 21n, head: 21n, newestBatch: 7 }
  const because = 'batch 8 is on the chain, but the transaction that forged it cannot be read'
  t.like(decideRun({ ...view, running: false }, rules), { do: 'wait', because, rule: 'batches_are_readable' })
  t.like(decideRun({ ...view, running: true }, rules), { do: 'stop', because, rule: 'batches_are_readable' })
  t.is(decideRun({ ...view, running: false, newestBatch: 9 }, rules).do, 'start', 'ours are on their way')
})
