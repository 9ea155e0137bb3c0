/**
 * One pass over the lane: recover, confirm, send. In this order, because what is in flight decides what may be new.
 */
import { lookAtChain, whenChainAnswers } from './chain-look.ts'
import { gatherEvidence } from './evidence.ts'
import { fillGaps, rebroadcast, tellOfLost } from './heal.ts'
import type { Lane } from './lane.ts'
import { readOpen, type OpenIntent } from './ledger.ts'
import { applyEvidence } from './outcomes.ts'
import { reviewParked } from './held.ts'
import { sendQueued } from './queue.ts'
import { replaceWhereDue } from './replace.ts'

/** Looks at the chain once and does everything that follows from it. Does nothing while the chain does not answer. */
export async function pass(lane: Lane): Promise<void> {
  const held = lane.hold !== null
  const seen = await whenChainAnswers(lane, () => lookAtChain(lane))
  if (!seen) return
  if (!held) await sendBetween(lane) // else what was refused is tried again first: it says whether the reason is gone
  const open = await confirm(lane, await readOpen(lane))
  if (!open) return
  await sendBetween(lane)
  if (open.length > 0) {
    await fillGaps(lane, open)
    await replaceWhereDue(lane, await readOpen(lane))
  }
  await reviewParked(lane)
  await sendQueued(lane)
}

/**
 * A wish does not wait for the receipts of others: what was poked for meanwhile goes out between the steps of a pass.
 * Not in the first after a start, which finishes what is in flight before anything new.
 */
async function sendBetween(lane: Lane): Promise<void> {
  if (!lane.recheck) await sendQueued(lane)
}

/** Stores what the evidence says and sends again what came back or got lost. Null when the chain stopped answering. */
async function confirm(lane: Lane, before: readonly OpenIntent[]): Promise<readonly OpenIntent[] | null> {
  const evidence = await whenChainAnswers(lane, () => gatherEvidence(lane, before))
  if (!evidence) return null
  const open = await applyEvidence(lane, before, evidence)
  if (lane.recheck) await tellOfLost(lane)
  lane.recheck = false
  const wasMined = new Set(before.filter(intent => intent.state === 'mined').map(intent => intent.id))
  await rebroadcast(
    lane,
    open,
    open.some(intent => intent.state !== 'mined' && wasMined.has(intent.id)),
  )
  for (const memory of [lane.sentAt, lane.reprice]) {
    for (const nonce of memory.keys()) if (nonce < lane.latestCount) memory.delete(nonce)
  }
  return open
}

/** What a poke asks for: queued wishes, and wishes that were taken back. Reads nothing from the chain for that. */
export async function sendNow(lane: Lane): Promise<void> {
  if (!lane.head) return pass(lane)
  const { takenBack } = await sendQueued(lane)
  if (takenBack > 0) await replaceWhereDue(lane, await readOpen(lane))
}

/** Replaces one transaction in the pool now, if the ceiling allows. */
export async function bumpNow(lane: Lane, intentKey: string): Promise<void> {
  await replaceWhereDue(lane, await readOpen(lane), intentKey)
}
