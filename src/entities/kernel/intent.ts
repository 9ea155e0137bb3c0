/**
 * Durable wishes for one transaction each, and every signed version that was ever made for them.
 * Written before anything is sent; kept until finality and after.
 */
import { defineEntity, p } from '@mikro-orm/core'
import { Uint256 } from '../types.ts'

/**
 * `queued`: accepted, no nonce yet. `sent`: a signed attempt is committed (broadcast or about to be). `mined`: in a
 * block, not deep enough. `confirmed`, `reverted`, `cancelled`: settled for good. `parked`: waits for a person.
 * `cancelling`: its nonce is being taken back by a no-op.
 */
export const INTENT_STATES = [
  'queued',
  'sent',
  'mined',
  'confirmed',
  'reverted',
  'cancelling',
  'cancelled',
  'parked',
] as const
export type IntentState = (typeof INTENT_STATES)[number]

/**
 * What a parked one waits for: `approval` of a person (oversight), room in a `budget`, the end of a `dry-run`, or a
 * `person` who looks at what is wrong.
 */
export const PARKED_FOR = ['approval', 'budget', 'dry-run', 'person'] as const
export type ParkedFor = (typeof PARKED_FOR)[number]

/** What would happen on the newest state, found out without sending. Amounts are decimal strings. */
export interface StoredSimulation {
  readonly outcome: 'runs' | 'reverts' | 'unknown'
  /** The gas it took, with the margin; null when it did not run. */
  readonly gas: string | null
  /** The most it can cost at today's price, its value included, wei; null when that is not known. */
  readonly maxCostWei: string | null
  /** Why it reverts, or why nothing can be said; null when it runs. */
  readonly reason: string | null
  readonly block: string
  /** ISO 8601. */
  readonly at: string
}
/** Block tags of the consensus layer that a transaction may be asked to wait for. */
export const FINALITIES = ['safe', 'finalized'] as const
export type Finality = (typeof FINALITIES)[number]
export const SETTLED_STATES = ['confirmed', 'reverted', 'cancelled'] as const satisfies readonly IntentState[]

/**
 * What fits into a transaction and into our columns, in a wish and in what a person makes of it: at least, and below. All
 * are exact also as floating-point numbers, which is how compiled schemas hold them.
 */
export const INTENT_BOUNDS = {
  value: [0n, 1n << 256n],
  gasLimit: [21_000n, 1n << 63n],
  maxFeePerGas: [1n, 1n << 256n],
  notAfterBlock: [0n, 1n << 63n],
} as const

