/**
 * What the chain says about our batches: which were mined, which are final, which number somebody else took, and
 * where the line of batches breaks. Pure; facts in, changes out. Reference 2.3–2.6, 5.6–5.8 and their MUSTs.
 */
import type { BatchState } from '../../../entities/forger/batch.ts'
import type { IntentState } from '../../../entities/kernel/intent.ts'

/** One live batch, ours (epoch > 0) or read from the chain (epoch 0); or one of the open run that no prover could prove. */
export interface LiveBatch {
  readonly id: bigint
  readonly num: number
  readonly epoch: number
  readonly state: BatchState
  readonly because: string | null
  readonly oldRoot: bigint
  readonly newRoot: bigint
  readonly newExitRoot: bigint
  /** Whether it consumes a queue: an empty L1 batch and an empty L2 batch are alike but for this. */
  readonly l1: boolean
  /** It is not sent yet, and the queue it consumes holds something else than when it was built. */
  readonly l1Changed: boolean
  readonly l1L2TxsData: string
  readonly mineBlock: bigint | null
  readonly ethTxHash: string | null
  /** The wish to forge it; null before it is proven, and for batches of others. */
  readonly intent: LiveIntent | null
}

export interface LiveIntent {
  readonly state: IntentState
  readonly because: string | null
  readonly signed: boolean
  readonly minedBlock: bigint | null
}

/** A batch the contract has accepted. */
export interface ForgedFact {
  readonly batchNum: number
  readonly stateRoot: bigint
  readonly exitRoot: bigint
  /** Null for an L2 batch. */
  readonly l1Queue?: bigint | null | undefined
  readonly l1L2TxsData: string
  readonly blockNumber: bigint
  readonly ethTxHash: string
  readonly forger: string
}

export interface ReconcileView {
  /** Live batches above the folded base, ascending by number. */
  readonly batches: readonly LiveBatch[]
  /** Forged batches above the folded base, ascending by number. */
  readonly forged: readonly ForgedFact[]
  readonly base: { readonly batchNum: number; readonly root: bigint }
  /** What the contract holds for the base's number; null when that batch is not on the chain (any more). */
  readonly baseOnChain: { readonly root: bigint } | null
  readonly synced: bigint
  readonly confirmBlocks: number
}

export type Change =
  | { readonly do: 'sent'; readonly batch: LiveBatch; readonly because: string | null }
  | { readonly do: 'mined'; readonly batch: LiveBatch; readonly fact: ForgedFact }
  | { readonly do: 'final'; readonly batch: LiveBatch; readonly fact: ForgedFact }
  | {
      readonly do: 'drop'
      readonly batch: LiveBatch
      readonly as: 'failed' | 'superseded' | 'discarded'
      readonly because: string
    }

export interface Reconciliation {
  /** The folded base is not on the chain any more: derive all state again from the facts. */
  readonly rebuild: boolean
  readonly changes: readonly Change[]
  /** The first batch number that broke the line, and why; the pipeline must start again below it. */
  readonly broken: { readonly num: number; readonly because: string } | null
  /** The next forged batch that is not ours and has to be applied from its calldata. */
  readonly adopt: number | null
}

export function reconcile(view: ReconcileView): Reconciliation {
  const { base, baseOnChain } = view
  if (base.batchNum > 0 && (baseOnChain === null || baseOnChain.root !== base.root)) {
    return { rebuild: true, changes: [], broken: null, adopt: null }
  }
  const facts = new Map(view.forged.map(fact => [fact.batchNum, fact]))
  const changes: Change[] = []
  let broken: Reconciliation['broken'] = null
  let last: { readonly batchNum: number; readonly root: bigint } = base
  for (const batch of view.batches) {
    if (batch.state === 'failed') {
      broken ??= { num: batch.num, because: `Pipeline.waitServerProof: ${batch.because ?? 'failed'}` }
      continue
    }
    const fact = facts.get(batch.num)
    const fault: Fault | null = broken
      ? { as: 'discarded', because: `batch ${broken.num} broke the line` }
      : faultOf(batch, fact, last, view.synced)
    if (fault) {
      broken ??= { num: batch.num, because: fault.because }
      changes.push({ do: 'drop', batch, ...fault })
      continue
    }
    last = { batchNum: batch.num, root: batch.newRoot }
    const change = progressOf(batch, fact, view)
    if (change) changes.push(change)
  }
  return { rebuild: false, changes, broken, adopt: nextToAdopt(view, broken) }
}

