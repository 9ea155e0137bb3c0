/**
 * Slot arithmetic of the auction and the question who may forge in a block. Pure.
 */
import type { ChainView, SlotView } from '../../../entities/forger/chain-facts.ts'

/** The slot a block lies in; null before genesis. */
export function slotOf(view: ChainView, block: bigint): bigint | null {
  const genesis = BigInt(view.genesisBlock)
  return block < genesis ? null : (block - genesis) / BigInt(view.blocksPerSlot)
}

/** Blocks since the beginning of the block's slot; null before genesis. */
export function relativeBlock(view: ChainView, block: bigint): number | null {
  const genesis = BigInt(view.genesisBlock)
  return block < genesis ? null : Number((block - genesis) % BigInt(view.blocksPerSlot))
}

/** What is known of the slot a block lies in; null outside the two known slots. */
export function slotAt(view: ChainView, block: bigint): SlotView | null {
  const within = (slot: SlotView | null): slot is SlotView =>
    slot !== null && block >= BigInt(slot.startBlock) && block <= BigInt(slot.endBlock)
  return [view.currentSlot, view.nextSlot].find(within) ?? null
}

export interface ForgerIdentity {
  /** Lower-case hex. */
  readonly address: string
  readonly mustForgeAtSlotDeadline: boolean
}

/**
 * Whether the contract would let us forge in this block: our slot by right, or an uncommitted one past its deadline.
 * An unknown slot is never ours.
 */
export function canForge(view: ChainView, block: bigint, us: ForgerIdentity): boolean {
  const slot = slotAt(view, block)
  const relative = relativeBlock(view, block)
  if (slot === null || relative === null) return false
  if (slot.forger === us.address) return true
  return us.mustForgeAtSlotDeadline && !slot.committed && relative >= view.slotDeadline
}

/** The last block, of the two slots that are known, up to which we may forge from `block` on; null when not even there. */
export function mayForgeUntil(view: ChainView, block: bigint, us: ForgerIdentity): bigint | null {
  if (!canForge(view, block, us)) return null
  const end = BigInt(slotAt(view, block)?.endBlock ?? block)
  return canForge(view, end + 1n, us) ? BigInt(slotAt(view, end + 1n)?.endBlock ?? end) : end
}
