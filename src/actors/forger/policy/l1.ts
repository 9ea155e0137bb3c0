/**
 * Must or may the next batch consume the L1 queue? Pure; reference 3.5 with its MUST: only a frozen queue is forged.
 */
import type { ChainView } from '../../../entities/forger/chain-facts.ts'
import { firstOf, type Decided, type Rule } from './rules.ts'

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

/** Whether the next batch is an L1 batch; a queue is consumed only when nothing can be added to it any more. */
export function decideL1(view: L1View, timeoutPart: number): Decided<L1Choice> {
  const { chain, head } = view
  const planned = view.scheduled.at(-1)?.block ?? 0n
  const onChain = BigInt(chain.lastL1L2Batch)
  const last = planned > onChain ? planned : onChain
  const standing: L1Standing = {
    queue: nextQueue(view),
    requiredFrom: last + BigInt(chain.forgeL1L2BatchTimeout),
    dueIn: BigInt(Math.trunc((chain.forgeL1L2BatchTimeout - 1) * timeoutPart)) - (head + 1n - last),
    frozenBelow: BigInt(chain.nextL1FillingQueue),
  }
  const { queue, requiredFrom } = standing
  return { queue, requiredFrom, ...firstOf(RULES, standing, undefined) }
}

interface L1Standing {
  readonly queue: bigint
  readonly requiredFrom: bigint
  /** Blocks until the configured part of the timeout is over; 0 or less when it is. */
  readonly dueIn: bigint
  /** Queues with a lower number cannot grow any more. */
  readonly frozenBelow: bigint
}

type L1Rule = Rule<L1Standing, undefined, Pick<L1Choice, 'kind' | 'because'>>

const notDueYet: L1Rule = {
  name: 'l1_batch_timeout_perc',
  decide: ({ dueIn }) => (dueIn > 0n ? { kind: 'l2', because: `L1 batch due in ${dueIn} blocks` } : null),
}

const queueIsFrozen: L1Rule = {
  name: 'queue_is_frozen',
  decide: ({ queue, frozenBelow }) =>
    queue < frozenBelow ? { kind: 'l1', because: `L1 queue ${queue} is frozen and due` } : null,
}

const queueCanGrow: L1Rule = {
  name: 'queue_is_frozen',
  decide: ({ queue }) => ({
    kind: 'l2-or-wait',
    because: `L1 queue ${queue} can still grow until the L1 batch before it is read from the chain`,
  }),
}

const RULES: readonly L1Rule[] = [notDueYet, queueIsFrozen, queueCanGrow]

/** One block earlier than the contract demands it, on purpose: the next block decides, and it must not be too late. */
export const mustBeL1 = (chain: ChainView, lastSentL1Block: bigint, block: bigint): boolean => {
  const onChain = BigInt(chain.lastL1L2Batch)
  const last = lastSentL1Block > onChain ? lastSentL1Block : onChain
  return block - last >= BigInt(chain.forgeL1L2BatchTimeout - 1)
}
