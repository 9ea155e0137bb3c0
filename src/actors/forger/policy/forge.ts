/**
 * Should a batch be built now, and is it worth forging once it is known what would be in it? Pure; reference 3.4.
 */
export interface ForgeRules {
  readonly forgeDelay: number
  readonly forgeNoTxsDelay: number
  readonly ignoreSlotCommitment: boolean
  readonly forgeOncePerSlotIfTxs: boolean
}

export interface ForgeView {
  /** The current slot has a batch in it, on chain or already built by us. */
  readonly slotCommitted: boolean
  /** Milliseconds since the last batch was handed to a prover; null before the first of this run. */
  readonly elapsedMs: number | null
}

export type ForgeDecision =
  | { readonly do: 'forge' }
  /** `againInMs`: when waiting alone can change the answer. */
  | { readonly do: 'skip'; readonly because: string; readonly againInMs: number | null }

/** Before selection: is it time to look for transactions at all? */
export function decideOpen(view: ForgeView, rules: ForgeRules): ForgeDecision {
  if (rules.forgeOncePerSlotIfTxs) {
    return view.slotCommitted ? skip('the slot has its batch already (forge_once_per_slot_if_txs)') : forge
  }
  if (!rules.ignoreSlotCommitment && !view.slotCommitted) return forge
  return waitFor(view.elapsedMs, rules.forgeDelay, 'forge_delay')
}

/** After selection: is what was selected worth a batch? `pending`: anything to forge, or L1 transactions waiting. */
export function decideKeep(view: ForgeView & { readonly pending: boolean }, rules: ForgeRules): ForgeDecision {
  if (rules.forgeOncePerSlotIfTxs) {
    if (view.slotCommitted) return skip('the slot has its batch already (forge_once_per_slot_if_txs)')
    return view.pending ? forge : skip('nothing to forge')
  }
  if (!rules.ignoreSlotCommitment && !view.slotCommitted) return forge
  if (view.pending) return forge
  return waitFor(view.elapsedMs, rules.forgeNoTxsDelay, 'nothing to forge, forge_no_txs_delay')
}

const forge: ForgeDecision = { do: 'forge' }
const skip = (because: string, againInMs: number | null = null): ForgeDecision => ({ do: 'skip', because, againInMs })

function waitFor(elapsedMs: number | null, delayMs: number, name: string): ForgeDecision {
  if (elapsedMs === null || elapsedMs >= delayMs) return forge
  const left = delayMs - elapsedMs
  return skip(`${name}: ${Math.ceil(left / 1000)} s left`, left)
}
