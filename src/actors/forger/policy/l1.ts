/**
 * Must or may the next batch consume the L1 queue? Pure; reference 3.5 with its MUST: only a frozen queue is forged.
 */
import type { ChainView } from '../../../entities/forger/chain-facts.ts'

export interface L1View {
  readonly chain: ChainView
  readonly head: bigint
  /** Blocks at which live L1 batches of ours were scheduled, and the queues they consume; oldest first. */
  readonly scheduled: readonly { readonly block: bigint; readonly queue: bigint }[]
}

export interface L1Choice {
  /** `l1`: consume `queue`. `l2`: do not. `l2-or-wait`: an L1 batch is due but its queue may still grow. */
  readonly kind: 'l1' | 'l2' | 'l2-or-wait'
  readonly queue: bigint
  readonly because: string
  /** Block from which the contract accepts nothing but an L1 batch. */
  readonly requiredFrom: bigint
}

/** The queue a next L1 batch would consume: one after the last one in flight, or what the contract says. */
export function nextQueue(view: L1View): bigint {
  const onChain = BigInt(view.chain.nextL1ToForgeQueue)
  const planned = view.scheduled.at(-1)
  return planned !== undefined && planned.queue + 1n > onChain ? planned.queue + 1n : onChain
}

export function decideL1(view: L1View, timeoutPart: number): L1Choice {
  const { chain } = view
  const timeout = chain.forgeL1L2BatchTimeout
  const planned = view.scheduled.at(-1)?.block ?? 0n
  const onChain = BigInt(chain.lastL1L2Batch)
  const last = planned > onChain ? planned : onChain
  const threshold = BigInt(Math.trunc((timeout - 1) * timeoutPart))
  const queue = nextQueue(view)
  const requiredFrom = last + BigInt(timeout)
  const since = view.head + 1n - last
  if (since < threshold) {
    return { kind: 'l2', queue, requiredFrom, because: `L1 batch due in ${threshold - since} blocks` }
  }
  if (queue < BigInt(chain.nextL1FillingQueue)) {
    return { kind: 'l1', queue, requiredFrom, because: `L1 queue ${queue} is frozen and due` }
  }
  return {
    kind: 'l2-or-wait',
    queue,
    requiredFrom,
    because: `L1 queue ${queue} can still grow until the L1 batch before it is read from the chain`,
  }
}

/** One block earlier than the contract demands it, on purpose: the next block decides, and it must not be too late. */
export const mustBeL1 = (chain: ChainView, lastSentL1Block: bigint, block: bigint): boolean => {
  const onChain = BigInt(chain.lastL1L2Batch)
  const last = lastSentL1Block > onChain ? lastSentL1Block : onChain
  return block - last >= BigInt(chain.forgeL1L2BatchTimeout - 1)
}
