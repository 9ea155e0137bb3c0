/**
 * May a proven batch be sent now? Pure; reference 5.4.
 */
import type { ChainView } from '../../../entities/forger/chain-facts.ts'
import { mustBeL1 } from './l1.ts'
import { canForge, mayForgeUntil, type ForgerIdentity } from './slots.ts'

export interface SendView {
  readonly chain: ChainView
  readonly head: bigint
  readonly l1Batch: boolean
  /** Block at which our last L1 batch in flight was sent; 0 when none is. */
  readonly lastSentL1Block: bigint
}

export interface SendRules {
  readonly us: ForgerIdentity
  readonly sendBatchBlocksMarginCheck: number
}

export type SendDecision =
  | { readonly do: 'send'; readonly notAfterBlock: bigint }
  | { readonly do: 'refuse'; readonly because: string }

/** Refuses a batch that could be mined out of our slot, or as an L2 batch where the contract demands an L1 one. */
export function decideSend(view: SendView, rules: SendRules): SendDecision {
  const next = view.head + 1n
  const margin = BigInt(rules.sendBatchBlocksMarginCheck)
  for (const block of margin === 0n ? [next] : [next, next + margin]) {
    if (!canForge(view.chain, block, rules.us)) return refuse(`block ${block} is not ours to forge in`)
    if (!view.l1Batch && mustBeL1(view.chain, view.lastSentL1Block, block)) {
      return refuse(`the contract demands an L1 batch at block ${block}`)
    }
  }
  return { do: 'send', notAfterBlock: mayForgeUntil(view.chain, next, rules.us) ?? next }
}

const refuse = (because: string): SendDecision => ({ do: 'refuse', because: `forgeBatch shouldSend: ${because}` })