type Fault = { readonly as: 'failed' | 'superseded' | 'discarded'; readonly because: string }

function faultOf(
  batch: LiveBatch,
  fact: ForgedFact | undefined,
  parent: { readonly batchNum: number; readonly root: bigint },
  synced: bigint,
): Fault | null {
  if (fact && !sameBatch(batch, fact)) {
    return { as: 'superseded', because: `${fact.forger} forged batch ${batch.num} in block ${fact.blockNumber}` }
  }
  if (batch.num !== parent.batchNum + 1) {
    return { as: 'discarded', because: `batch ${parent.batchNum + 1} before it is missing` }
  }
  if (fact) return null
  if (batch.oldRoot !== parent.root)
    return { as: 'discarded', because: 'reorg: the batch before it is another one now' }
  if (batch.epoch === 0) return { as: 'discarded', because: 'reorg: the chain dropped it' }
  if (batch.l1Changed) return { as: 'discarded', because: 'reorg: its L1 queue holds other transactions now' }
  return batch.intent ? faultOfWish(batch.intent, synced) : null
}

/** A wish that came to nothing; also one that was settled as confirmed, when a deep reorganisation took its block. */
function faultOfWish({ state, because, minedBlock }: LiveIntent, synced: bigint): Fault | null {
  if (state === 'reverted') return { as: 'failed', because: `forgeBatch reject: ${because ?? 'reverted'}` }
  if (state === 'cancelled') return { as: 'failed', because: `forgeBatch send: ${because ?? 'cancelled'}` }
  if (state === 'confirmed' && minedBlock !== null && minedBlock <= synced) {
    return {
      as: 'failed',
      because: `forgeBatch receipt: settled in block ${minedBlock}, which the chain dropped since`,
    }
  }
  return null
}

const sameBatch = (batch: LiveBatch, fact: ForgedFact): boolean =>
  batch.newRoot === fact.stateRoot &&
  batch.newExitRoot === fact.exitRoot &&
  batch.l1 === (fact.l1Queue != null) &&
  batch.l1L2TxsData === fact.l1L2TxsData

function progressOf(batch: LiveBatch, fact: ForgedFact | undefined, view: ReconcileView): Change | null {
  if (!fact) {
    if (batch.state === 'mined' || batch.state === 'final') {
      return { do: 'sent', batch, because: 'reorg: its block is gone, the same bytes are sent again' }
    }
    return batch.state === 'proven' && batch.intent?.signed ? { do: 'sent', batch, because: null } : null
  }
  const depth = view.synced - fact.blockNumber
  if (depth >= BigInt(view.confirmBlocks)) return batch.state === 'final' ? null : { do: 'final', batch, fact }
  const unchanged =
    batch.state === 'mined' && batch.mineBlock === fact.blockNumber && batch.ethTxHash === fact.ethTxHash
  return unchanged ? null : { do: 'mined', batch, fact }
}

/** The lowest forged number without a live batch of the same content. */
function nextToAdopt(view: ReconcileView, broken: Reconciliation['broken']): number | null {
  const live = new Set(view.batches.filter(batch => batch.state !== 'failed').map(batch => batch.num))
  const missing = view.forged.find(fact => !live.has(fact.batchNum) || (broken !== null && fact.batchNum >= broken.num))
  return missing?.batchNum ?? null
}
