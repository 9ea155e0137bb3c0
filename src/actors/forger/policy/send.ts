/**
 * May a proven batch be sent now? Pure; reference 5.4.
 */
import type { ChainView } from '../../../entities/forger/chain-facts.ts'
import { mustBeL1 } from './l1.ts'
import { firstOf, type Decided, type Rule } from './rules.ts'
import { canForge, mayForgeUntil, type ForgerIdentity } from './slots.ts'

export interface SendView {
  readonly chain: ChainView
  readonly head: bigint
  /** The queue it consumes; null for an L2 batch. */
  readonly l1Queue: bigint | null
  /** Block at which our last L1 batch in flight was sent; 0 when none is. */
  readonly lastSentL1Block: bigint
}

export interface SendRules {
  readonly us: ForgerIdentity
  readonly sendBatchBlocksMarginCheck: number
}

export type SendDecision =
  | { readonly do: 'send'; readonly notAfterBlock: bigint }
  | { readonly do: 'wait' | 'refuse'; readonly because: string }

/** Refuses a batch that could be mined out of our slot, or as an L2 batch where the contract demands an L1 one. */
export function decideSend(view: SendView, settings: SendRules): Decided<SendDecision> {
  const next = view.head + 1n
  const margin = BigInt(settings.sendBatchBlocksMarginCheck)
  const blocks = margin === 0n ? [next] : [next, next + margin]
  return firstOf(RULES, { ...view, blocks }, settings)
}

/** With the blocks for which it must hold: the next one, and the one after the margin. */
type Looked = SendView & { readonly blocks: readonly bigint[] }
type SendRule = Rule<Looked, SendRules, SendDecision>

const slotIsOurs: SendRule = {
  name: 'slot_is_ours',
  decide: ({ chain, blocks }, { us }) => {
    const block = blocks.find(one => !canForge(chain, one, us))
    return block === undefined ? null : refuse(`block ${block} is not ours to forge in`)
  },
}

const l1BatchIsNotDemanded: SendRule = {
  name: 'l1_batch_is_not_demanded',
  decide: ({ chain, l1Queue, lastSentL1Block, blocks }) => {
    const block = l1Queue !== null ? undefined : blocks.find(one => mustBeL1(chain, lastSentL1Block, one))
    return block === undefined ? null : refuse(`the contract demands an L1 batch at block ${block}`)
  },
}

/** It was when the batch was built; a reorganisation may have thawed it until the L1 batch before is mined again. */
const queueIsFrozen: SendRule = {
  name: 'queue_is_frozen',
  decide: ({ chain, l1Queue }) =>
    l1Queue === null || l1Queue < BigInt(chain.nextL1FillingQueue)
      ? null
      : { do: 'wait', because: `L1 queue ${l1Queue} can grow again until the L1 batch before it is mined again` },
}

const send: SendRule = {
  name: 'slot_is_ours',
  decide: ({ chain, head }, { us }) => ({
    do: 'send',
    notAfterBlock: mayForgeUntil(chain, head + 1n, us) ?? head + 1n,
  }),
}

const RULES: readonly SendRule[] = [slotIsOurs, l1BatchIsNotDemanded, queueIsFrozen, send]

const refuse = (because: string): SendDecision => ({ do: 'refuse', because: `forgeBatch shouldSend: ${because}` })
