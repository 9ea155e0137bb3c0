/**
 * Gathers, for every open intent, what the chain knows about each of its attempts. Reads only.
 */
import type { Hash } from 'viem'
import { decider, type Lane } from './lane.ts'
import type { OpenAttempt, OpenIntent } from './ledger.ts'
import { userOfNonce } from './nonce-user.ts'
import { findReceipts, hashAt, receiptIn } from './receipts.ts'
import { isDeep, type Evidence, type Receipt } from './settle.ts'
import { taggedHeights } from './tags.ts'

/** Most nonces whose user is searched for in one pass; the others wait for the next. */
const MOST_SEARCHED = 8

type Height = Pick<Evidence, 'head' | 'tagged'>

/**
 * Evidence by intent id, for those about which the chain may have news: nonces that the chain has passed, mined ones
 * whose depth is reached, and all mined ones after a reorganisation. Others are left out: nothing can have changed.
 */
export async function gatherEvidence(lane: Lane, open: readonly OpenIntent[]): Promise<Map<string, Evidence>> {
  const head = lane.head
  const evidence = new Map<string, Evidence>()
  if (!head) return evidence
  const at = { head: head.number, tagged: await taggedHeights(lane, open) }
  const verified = open.filter(intent => mustVerify(lane, intent, at))
  const blocks = await standingBlocks(lane, verified)
  const standing = verified.filter(intent => standsIn(minedAttempt(intent), blocks))
  for (const intent of standing) evidence.set(intent.id, fromRows(intent, at))
  const moved = verified.filter(intent => !standing.includes(intent))
  const passed = open.filter(intent => intent.state !== 'mined' && intent.nonce < lane.latestCount)
  for (const [id, found] of await fromChain(lane, [...moved, ...passed], at)) evidence.set(id, found)
  return evidence
}

/** Asks for the receipts of every attempt; where there is none, for the transaction that used the nonce instead. */
async function fromChain(
  lane: Lane,
  intents: readonly OpenIntent[],
  at: Height,
): Promise<ReadonlyMap<string, Evidence>> {
  const hashes = intents.flatMap(intent => intent.attempts.map(attempt => attempt.hash))
  const receipts = new Map(await findReceipts(lane, hashes))
  const evidence = new Map<string, Evidence>()
  let searched = 0
  for (const intent of intents) {
    const denied = !intent.attempts.some(attempt => receipts.has(attempt.hash))
    const used = intent.nonce < lane.latestCount
    const search = denied && used && searched++ < MOST_SEARCHED
    const strangerBlock = search ? await searchStranger(lane, intent, receipts) : null
    const attempts = intent.attempts.map(attempt => ({ ...attempt, receipt: receipts.get(attempt.hash) ?? null }))
    evidence.set(intent.id, { ...at, strangerBlock, attempts })
  }
  return evidence
}

/** The block in which somebody else used the nonce. When it was one of ours after all, its receipt is added instead. */
async function searchStranger(lane: Lane, intent: OpenIntent, receipts: Map<Hash, Receipt>): Promise<bigint | null> {
  const user = await userOfNonce(lane, intent.nonce)
  if (user === null) return null
  if (!intent.attempts.some(attempt => attempt.hash === user.hash)) return user.block
  const receipt = await receiptIn(lane, user.hash, user.block)
  if (receipt) receipts.set(user.hash, receipt)
  return null
}

/** What was stored when it was mined, for one whose block was just found to stand. */
const fromRows = (intent: OpenIntent, at: Height): Evidence => ({
  ...at,
  strangerBlock: null,
  attempts: intent.attempts.map(attempt => ({ ...attempt, receipt: storedReceipt(intent, attempt) })),
})

/** A mined one is looked at again when it would be settled, and when a reorganisation was announced. */
function mustVerify(lane: Lane, intent: OpenIntent, at: Height): boolean {
  if (intent.state !== 'mined' || intent.minedBlock === null) return false
  return lane.recheck || isDeep(intent, at, intent.minedBlock)
}

const minedAttempt = (intent: OpenIntent): OpenAttempt | null =>
  intent.state === 'mined' ? (intent.attempts.find(attempt => attempt.state === 'mined') ?? null) : null

/** Hashes of the blocks in which these were mined, as the chain has them now. */
async function standingBlocks(lane: Lane, intents: readonly OpenIntent[]): Promise<Set<string>> {
  const numbers = new Set(intents.map(intent => intent.minedBlock).filter(block => block !== null))
  const hashes = await Promise.all([...numbers].map(number => hashAt(decider(lane), number)))
  return new Set(hashes.filter(hash => hash !== null))
}

const standsIn = (attempt: OpenAttempt | null, blocks: ReadonlySet<string>): boolean =>
  attempt?.minedBlockHash !== null && attempt !== null && blocks.has(attempt.minedBlockHash)

function storedReceipt(intent: OpenIntent, attempt: OpenAttempt): Receipt | null {
  if (attempt.state !== 'mined' || attempt.minedBlock === null || attempt.minedBlockHash === null) return null
  return {
    block: attempt.minedBlock,
    blockHash: attempt.minedBlockHash,
    succeeded: attempt.succeeded ?? false,
    gasUsed: intent.gasUsed ?? 0n,
  }
}
