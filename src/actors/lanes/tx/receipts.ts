/**
 * Receipts as evidence: by block when many are wanted, one by one otherwise, always of the canonical chain. What one
 * endpoint denies is asked of the others.
 */
import { numberToHex, type Hash, type Hex, type PublicClient } from 'viem'
import { decider, type Lane } from './lane.ts'
import type { Receipt } from './settle.ts'

const BY_BLOCK_FROM = 3
const MOST_BLOCKS = 32n

interface RpcReceipt {
  readonly transactionHash: Hex
  readonly blockNumber: Hex
  readonly blockHash: Hex
  readonly status: Hex
  readonly gasUsed: Hex
  readonly effectiveGasPrice?: Hex | undefined
  readonly blobGasUsed?: Hex | undefined
  readonly blobGasPrice?: Hex | undefined
}

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
  const found = all?.find(receipt => receipt.transactionHash === hash)
  return found ? receiptFrom(found) : null
}

/** The blocks since the last look, newest last; leaves the rest to the single look-ups. */
async function scanBlocks(lane: Lane, wanted: ReadonlySet<Hash>, found: Map<Hash, Receipt>): Promise<void> {
  const head = lane.head?.number ?? 0n
  const from = lane.scanned === null || head - lane.scanned > MOST_BLOCKS ? head : lane.scanned + 1n
  for (let number = from; number <= head && found.size < wanted.size; number += 1n) {
    const receipts = await blockReceipts(decider(lane), number)
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
async function findOne(lane: Lane, hash: Hash): Promise<Receipt | null> {
  const { endpoints = [] } = lane.args.rpc
  const client = decider(lane)
  const first = await receiptAt(client, hash)
  if (first) return canonical(client, first)
  const others = await Promise.all(endpoints.map(one => receiptAt(one, hash).catch(() => null)))
  const receipt = others.find(answer => answer !== null)
  return receipt ? canonical(client, receipt) : null
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
  feeWei:
    BigInt(receipt.gasUsed) * BigInt(receipt.effectiveGasPrice ?? 0) +
    BigInt(receipt.blobGasUsed ?? 0) * BigInt(receipt.blobGasPrice ?? 0),
})

async function canonical(client: PublicClient, receipt: Receipt): Promise<Receipt | null> {
  return (await hashAt(client, receipt.block)) === receipt.blockHash ? receipt : null
}

/** The hash of the canonical block at this height; null when there is no such block. */
export async function hashAt(client: PublicClient, number: bigint): Promise<Hash | null> {
  const block = await client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] })
  return block?.hash ?? null
}
