/**
 * From chain evidence of every attempt to what became of an intent. Pure; the only place where a state is decided.
 *
 * The renumber rule: an intent may have a new nonce only when its nonce was used at confirmation depth by a
 * transaction that is none of its attempts and was read itself. Neither an RPC error nor a missing receipt is evidence.
 */
import type { Finality, IntentState } from '../../../entities/kernel/intent.ts'

export interface Receipt {
  readonly block: bigint
  readonly blockHash: string
  readonly succeeded: boolean
  readonly gasUsed: bigint
  /** What its gas cost, blob gas included; left out where the receipt was not read again. */
  readonly feeWei?: bigint
}

/** One attempt and its receipt on the canonical chain, if it has one. */
export interface AttemptEvidence {
  readonly id: string
  readonly purpose: 'effect' | 'cancel'
  readonly nonce: number
  readonly receipt: Receipt | null
}

/** The heights of the blocks that the chain calls so; without an entry it is not known, and nothing has reached it. */
export type Tagged = ReadonlyMap<Finality, bigint>

export interface Evidence {
  readonly head: bigint
  readonly tagged: Tagged
  /**
   * The block with a transaction that used this nonce and is none of the attempts, as read from that block; null when
   * no such transaction is known, whatever receipts are missing.
   */
  readonly strangerBlock: bigint | null
  readonly attempts: readonly AttemptEvidence[]
}

/** What of the intent bears on its fate. */
export interface Standing {
  readonly nonce: number
  readonly confirmations: number
  readonly finality: Finality | null
  readonly cancelBecause: string | null
}

export type Outcome =
  | { readonly state: 'sent' | 'cancelling'; readonly because: string | null }
  | { readonly state: 'mined'; readonly by: AttemptEvidence & { readonly receipt: Receipt } }
  | {
      readonly state: 'confirmed' | 'reverted' | 'cancelled'
      readonly by: AttemptEvidence & { readonly receipt: Receipt }
    }
  /** Its nonce went to somebody else for good: every attempt is dead. It may start again, or end when taken back. */
  | { readonly state: 'queued' | 'cancelled'; readonly by: null; readonly because: string }

/** Whether a block is as deep as the intent waits for: under the head, and under the tag where it asks for one. */
export function isDeep(
  { confirmations, finality }: Pick<Standing, 'confirmations' | 'finality'>,
  { head, tagged }: Pick<Evidence, 'head' | 'tagged'>,
  block: bigint,
): boolean {
  if (head - block < BigInt(confirmations)) return false
  return finality === null || block <= (tagged.get(finality) ?? -1n)
}

/** What the evidence says about an intent that has a nonce. */
export function settle(intent: Standing, evidence: Evidence): Outcome {
  const mined = evidence.attempts.find(hasReceipt)
  if (mined) return settleMined(intent, mined, evidence)
  const open: IntentState = intent.cancelBecause === null ? 'sent' : 'cancelling'
  if (evidence.strangerBlock === null) return { state: open, because: null }
  const foreign = `nonce ${intent.nonce} was used by a transaction that is not ours`
  if (!isDeep(intent, evidence, evidence.strangerBlock))
    return { state: open, because: `${foreign}; waits until that is final` }
  return intent.cancelBecause === null
    ? { state: 'queued', by: null, because: `${foreign}: sent again with a new one` }
    : { state: 'cancelled', by: null, because: intent.cancelBecause }
}

type MinedEvidence = AttemptEvidence & { readonly receipt: Receipt }
const hasReceipt = (attempt: AttemptEvidence): attempt is MinedEvidence => attempt.receipt !== null

function settleMined(intent: Standing, by: MinedEvidence, evidence: Evidence): Outcome {
  if (!isDeep(intent, evidence, by.receipt.block)) return { state: 'mined', by }
  if (by.purpose === 'cancel') return { state: 'cancelled', by }
  return { state: by.receipt.succeeded ? 'confirmed' : 'reverted', by }
}