const IntentSchema = defineEntity({
  name: 'Intent',
  tableName: 'intent',
  schema: 'kernel',
  properties: {
    id: p.bigint().primary().autoincrement(),
    /** Derived from the meaning: `forger:forge:118:root`. A second intent with the same key cannot exist. */
    key: p.text().unique(),
    role: p.text(),
    subject: p.text(),
    chain: p.text(),
    /** The name of the account in the configuration. */
    account: p.text(),
    to: p.text(),
    data: p.text(),
    value: p.type(Uint256),
    /** Used when estimation is impossible because an earlier intent of this lane is still in flight. */
    gasLimit: p.bigint().nullable(),
    /** The last block it may land in: when the next one is later and it was not broadcast yet, it is cancelled. */
    notAfterBlock: p.bigint().nullable(),
    /** Hash of all that was wished for; what a person edits later does not change it. Null in old rows. */
    content: p.text().nullable(),
    /** Fee ceiling of this one, wei per gas; below the account's. */
    maxFeePerGas: p.type(Uint256).nullable(),
    /** How many blobs it carries; they are in IntentBlob. */
    blobCount: p.integer().default(0),
    /** Depth under the head at which it is settled. */
    confirmations: p.integer(),
    /** The tag its block must be at or below besides; null: the chain's in the configuration. */
    finality: p.enum(FINALITIES).nullable(),
    state: p.enum(INTENT_STATES).default('queued'),
    /** Why it waits, failed or was parked. */
    because: p.text().nullable(),
    /** Why somebody takes the wish back; set while that is not settled, and kept as the reason when it is. */
    cancelBecause: p.text().nullable(),
    nonce: p.integer().nullable(),
    /** Set while it is parked. */
    parkedFor: p.enum(PARKED_FOR).nullable(),
    /** When a person let it be sent, in oversight. */
    approvedAt: p.datetime().nullable(),
    /** When a person let it go over the budget of the day. */
    overBudgetAt: p.datetime().nullable(),
    /** The token that approved last. */
    approvedBy: p.text().nullable(),
    /** Of a parked one: its outcome if it were sent now. */
    simulation: p.json<StoredSimulation>().nullable(),
    /** When its first version was committed: the day that its cost counts for. */
    sentAt: p.datetime().nullable(),
    /** The most that its versions can cost together, wei: only one of them is mined. */
    reservedWei: p.type(Uint256).nullable(),
    /** What it cost once mined, gas and value, wei. */
    spentWei: p.type(Uint256).nullable(),
    /** The attempt that was mined. */
    minedHash: p.text().nullable(),
    minedBlock: p.bigint().nullable(),
    gasUsed: p.bigint().nullable(),
    /** Set by the role in the transaction that takes note of the outcome: it is told exactly once. */
    acknowledgedAt: p.datetime().nullable(),
    createdAt: p.datetime(),
    updatedAt: p.datetime(),
    settledAt: p.datetime().nullable(),
    traceId: p.text().nullable(),
  },
  indexes: [
    { name: 'intent_open', properties: ['chain', 'account', 'id'], where: 'settled_at is null' },
    { name: 'intent_untold', properties: ['role'], where: 'settled_at is not null and acknowledged_at is null' },
    { name: 'intent_subject', properties: ['subject'] },
    { name: 'intent_sent', properties: ['sentAt'], where: 'sent_at is not null' },
  ],
  checks: [
    {
      name: 'intent_nonce_when_sent', // one that reverts in simulation ends without a nonce
      expression: "state in ('queued','parked','cancelled','reverted') or nonce is not null",
    },
    { name: 'intent_parked_with_reason', expression: "(state = 'parked') = (parked_for is not null)" },
  ],
})
/** A durable wish for exactly one outside effect. */
export class Intent extends IntentSchema.class {}
IntentSchema.setClass(Intent)

/** `signed`: committed, fate unknown until broadcast. `broadcast`: handed to a node at least once. */
export const ATTEMPT_STATES = ['signed', 'broadcast', 'mined', 'replaced', 'dead'] as const
export type AttemptState = (typeof ATTEMPT_STATES)[number]

const AttemptSchema = defineEntity({
  name: 'Attempt',
  tableName: 'attempt',
  schema: 'kernel',
  properties: {
    id: p.bigint().primary().autoincrement(),
    intent: () => p.manyToOne(Intent).ref(),
    /** `effect` does what the intent wishes; `cancel` is a self-transfer that takes its nonce back. */
    purpose: p.enum(['effect', 'cancel'] as const),
    chain: p.text(),
    account: p.text(),
    nonce: p.integer(),
    hash: p.text().unique(),
    /** The exact signed bytes. */
    raw: p.text(),
    maxFeePerGas: p.type(Uint256),
    maxPriorityFeePerGas: p.type(Uint256),
    /** Of a blob transaction. */
    maxFeePerBlobGas: p.type(Uint256).nullable(),
    gasLimit: p.bigint(),
    state: p.enum(ATTEMPT_STATES).default('signed'),
    /** What the node last said when it refused the bytes. */
    error: p.text().nullable(),
    signedAt: p.datetime(),
    broadcastAt: p.datetime().nullable(),
    minedBlock: p.bigint().nullable(),
    minedBlockHash: p.text().nullable(),
    /** Receipt status: true for success; null while there is no receipt. */
    succeeded: p.boolean().nullable(),
  },
  indexes: [
    { name: 'attempt_intent', properties: ['intent'] },
    { name: 'attempt_nonce', properties: ['chain', 'account', 'nonce'] },
  ],
})
/** One signed version of an intent's transaction. */
export class Attempt extends AttemptSchema.class {}
AttemptSchema.setClass(Attempt)

const IntentBlobSchema = defineEntity({
  name: 'IntentBlob',
  tableName: 'intent_blob',
  schema: 'kernel',
  properties: {
    intent: () => p.manyToOne(Intent).primary().ref().deleteRule('cascade'),
    place: p.integer().primary(),
    /** 131072 bytes, hex. */
    data: p.text(),
  },
})
/** One blob that an intent carries (EIP-4844); goes with its intent. */
export class IntentBlob extends IntentBlobSchema.class {}
IntentBlobSchema.setClass(IntentBlob)
