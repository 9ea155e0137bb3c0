/**
 * Should the pipeline run? One epoch is one run of it. Pure; reference sections 2.2 and 2.4.
 */
import type { ChainView } from '../../../entities/forger/chain-facts.ts'
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

/** Starts, stops or leaves the pipeline; every `wait` and `stop` says why. */
export function decideRun(view: RunView, rules: RunRules): RunDecision {
  const { chain, running } = view
  if (view.synced < view.head) {
    const because = `reading the chain: block ${view.synced} of ${view.head}`
    return running ? { do: 'run', because } : { do: 'wait', because }
  }
  const next = view.head + 1n
  const denied = unreadable(view) ?? denial(chain, next, rules)
  if (denied !== null) return { do: running ? 'stop' : 'wait', because: denied }
  if (running) return { do: 'run', because: `slot ${slotAt(chain, next)?.slot} may be forged in` }
  const relative = relativeBlock(chain, next) ?? 0
  if (relative < rules.startSlotBlocksDelay) {
    return {
      do: 'wait',
      because: `${rules.startSlotBlocksDelay - relative} blocks until the slot's start delay is over`,
    }
  }
  return { do: 'start', because: `slot ${slotAt(chain, next)?.slot} may be forged in` }
}

/** A batch that was not forged by a plain call of the contract cannot be read, and nothing can be built on it. */
const unreadable = ({ chain, newestBatch }: RunView): string | null =>
  chain.lastForgedBatch > newestBatch
    ? `batch ${newestBatch + 1} is on the chain, but the transaction that forged it cannot be read`
    : null

function denial(chain: ChainView, next: bigint, rules: RunRules): string | null {
  if (next < BigInt(chain.genesisBlock)) return `the auction starts in ${BigInt(chain.genesisBlock) - next} blocks`
  if (!canForge(chain, next, rules.us)) return notOurs(chain, next)
  const ahead = BigInt(rules.scheduleBatchBlocksAheadCheck)
  if (ahead > 0n && !canForge(chain, next + ahead, rules.us)) {
    return `${notOurs(chain, next + ahead)}, and batches are scheduled ${ahead} blocks ahead`
  }
  return null
}

function notOurs(chain: ChainView, block: bigint): string {
  const slot = slotAt(chain, block)
  if (slot === null) return `the slot of block ${block} is not known yet`
  const deadline = BigInt(slot.startBlock) + BigInt(chain.slotDeadline)
  const opens = slot.committed ? 'it is committed' : `it opens to everybody at block ${deadline}`
  return `slot ${slot.slot} belongs to ${slot.forger ?? 'nobody known'} and ${opens}`
}
