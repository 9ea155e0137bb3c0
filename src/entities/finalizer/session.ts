/**
 * Sessions of the proof chain with what became of them, and the facts they rest on: closings and submissions.
 *
 * The columns of a session up to `agreedHash` are facts, written with the cursor of their source; those after it are the
 * role's own. A reorganisation takes the facts back; the role's columns say so and stay.
 */
import { defineEntity, p } from '@mikro-orm/core'
import { Uint256 } from '../types.ts'

/** uint64 as the contract has it: exact beyond 2^53, and beyond a signed bigint. */
export class Uint64 extends Uint256 {
  override convertToDatabaseValue(value: bigint): string {
    if (value == null) return value
    const text = super.convertToDatabaseValue(value)
    if (BigInt(text) >= 1n << 64n) throw new RangeError(`not a uint64: ${text}`)
    return text
  }
  override getColumnType(): string {
    return 'numeric(20,0)'
  }
}

export const FAMILIES = ['specimen', 'result'] as const
export type Family = (typeof FAMILIES)[number]

/**
 * discovered → waiting → ready → submitted → mined → finalized. `finalized-by-other`: somebody else closed it. `failed`:
 * tried in vain, with the time of the next try. `dropped`: its start is gone from the chain, or was never there.
 */
export const SESSION_STATES = [
  'discovered',
  'waiting',
  'ready',
  'submitted',
  'mined',
  'finalized',
  'finalized-by-other',
  'failed',
  'dropped',
] as const
export type SessionState = (typeof SESSION_STATES)[number]
/** States in which something may still have to be done. */
export const OPEN_STATES = ['discovered', 'waiting', 'ready', 'submitted', 'mined', 'failed'] as const

/** `quorum`: reached, in the contracts of 2024, which pay rewards elsewhere. */
export const OUTCOMES = ['rewarded', 'no-quorum', 'quorum'] as const
export type Outcome = (typeof OUTCOMES)[number]

const SessionSchema = defineEntity({
  name: 'Session',
  tableName: 'session',
  schema: 'finalizer',
  properties: {
    id: p.bigint().primary().autoincrement(),
    /** The NAME of the chain that carries the contract. */
    chain: p.text(),
    family: p.enum(FAMILIES),
    originChainId: p.type(Uint64),
    originHeight: p.type(Uint64),
    contract: p.text(),
    /** The last block for submissions; null while only a closing is known. */
    deadline: p.type(Uint64).nullable(),
    startBlock: p.bigint().nullable(),
    startTx: p.text().nullable(),
    startLog: p.integer().nullable(),
    /** Where the predecessor's warehouse has its start; null when it was read from the chain alone. */
    warehouseBlockId: p.type(Uint64).nullable(),
    submissions: p.integer().default(0),
    /** The first closing. The block is not known when only the warehouse tells. */
    closedBlock: p.bigint().nullable(),
    closedTx: p.text().nullable(),
    outcome: p.enum(OUTCOMES).nullable(),
    agreedHash: p.text().nullable(),
    state: p.enum(SESSION_STATES).default('discovered'),
    /** Tries that failed, and the wishes made: the number in the key of the next one. */
    attempts: p.integer().default(0),
    wishes: p.integer().default(0),
    /** Null when failed for good. */
    nextAttemptAt: p.datetime().nullable(),
    intentKey: p.text().nullable(),
    because: p.text().nullable(),
    seenAt: p.datetime(),
    updatedAt: p.datetime(),
  },
  uniques: [{ name: 'session_identity', properties: ['chain', 'family', 'originChainId', 'originHeight'] }],
  indexes: [
    { name: 'session_height', properties: ['originHeight'] },
    { name: 'session_intent', properties: ['intentKey'], where: 'intent_key is not null' },
    { name: 'session_start', properties: ['chain', 'startBlock'] },
    { name: 'session_closed', properties: ['chain', 'closedBlock'], where: 'closed_block is not null' },
    {
      name: 'session_open',
      properties: ['chain', 'state', 'deadline'],
      where: "state in ('discovered','waiting','ready','submitted','mined','failed')",
    },
    {
      name: 'session_settled',
      properties: ['updatedAt'],
      where: "state in ('finalized','finalized-by-other','dropped')",
    },
  ],
})
/** One submission round for one (family, origin chain, origin height). */
export class Session extends SessionSchema.class {}
SessionSchema.setClass(Session)

const ClosingSchema = defineEntity({
  name: 'Closing',
  tableName: 'closing',
  schema: 'finalizer',
  properties: {
    id: p.bigint().primary().autoincrement(),
    chain: p.text(),
    family: p.enum(FAMILIES),
    originChainId: p.type(Uint64),
    originHeight: p.type(Uint64),
    event: p.text(),
    outcome: p.enum(OUTCOMES).nullable(),
    blockHash: p.text().nullable(),
    agreedHash: p.text().nullable(),
    validatorBitMap: p.type(Uint256).nullable(),
    txHash: p.text(),
    blockNumber: p.bigint().nullable(),
    logIndex: p.integer(),
  },
  uniques: [{ name: 'closing_log', properties: ['chain', 'txHash', 'logIndex'] }],
  indexes: [
    { name: 'closing_session', properties: ['chain', 'family', 'originChainId', 'originHeight'] },
    { name: 'closing_block', properties: ['chain', 'blockNumber'] },
  ],
})
/** One closing event. A session may have several: an auditor can award what ended without quorum. */
export class Closing extends ClosingSchema.class {}
ClosingSchema.setClass(Closing)

const SubmissionSchema = defineEntity({
  name: 'Submission',
  tableName: 'submission',
  schema: 'finalizer',
  properties: {
    id: p.bigint().primary().autoincrement(),
    chain: p.text(),
    family: p.enum(FAMILIES),
    originChainId: p.type(Uint64),
    originHeight: p.type(Uint64),
    blockHash: p.text(),
    /** Of the specimen or of the result. */
    hash: p.text(),
    storageUrl: p.text(),
    stake: p.type(Uint256),
    txHash: p.text(),
    blockNumber: p.bigint(),
    logIndex: p.integer(),
  },
  uniques: [{ name: 'submission_log', properties: ['chain', 'blockNumber', 'logIndex'] }],
  indexes: [{ name: 'submission_session', properties: ['chain', 'family', 'originChainId', 'originHeight'] }],
})
/** What one operator submitted. */
export class Submission extends SubmissionSchema.class {}
SubmissionSchema.setClass(Submission)

const WarehouseCursorSchema = defineEntity({
  name: 'WarehouseCursor',
  tableName: 'warehouse_cursor',
  schema: 'finalizer',
  properties: {
    /** Schema and family: `chain_moonbeam_mainnet/specimen`. */
    source: p.text().primary(),
    /** Everything up to here has been read and is settled. */
    blockId: p.type(Uint64),
    /** Since when a gap holds it there; null when none does. */
    heldSince: p.datetime().nullable(),
    because: p.text().nullable(),
    updatedAt: p.datetime(),
  },
})
/** How far the predecessor's warehouse has been read. */
export class WarehouseCursor extends WarehouseCursorSchema.class {}
WarehouseCursorSchema.setClass(WarehouseCursor)
