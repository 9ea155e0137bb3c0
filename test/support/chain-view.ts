/** The contracts' views of the reference's test double: genesis 1, 40 blocks a slot, deadline 20, timeout 10. */
import type { ChainView, SlotView } from '../../src/entities/forger/chain-facts.ts'

export const US = '0x00000000000000000000000000000000000000aa'
export const BOOT = '0x00000000000000000000000000000000000000bb'

export const slotView = (slot: number, forger: string | null, committed = false): SlotView => ({
  slot: String(slot),
  startBlock: String(1 + slot * 40),
  endBlock: String(40 + slot * 40),
  forger,
  committed,
})

/** At `head`, with the forgers of the current slot (the one of the next block) and the one after it. */
export function chainView(
  head: number,
  forgers: readonly [string | null, string | null] = [BOOT, BOOT],
  more: Partial<ChainView> & { readonly committed?: boolean } = {},
): ChainView {
  const slot = Math.max(0, Math.floor(head / 40))
  const { committed = false, ...rest } = more
  return {
    genesisBlock: '1',
    blocksPerSlot: 40,
    slotDeadline: 20,
    currentSlot: slotView(slot, forgers[0], committed),
    nextSlot: slotView(slot + 1, forgers[1]),
    forgeL1L2BatchTimeout: 10,
    lastL1L2Batch: '0',
    nextL1ToForgeQueue: '0',
    nextL1FillingQueue: '1',
    lastForgedBatch: 0,
    lastIdx: '255',
    stateRoot: '0',
    ...rest,
  }
}
