import test from 'ava'
import { decideKeep, decideOpen, type ForgeRules, type ForgeView } from '../../../../src/actors/forger/policy/forge.ts'

const rules: ForgeRules = {
  forgeDelay: 10_000,
  forgeNoTxsDelay: 60_000,
  ignoreSlotCommitment: false,
  forgeOncePerSlotIfTxs: false,
}
const ignoring = { ...rules, ignoreSlotCommitment: true }
const once = { ...rules, forgeOncePerSlotIfTxs: true }
const view = (slotCommitted: boolean, elapsedMs: number | null): ForgeView => ({ slotCommitted, elapsedMs })
const open = (of: ForgeView, by: ForgeRules) => decideOpen(of, by).do
const keep = (of: ForgeView, pending: boolean, by: ForgeRules) => decideKeep({ ...of, pending }, by).do

test('scenario 16: row 1, once a slot: a committed slot is skipped before selection', t => {
  for (const by of [once, { ...once, ignoreSlotCommitment: true }]) {
    t.is(open(view(true, 99_000), by), 'skip')
    t.is(open(view(true, null), by), 'skip')
  }
})

test('scenario 16: row 2, once a slot: an uncommitted slot is looked at, whatever the delay', t => {
  t.is(open(view(false, 0), once), 'forge')
  t.is(open(view(false, 0), { ...once, ignoreSlotCommitment: true }), 'forge')
})

test('scenario 16: row 3, an uncommitted slot is to be committed at once', t => {
  t.is(open(view(false, 0), rules), 'forge')
})

test('scenarios 16, 18: row 4, before the delay is over nothing is selected', t => {
  for (const [of, by] of [
    [view(true, 9_999), rules],
    [view(true, 9_999), ignoring],
    [view(false, 9_999), ignoring],
  ] as const) {
    const decision = decideOpen(of, by)
    t.like(decision, { do: 'skip', because: 'forge_delay: 1 s left', againInMs: 1 })
  }
})

test('scenarios 16, 18: row 5, when the delay is over transactions are selected', t => {
  t.is(open(view(true, 10_000), rules), 'forge')
  t.is(open(view(true, 10_000), ignoring), 'forge')
  t.is(open(view(false, 10_000), ignoring), 'forge')
})

test('scenario 16: row 6, once a slot: a slot that was committed meanwhile is skipped after selection', t => {
  for (const pending of [true, false]) t.is(keep(view(true, 99_000), pending, once), 'skip')
})

test('scenario 16: row 7, once a slot: what was selected is forged', t => {
  t.is(keep(view(false, 0), true, once), 'forge')
})

test('scenario 16: row 8, once a slot: an empty batch is not', t => {
  t.like(decideKeep({ ...view(false, null), pending: false }, once), { do: 'skip', because: 'nothing to forge' })
})

test('scenario 16: row 9, an uncommitted slot is committed by an empty batch, too', t => {
  t.is(keep(view(false, 0), false, rules), 'forge')
  t.is(keep(view(false, 0), true, rules), 'forge')
})

test('scenarios 16, 19: row 10, an empty batch waits for its own, longer delay', t => {
  for (const [of, by] of [
    [view(true, 59_999), rules],
    [view(true, 59_999), ignoring],
    [view(false, 59_999), ignoring],
  ] as const) {
    t.is(keep(of, false, by), 'skip')
  }
})

test('scenarios 16, 19: row 11, when that is over an empty batch is forged', t => {
  t.is(keep(view(true, 60_000), false, rules), 'forge')
  t.is(keep(view(false, 60_000), false, ignoring), 'forge')
})

test('scenario 16: row 12, what was selected is forged, however little time has passed', t => {
  t.is(keep(view(true, 0), true, rules), 'forge')
  t.is(keep(view(false, 0), true, ignoring), 'forge')
})

test('scenario 21: the first batch of a run waits for no delay', t => {
  t.is(open(view(true, null), ignoring), 'forge')
  t.is(keep(view(true, null), false, ignoring), 'forge')
})

test('without delays, and slots ignored, everything is forged at the highest rate', t => {
  const fastest = { ...ignoring, forgeDelay: 0, forgeNoTxsDelay: 0 }
  t.is(open(view(true, 0), fastest), 'forge')
  t.is(keep(view(true, 0), false, fastest), 'forge')
})
