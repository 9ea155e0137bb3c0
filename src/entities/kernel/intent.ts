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
export const SETTLED_STATES = ['confirmed', 'reverted', 'cancelled'] as const satisfies readonly IntentState[]

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
    /** Depth under the head at which it is settled. */
    confirmations: p.integer(),
    state: p.enum(INTENT_STATES).default('queued'),
    /** Why it waits, failed or was parked. */
    because: p.text().nullable(),
    /** Why somebody takes the wish back; set while that is not settled, and kept as the reason when it is. */
    cancelBecause: p.text().nullable(),
    nonce: p.integer().nullable(),
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
  ],
  checks: [
    {
      name: 'intent_nonce_when_sent', // one that reverts in simulation ends without a nonce
      expression: "state in ('queued','parked','cancelled','reverted') or nonce is not null",
    },
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
