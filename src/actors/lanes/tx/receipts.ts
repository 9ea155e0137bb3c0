/**
 * Receipts as evidence: by block when many are wanted, one by one otherwise, always of the canonical chain, and
 * "there is none" only when every endpoint says so.
 */
import { numberToHex, type Hash, type Hex, type PublicClient } from 'viem'
import type { Lane } from './lane.ts'
import type { Receipt } from './settle.ts'

const BY_BLOCK_FROM = 3
const MOST_BLOCKS = 32n

interface RpcReceipt {
  readonly transactionHash: Hex
  readonly blockNumber: Hex
  readonly blockHash: Hex
  readonly status: Hex
  readonly gasUsed: Hex
}

export interface ReceiptSearch {
  /** The receipt on the canonical chain; null when there is none. */
  receipt(hash: Hash): Receipt | null
  /** True when every endpoint denied every receipt that was not found. */
  readonly complete: boolean
}

/** Looks up the receipts of these transactions. */
export async function findReceipts(lane: Lane, hashes: readonly Hash[]): Promise<ReceiptSearch> {
  const found = new Map<Hash, Receipt>()
  if (hashes.length >= BY_BLOCK_FROM) await scanBlocks(lane, new Set(hashes), found)
  let complete = true
  for (const hash of hashes) {
    if (found.has(hash)) continue
    const one = await findOne(lane, hash)
    if (one.receipt) found.set(hash, one.receipt)
    else complete &&= one.denied
  }
  return { receipt: hash => found.get(hash) ?? null, complete }
}

/** The blocks since the last look, newest last; leaves the rest to the single look-ups. */
async function scanBlocks(lane: Lane, wanted: ReadonlySet<Hash>, found: Map<Hash, Receipt>): Promise<void> {
  const head = lane.head?.number ?? 0n
  const from = lane.scanned === null || head - lane.scanned > MOST_BLOCKS ? head : lane.scanned + 1n
  for (let number = from; number <= head && found.size < wanted.size; number += 1n) {
    const receipts = await blockReceipts(lane.args.rpc.client, number)
    if (receipts === null) return // this endpoint has no such method
    for (const receipt of receipts) {
      if (wanted.has(receipt.transactionHash)) found.set(receipt.transactionHash, receiptFrom(receipt))
    }
  }
  lane.scanned = head
}

async function blockReceipts(client: PublicClient, number: bigint): Promise<readonly RpcReceipt[] | null> {
  try {
    return await client.request({ method: 'eth_getBlockReceipts', params: [numberToHex(number)] })
  } catch {
    return null // the single look-ups find out whether the chain is down
  }
}

/** Asks the reading client, then every endpoint; a receipt of a block that is not canonical counts as none. */
async function findOne(lane: Lane, hash: Hash): Promise<{ receipt: Receipt | null; denied: boolean }> {
  const { client, endpoints = [] } = lane.args.rpc
  const first = await receiptAt(client, hash)
  if (first) return { receipt: await canonical(client, first), denied: false }
  const others = await Promise.all(endpoints.map(one => receiptAt(one, hash).catch((): undefined => undefined)))
  const receipt = others.find(answer => answer !== undefined && answer !== null)
  if (receipt) return { receipt: await canonical(client, receipt), denied: false }
  return { receipt: null, denied: !others.includes(undefined) }
}

async function receiptAt(client: PublicClient, hash: Hash): Promise<Receipt | null> {
  const answer = await client.request({ method: 'eth_getTransactionReceipt', params: [hash] })
  return answer === null ? null : receiptFrom(answer)
}

const receiptFrom = (receipt: RpcReceipt): Receipt => ({
  block: BigInt(receipt.blockNumber),
  blockHash: receipt.blockHash,
  succeeded: BigInt(receipt.status) === 1n,
  gasUsed: BigInt(receipt.gasUsed),
})

async function canonical(client: PublicClient, receipt: Receipt): Promise<Receipt | null> {
  return (await hashAt(client, receipt.block)) === receipt.blockHash ? receipt : null
}

/** The hash of the canonical block at this height; null when there is no such block. */
export async function hashAt(client: PublicClient, number: bigint): Promise<Hash | null> {
  const block = await client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] })
  return block?.hash ?? null
}
