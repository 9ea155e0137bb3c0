/**
 * Reads the views of rollup and auction that the policies need, all at one block.
 */
import type { Address, PublicClient } from 'viem'
import type { ChainView, SlotView } from '../../entities/forger/chain-facts.ts'
import { auctionAbi, rollupAbi } from './contracts.ts'

export interface Contracts {
  readonly rollup: Address
  readonly auction: Address
}

/** Default bids are kept for six kinds of slots, by slot number. */
const SLOT_SETS = 6n

interface SlotFrame {
  readonly genesis: bigint
  readonly blocksPerSlot: bigint
  readonly boot: Address
}

/** The contracts as they are at the end of `blockNumber`. The current slot is the one of the block after it. */
export async function readChainView(
  client: PublicClient,
  { rollup, auction }: Contracts,
  blockNumber: bigint,
): Promise<ChainView> {
  const ofRollup = { address: rollup, abi: rollupAbi, blockNumber } as const
  const ofAuction = { address: auction, abi: auctionAbi, blockNumber } as const
  const [genesis, blocksPerSlot, deadline, boot, timeout, lastL1L2, toForge, filling, lastBatch, lastIdx] =
    await Promise.all([
      client.readContract({ ...ofAuction, functionName: 'genesisBlock' }),
      client.readContract({ ...ofAuction, functionName: 'BLOCKS_PER_SLOT' }),
      client.readContract({ ...ofAuction, functionName: 'getSlotDeadline' }),
      client.readContract({ ...ofAuction, functionName: 'getBootCoordinator' }),
      client.readContract({ ...ofRollup, functionName: 'forgeL1L2BatchTimeout' }),
      client.readContract({ ...ofRollup, functionName: 'lastL1L2Batch' }),
      client.readContract({ ...ofRollup, functionName: 'nextL1ToForgeQueue' }),
      client.readContract({ ...ofRollup, functionName: 'nextL1FillingQueue' }),
      client.readContract({ ...ofRollup, functionName: 'lastForgedBatch' }),
      client.readContract({ ...ofRollup, functionName: 'lastIdx' }),
    ])
  const frame: SlotFrame = { genesis, blocksPerSlot: BigInt(blocksPerSlot), boot }
  const next = blockNumber + 1n
  const current = next < genesis ? null : (next - genesis) / frame.blocksPerSlot
  const slot = (number: bigint): Promise<SlotView> => readSlot(client, auction, blockNumber, frame, number)
  const [stateRoot, currentSlot, nextSlot] = await Promise.all([
    client.readContract({ ...ofRollup, functionName: 'stateRootMap', args: [lastBatch] }),
    current === null ? null : slot(current),
    slot(current === null ? 0n : current + 1n),
  ])
  return {
    genesisBlock: String(genesis),
    blocksPerSlot,
    slotDeadline: deadline,
    currentSlot,
    nextSlot,
    forgeL1L2BatchTimeout: timeout,
    lastL1L2Batch: String(lastL1L2),
    nextL1ToForgeQueue: String(toForge),
    nextL1FillingQueue: String(filling),
    lastForgedBatch: lastBatch,
    lastIdx: String(lastIdx),
    stateRoot: String(stateRoot),
  }
}

/** The winner by the auction's own rule: the bidder's forger when the bid reaches the minimum, else the boot coordinator. */
async function readSlot(
  client: PublicClient,
  auction: Address,
  blockNumber: bigint,
  frame: SlotFrame,
  number: bigint,
): Promise<SlotView> {
  const at = { address: auction, abi: auctionAbi, blockNumber } as const
  const [[bidder, , committed, bid, closedMinBid], minBid] = await Promise.all([
    client.readContract({ ...at, functionName: 'slots', args: [number] }),
    client.readContract({ ...at, functionName: 'getDefaultSlotSetBid', args: [Number(number % SLOT_SETS)] }),
  ])
  const least = closedMinBid === 0n ? minBid : closedMinBid
  const start = frame.genesis + number * frame.blocksPerSlot
  const won = bid !== 0n && bid >= least
  const forger = won
    ? (await client.readContract({ ...at, functionName: 'coordinators', args: [bidder] }))[0]
    : frame.boot
  return {
    slot: String(number),
    startBlock: String(start),
    endBlock: String(start + frame.blocksPerSlot - 1n),
    forger: forger.toLowerCase(),
    committed,
  }
}
