import test from 'ava'
import { canForge, mayForgeUntil, relativeBlock, slotOf } from '../../../../src/actors/forger/policy/slots.ts'
import { BOOT, chainView, US } from '../../../support/chain-view.ts'

const us = { address: US, mustForgeAtSlotDeadline: true }
const boot = { address: BOOT, mustForgeAtSlotDeadline: true }

test('slots are counted from genesis in equal parts', t => {
  const view = chainView(0)
  t.deepEqual(
    [0n, 1n, 40n, 41n, 121n].map(block => slotOf(view, block)),
    [null, 0n, 0n, 1n, 3n],
  )
  t.deepEqual(
    [0n, 1n, 40n, 41n, 121n].map(block => relativeBlock(view, block)),
    [null, 0, 39, 0, 0],
  )
})

test('scenario 1: a slot of the boot coordinator is only its own', t => {
  const view = chainView(1)
  t.true(canForge(view, 2n, boot))
  t.false(canForge(view, 2n, us))
})

test('scenario 2: past its deadline an uncommitted slot is open to everybody', t => {
  const view = chainView(20)
  t.false(canForge(view, 20n, us), 'relative block 19')
  t.true(canForge(view, 21n, us), 'relative block 20')
  t.true(canForge(view, 22n, boot))
})

test('scenario 3: who does not want to forge at the deadline may not', t => {
  t.false(canForge(chainView(21), 22n, { ...us, mustForgeAtSlotDeadline: false }))
})

test('scenario 4: a committed slot stays with its winner', t => {
  const view = chainView(21, [BOOT, BOOT], { committed: true })
  t.false(canForge(view, 22n, us))
  t.true(canForge(view, 22n, boot))
})

test('scenario 5: who has won the slot may forge in it, and the boot coordinator may not', t => {
  const view = chainView(121, [US, BOOT])
  t.true(canForge(view, 122n, us))
  t.false(canForge(view, 122n, boot))
})

test('scenario 6: before genesis and outside the two known slots nobody may forge', t => {
  const view = chainView(0, [US, US])
  t.false(canForge(view, 0n, us))
  t.true(canForge(view, 80n, us))
  t.false(canForge(view, 81n, us))
})

test('a slot whose forger is not known is nobody’s until its deadline', t => {
  const view = chainView(0, [null, null])
  t.false(canForge(view, 1n, us))
  t.false(canForge(view, 1n, { address: '', mustForgeAtSlotDeadline: true }))
})

test('we may forge to the end of our slot, or of the next when that is ours, too', t => {
  t.is(mayForgeUntil(chainView(10, [US, BOOT]), 11n, us), 40n)
  t.is(mayForgeUntil(chainView(10, [US, US]), 11n, us), 80n)
  t.is(mayForgeUntil(chainView(10, [BOOT, US]), 11n, us), null)
})
