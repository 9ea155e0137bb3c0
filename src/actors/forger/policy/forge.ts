/**
 * Should a batch be built now, and is it worth forging once it is known what would be in it? Pure; reference 3.4.
 */
import { firstOf, type Decided, type Rule } from './rules.ts'

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

/** `pending`: something was selected, or L1 transactions wait behind an empty L1 batch. */
export type KeepView = ForgeView & { readonly pending: boolean }

export type ForgeDecision =
  | { readonly do: 'forge' }
  /** `againInMs`: when waiting alone can change the answer. */
  | { readonly do: 'skip'; readonly because: string; readonly againInMs: number | null }

/** Before selection: is it time to look for transactions at all? */
export const decideOpen = (view: ForgeView, settings: ForgeRules): Decided<ForgeDecision> =>
  firstOf([oncePerSlot, slotIsLookedAt, slotIsToBeCommitted, forgeDelay], view, settings)

/** After selection: is what was selected worth a batch? */
export const decideKeep = (view: KeepView, settings: ForgeRules): Decided<ForgeDecision> =>
  firstOf([oncePerSlot, onlyIfTxs, slotIsToBeCommitted, somethingToForge, forgeNoTxsDelay], view, settings)

type OpenRule = Rule<ForgeView, ForgeRules, ForgeDecision>
type KeepRule = Rule<KeepView, ForgeRules, ForgeDecision>

const forge: ForgeDecision = { do: 'forge' }
const skip = (because: string, againInMs: number | null = null): ForgeDecision => ({ do: 'skip', because, againInMs })

const oncePerSlot: OpenRule = {
  name: 'forge_once_per_slot_if_txs',
  decide: ({ slotCommitted }, { forgeOncePerSlotIfTxs: once }) =>
    once && slotCommitted ? skip('the slot has its batch already (forge_once_per_slot_if_txs)') : null,
}

/** Once a slot, no delay counts: what is there is looked at. */
const slotIsLookedAt: OpenRule = {
  name: 'forge_once_per_slot_if_txs',
  decide: (_view, { forgeOncePerSlotIfTxs: once }) => (once ? forge : null),
}

/** Once a slot, an empty batch is never worth it. */
const onlyIfTxs: KeepRule = {
  name: 'forge_once_per_slot_if_txs',
  decide: ({ pending }, { forgeOncePerSlotIfTxs: once }) =>
    once ? (pending ? forge : skip('nothing to forge')) : null,
}

/** A slot without a batch is committed at once, with an empty one if need be, before it opens to everybody. */
const slotIsToBeCommitted: OpenRule = {
  name: 'ignore_slot_commitment',
  decide: ({ slotCommitted }, { ignoreSlotCommitment }) => (ignoreSlotCommitment || slotCommitted ? null : forge),
}

const somethingToForge: KeepRule = { name: 'something_to_forge', decide: ({ pending }) => (pending ? forge : null) }

const forgeDelay: OpenRule = {
  name: 'forge_delay',
  decide: ({ elapsedMs }, settings) => after(elapsedMs, settings.forgeDelay, 'forge_delay'),
}

const forgeNoTxsDelay: KeepRule = {
  name: 'forge_no_txs_delay',
  decide: ({ elapsedMs }, settings) =>
    after(elapsedMs, settings.forgeNoTxsDelay, 'nothing to forge, forge_no_txs_delay'),
}

function after(elapsedMs: number | null, delayMs: number, name: string): ForgeDecision {
  if (elapsedMs === null || elapsedMs >= delayMs) return forge
  const left = delayMs - elapsedMs
  return skip(`${name}: ${Math.ceil(left / 1000)} s left`, left)
}
