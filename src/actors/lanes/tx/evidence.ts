/**
 * Gathers, for every open intent, what the chain knows about each of its attempts. Reads only.
 */
import type { Lane } from './lane.ts'
import type { OpenAttempt, OpenIntent } from './ledger.ts'
import { findReceipts, hashAt, type ReceiptSearch } from './receipts.ts'
import type { Evidence, Receipt } from './settle.ts'

/**
 * Evidence by intent id, for those about which the chain may have news: nonces that the chain has passed, mined ones
 * whose depth is reached, and all mined ones after a reorganisation. Others are left out: nothing can have changed.
 */
export async function gatherEvidence(lane: Lane, open: readonly OpenIntent[]): Promise<Map<string, Evidence>> {
  const head = lane.head
  if (!head) return new Map()
  const standing = await standingBlocks(
    lane,
    open.filter(intent => mustVerify(lane, intent, head.number)),
  )
  const settledAlready = (intent: OpenIntent): boolean =>
    intent.state === 'mined' && !mustVerify(lane, intent, head.number)
  const stands = (intent: OpenIntent): boolean => standsIn(minedAttempt(intent), standing)
  const asked = open.filter(intent => !settledAlready(intent) && !stands(intent) && hasNews(lane, intent))
  const search = await findReceipts(
    lane,
    asked.flatMap(intent => intent.attempts.map(attempt => attempt.hash)),
  )
  const depths = await countsAtDepth(
    lane,
    asked.filter(intent => undecided(intent, search)),
  )
  const evidence = new Map<string, Evidence>()
  for (const intent of open.filter(stands)) evidence.set(intent.id, evidenceOf(lane, intent, null, depths))
  for (const intent of asked) evidence.set(intent.id, evidenceOf(lane, intent, search, depths))
  return evidence
}

/** A mined one is looked at again when it would be settled, and when a reorganisation was announced. */
function mustVerify(lane: Lane, intent: OpenIntent, head: bigint): boolean {
  if (intent.state !== 'mined' || intent.minedBlock === null) return false
  return lane.recheck || head - intent.minedBlock >= BigInt(intent.confirmations)
}

/** One that came back from a block has news even below the count: its receipt may be gone. */
const hasNews = (lane: Lane, intent: OpenIntent): boolean => intent.state === 'mined' || intent.nonce < lane.latestCount

const minedAttempt = (intent: OpenIntent): OpenAttempt | null =>
  intent.state === 'mined' ? (intent.attempts.find(attempt => attempt.state === 'mined') ?? null) : null

/** Hashes of the blocks in which these were mined, as the chain has them now. */
async function standingBlocks(lane: Lane, intents: readonly OpenIntent[]): Promise<Set<string>> {
  const numbers = new Set(intents.map(intent => intent.minedBlock).filter(block => block !== null))
  const hashes = await Promise.all([...numbers].map(number => hashAt(lane.args.rpc.client, number)))
  return new Set(hashes.filter(hash => hash !== null))
}

const standsIn = (attempt: OpenAttempt | null, blocks: ReadonlySet<string>): boolean =>
  attempt?.minedBlockHash !== null && attempt !== null && blocks.has(attempt.minedBlockHash)

const undecided = (intent: OpenIntent, search: ReceiptSearch): boolean =>
  search.complete && intent.attempts.every(attempt => search.receipt(attempt.hash) === null)

/** The account's count as many blocks under the head as an intent waits for; only for those whose nonce seems taken. */
async function countsAtDepth(lane: Lane, intents: readonly OpenIntent[]): Promise<Map<number, number>> {
  const head = lane.head?.number ?? 0n
  const depths = new Set(intents.filter(intent => intent.nonce < lane.latestCount).map(intent => intent.confirmations))
  const counts = new Map<number, number>()
  for (const depth of depths) {
    const blockNumber = head - BigInt(depth)
    if (blockNumber < 0n) continue
    const { client } = lane.args.rpc
    counts.set(depth, await client.getTransactionCount({ address: lane.args.signer.address, blockNumber }))
  }
  return counts
}

function evidenceOf(
  lane: Lane,
  intent: OpenIntent,
  search: ReceiptSearch | null,
  depths: ReadonlyMap<number, number>,
): Evidence {
  return {
    head: lane.head?.number ?? 0n,
    latestCount: lane.latestCount,
    countAtDepth: depths.get(intent.confirmations) ?? null,
    complete: search?.complete ?? false,
    attempts: intent.attempts.map(attempt => ({
      id: attempt.id,
      purpose: attempt.purpose,
      nonce: attempt.nonce,
      receipt: search ? search.receipt(attempt.hash) : storedReceipt(intent, attempt),
    })),
  }
}

/** The receipt as it was stored, for one whose block was just found to stand. */
function storedReceipt(intent: OpenIntent, attempt: OpenAttempt): Receipt | null {
  if (attempt.state !== 'mined' || attempt.minedBlock === null || attempt.minedBlockHash === null) return null
  return {
    block: attempt.minedBlock,
    blockHash: attempt.minedBlockHash,
    succeeded: attempt.succeeded ?? false,
    gasUsed: intent.gasUsed ?? 0n,
  }
}
