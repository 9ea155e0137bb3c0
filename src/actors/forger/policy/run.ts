/**
 * Should the pipeline run? One epoch is one run of it. Pure; reference sections 2.2 and 2.4.
 */
import type { ChainView } from '../../../entities/forger/chain-facts.ts'
import { firstOf, type Decided, type Rule } from './rules.ts'
import { canForge, relativeBlock, slotAt, type ForgerIdentity } from './slots.ts'

export interface RunRules {
  readonly us: ForgerIdentity
  readonly startSlotBlocksDelay: number
  readonly scheduleBatchBlocksAheadCheck: number
}

export interface RunView {
  readonly chain: ChainView
  /** The newest block whose facts are stored, and the newest the chain has. */
  readonly synced: bigint
  readonly head: bigint
  readonly running: boolean
  /** The newest batch that is known here, ours or taken over from the chain. */
  readonly newestBatch: number
}

export type RunDecision = { readonly do: 'start' | 'stop' | 'run' | 'wait'; readonly because: string }

/** Starts, stops or leaves the pipeline; every decision says why and by which rule. */
export const decideRun = (view: RunView, settings: RunRules): Decided<RunDecision> => firstOf(RULES, view, settings)

type RunRule = Rule<RunView, RunRules, RunDecision>
const nextBlock = (view: RunView): bigint => view.head + 1n

/** While the chain is being read nothing starts and nothing stops. */
const chainIsRead: RunRule = {
  name: 'chain_is_read',
  decide: ({ synced, head, running }) =>
    synced >= head ? null : { do: running ? 'run' : 'wait', because: `reading the chain: block ${synced} of ${head}` },
}

/** A batch that was not forged by a plain call of the contract cannot be read, and nothing can be built on it. */
const batchesAreReadable: RunRule = {
  name: 'batches_are_readable',
  decide: view =>
    view.chain.lastForgedBatch <= view.newestBatch
      ? null
      : no(view, `batch ${view.newestBatch + 1} is on the chain, but the transaction that forged it cannot be read`),
}

const auctionHasBegun: RunRule = {
  name: 'auction_has_begun',
  decide: view => {
    const left = BigInt(view.chain.genesisBlock) - nextBlock(view)
    return left <= 0n ? null : no(view, `the auction starts in ${left} blocks`)
  },
}

const slotIsOurs: RunRule = {
  name: 'slot_is_ours',
  decide: (view, { us }) =>
    canForge(view.chain, nextBlock(view), us) ? null : no(view, notOurs(view.chain, nextBlock(view))),
}

/** What is scheduled now is mined some blocks later; that block must be ours as well. */
const slotLastsLongEnough: RunRule = {
  name: 'schedule_batch_blocks_ahead_check',
  decide: (view, { us, scheduleBatchBlocksAheadCheck: ahead }) => {
    const block = nextBlock(view) + BigInt(ahead)
    if (ahead === 0 || canForge(view.chain, block, us)) return null
    return no(view, `${notOurs(view.chain, block)}, and batches are scheduled ${ahead} blocks ahead`)
  },
}

/** Only a start waits: whoever runs already goes on into the next slot. */
const slotIsOldEnough: RunRule = {
  name: 'start_slot_blocks_delay',
  decide: (view, { startSlotBlocksDelay }) => {
    const left = startSlotBlocksDelay - (relativeBlock(view.chain, nextBlock(view)) ?? 0)
    if (view.running || left <= 0) return null
    return { do: 'wait', because: `${left} blocks until the slot's start delay is over` }
  },
}

const forge: RunRule = {
  name: 'slot_is_ours',
  decide: view => ({
    do: view.running ? 'run' : 'start',
    because: `slot ${slotAt(view.chain, nextBlock(view))?.slot} may be forged in`,
  }),
}

const RULES: readonly RunRule[] = [
  chainIsRead,
  batchesAreReadable,
  auctionHasBegun,
  slotIsOurs,
  slotLastsLongEnough,
  slotIsOldEnough,
  forge,
]

const no = ({ running }: RunView, because: string): RunDecision => ({ do: running ? 'stop' : 'wait', because })

function notOurs(chain: ChainView, block: bigint): string {
  const slot = slotAt(chain, block)
  if (slot === null) return `the slot of block ${block} is not known yet`
  const deadline = BigInt(slot.startBlock) + BigInt(chain.slotDeadline)
  const opens = slot.committed ? 'it is committed' : `it opens to everybody at block ${deadline}`
  return `slot ${slot.slot} belongs to ${slot.forger ?? 'nobody known'} and ${opens}`
}
