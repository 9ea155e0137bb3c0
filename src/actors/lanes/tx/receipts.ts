/**
 * Receipts as evidence: by block when many are wanted, one by one otherwise, always of the canonical chain. What one
 * endpoint denies is asked of the others.
 */
import { numberToHex, type Hash, type PublicClient } from 'viem'
import { isRecord, readBlock, readReceipt } from './answers.ts'
import { decider, type Lane } from './lane.ts'
import type { Receipt } from './settle.ts'

const BY_BLOCK_FROM = 3
const MOST_BLOCKS = 32n

/** Receipts on the canonical chain, by transaction hash; one that is missing was denied, which proves nothing. */
export type Receipts = ReadonlyMap<Hash, Receipt>

/** Looks up the receipts of these transactions. */
export async function findReceipts(lane: Lane, hashes: readonly Hash[]): Promise<Receipts> {
  const found = new Map<Hash, Receipt>()
  if (hashes.length >= BY_BLOCK_FROM) await scanBlocks(lane, new Set(hashes), found)
  for (const hash of hashes) {
    const one = found.get(hash) ?? (await findOne(lane, hash))
    if (one) found.set(hash, one)
  }
  return found
}

/** The receipt of a transaction that is known to be in this block; null when no endpoint gives it yet. */
export async function receiptIn(lane: Lane, hash: Hash, block: bigint): Promise<Receipt | null> {
  const all = await blockReceipts(decider(lane), block)
  return all?.get(hash)?.() ?? null
}

/** The blocks since the last look, newest last; leaves the rest to the single look-ups. */
async function scanBlocks(lane: Lane, wanted: ReadonlySet<Hash>, found: Map<Hash, Receipt>): Promise<void> {
  const head = lane.head?.number ?? 0n
  const from = lane.scanned === null || head - lane.scanned > MOST_BLOCKS ? head : lane.scanned + 1n
  for (let number = from; number <= head && found.size < wanted.size; number += 1n) {
    const receipts = await blockReceipts(decider(lane), number)
    if (receipts === null) return // this endpoint has no such method
    for (const [hash, read] of receipts) {
      const receipt = wanted.has(hash) ? read() : null
      if (receipt) found.set(hash, receipt)
    }
  }
  lane.scanned = head
}

/** How to read each receipt of a block, by transaction: most are of others. */
type BlockReceipts = ReadonlyMap<Hash, () => Receipt | null>

async function blockReceipts(client: PublicClient, number: bigint): Promise<BlockReceipts | null> {
  try {
    const answer: unknown = await client.request({
      method: 'eth_getBlockReceipts',
      params: [numberToHex(number)],
    })
    return Array.isArray(answer) ? new Map(answer.flatMap(one => entryOf(one, number))) : null
  } catch {
    return null // the single look-ups find out whether the chain is down
  }
}

function entryOf(answer: unknown, number: bigint): [Hash, () => Receipt | null][] {
  const hash = isRecord(answer) ? answer['transactionHash'] : null
  if (typeof hash !== 'string') return []
  const read = (): Receipt | null => {
    const receipt = readReceipt(answer, hash as Hash) // what is none is not read
    return receipt?.block === number ? receipt : null
  }
  return [[hash.toLowerCase() as Hash, read]]
}

/**
 * Asks the deciding client, then every endpoint. A receipt counts when the block it names is canonical and holds the
 * transaction, as the deciding client says; when endpoints tell different things of it, none does.
 */
async function findOne(lane: Lane, hash: Hash): Promise<Receipt | null> {
  const { endpoints = [] } = lane.args.rpc
  const client = decider(lane)
  const first = await receiptAt(client, hash)
  if (first) return included(client, hash, first)
  const others = await Promise.all(endpoints.map(one => receiptAt(one, hash).catch(() => null)))
  const answered = others.filter(answer => answer !== null)
  const told = await Promise.all(answered.map(receipt => included(client, hash, receipt)))
  const [receipt = null, ...rest] = told.filter(answer => answer !== null)
  return rest.every(other => receipt?.succeeded === other.succeeded && receipt.gasUsed === other.gasUsed)
    ? receipt
    : null
}

async function receiptAt(client: PublicClient, hash: Hash): Promise<Receipt | null> {
  const answer: unknown = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
  return readReceipt(answer, hash)
}

async function included(client: PublicClient, hash: Hash, receipt: Receipt): Promise<Receipt | null> {
  const block = await blockAt(client, receipt.block)
  const holds = block?.transactions.some(tx => typeof tx === 'string' && tx.toLowerCase() === hash)
  return holds && block?.hash === receipt.blockHash ? receipt : null
}

const blockAt = async (client: PublicClient, number: bigint): Promise<ReturnType<typeof readBlock>> =>
  readBlock(await client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] }))

/** The hash of the canonical block at this height; null when there is no such block. */
export const hashAt = async (client: PublicClient, number: bigint): Promise<Hash | null> =>
  (await blockAt(client, number))?.hash ?? null
