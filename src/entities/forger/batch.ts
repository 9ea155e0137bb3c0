/**
 * Batches of ours from selection to finality, the provers' work on them, and the runs of the pipeline.
 */
import { defineEntity, p } from '@mikro-orm/core'
import { Uint256 } from '../types.ts'

/**
 * built → proving → proven → sent → mined → final. `failed`: its transaction reverted or no prover could prove it.
 * `superseded`: another forger landed this number. `discarded`: its run of the pipeline was given up.
 */
export const BATCH_STATES = [
  'built',
  'proving',
  'proven',
  'sent',
  'mined',
  'final',
  'failed',
  'superseded',
  'discarded',
] as const
export type BatchState = (typeof BATCH_STATES)[number]
/** States in which the number is taken: at most one live batch a number. */
export const LIVE_BATCH_STATES = ['built', 'proving', 'proven', 'sent', 'mined', 'final'] as const

const BatchSchema = defineEntity({
  name: 'Batch',
  tableName: 'batch',
  schema: 'forger',
  properties: {
    id: p.bigint().primary().autoincrement(),
    num: p.integer(),
    epoch: p.integer(),
    state: p.enum(BATCH_STATES).default('built'),
    because: p.text().nullable(),
    oldRoot: p.type(Uint256),
    newRoot: p.type(Uint256),
    newExitRoot: p.type(Uint256),
    oldLastIdx: p.bigint(),
    newLastIdx: p.bigint(),
    /** The L1 queue it consumes; null for an L2 batch. */
    l1Queue: p.bigint().fieldName('l1_queue').nullable(),
    /** Of what its queue held when it was built; null for L2 batches and batches of others. */
    l1Digest: p.text().fieldName('l1_digest').nullable(),
    l1UserTxs: p.integer().fieldName('l1_user_txs'),
    l1CoordinatorTxs: p.integer().fieldName('l1_coordinator_txs'),
    l2Txs: p.integer().fieldName('l2_txs'),
    /** Arguments of forgeBatch without the proof, hex. */
    encodedL1CoordinatorTx: p.text().fieldName('encoded_l1_coordinator_tx'),
    l1L2TxsData: p.text().fieldName('l1_l2_txs_data'),
    feeIdxCoordinator: p.text(),
    verifierIdx: p.integer(),
    /** hashGlobalInputs: what a proof must have as its only public input. */
    publicInput: p.type(Uint256),
    /** What the prover is posted, as JSON text; dropped when the batch is settled. */
    proverInput: p.text().lazy().nullable(),
    /** Changed leaves, newest state of each account; dropped once folded into the account table. */
    accounts: p.json<readonly StoredAccount[]>().lazy().nullable(),
    /** What the batch holds, for people and for the JSON dump. */
    contents: p.json<unknown>().lazy().nullable(),
    proof: p.json<StoredProof>().nullable(),
    intentKey: p.text().nullable(),
    ethTxHash: p.text().nullable(),
    startBlock: p.bigint(),
    sendBlock: p.bigint().nullable(),
    mineBlock: p.bigint().nullable(),
    createdAt: p.datetime(),
    postedAt: p.datetime().nullable(),
    provenAt: p.datetime().nullable(),
    sentAt: p.datetime().nullable(),
    minedAt: p.datetime().nullable(),
    finalAt: p.datetime().nullable(),
    traceId: p.text().nullable(),
  },
  indexes: [
    { name: 'batch_num', properties: ['num'] },
    { name: 'batch_open', properties: ['num'], where: "state in ('built','proving','proven','sent','mined')" },
  ],
  uniques: [
    {
      name: 'batch_live_num',
      properties: ['num'],
      where: "state in ('built','proving','proven','sent','mined','final')",
    },
  ],
})
/** One batch of ours. A unique partial index allows one live batch a number. */
export class Batch extends BatchSchema.class {}
BatchSchema.setClass(Batch)

/** A leaf of the state tree; big numbers are decimal strings, `ethAddr` is lower-case hex. */
export interface StoredAccount {
  readonly idx: string
  readonly tokenId: string
  readonly nonce: string
  readonly balance: string
  readonly ay: string
  readonly sign: 0 | 1
  readonly ethAddr: string
  /** Hash of the leaf, which saves computing it at the next start. */
  readonly leafHash?: string
  /** Hashes of the lower branches above the leaf, 64 hex digits each. */
  readonly branches?: string
}

/** A Groth16 proof as provers answer it: decimal strings. */
export interface StoredProof {
  readonly pi_a: readonly [string, string, string]
  readonly pi_b: readonly [readonly [string, string], readonly [string, string], readonly [string, string]]
  readonly pi_c: readonly [string, string, string]
  readonly protocol: string
}

const AccountSchema = defineEntity({
  name: 'Account',
  tableName: 'account',
  schema: 'forger',
  properties: {
    idx: p.bigint().primary().autoincrement(false),
    tokenId: p.bigint(),
    nonce: p.bigint(),
    balance: p.type(Uint256),
    ay: p.type(Uint256),
    sign: p.integer(),
    ethAddr: p.text(),
    /** Hash of the leaf; null when it was not kept. */
    leafHash: p.type(Uint256).nullable(),
    /** Hashes of the lower branches above the leaf as of that batch, 64 hex digits each; null when there are none. */
    branches: p.text().nullable(),
    /** The batch that changed it last. */
    batchNum: p.integer(),
  },
  indexes: [{ name: 'account_eth_addr', properties: ['ethAddr'] }],
})
/** A leaf as of the folded base (FoldedState); batches above it carry their own changes. */
export class Account extends AccountSchema.class {}
AccountSchema.setClass(Account)

const FoldedStateSchema = defineEntity({
  name: 'FoldedState',
  tableName: 'folded_state',
  schema: 'forger',
  properties: {
    /** One row: `base`. */
    name: p.text().primary(),
    batchNum: p.integer(),
    root: p.type(Uint256),
    lastIdx: p.bigint(),
  },
})
/** Which batch the account table stands for. */
export class FoldedState extends FoldedStateSchema.class {}
FoldedStateSchema.setClass(FoldedState)

const EpochSchema = defineEntity({
  name: 'Epoch',
  tableName: 'epoch',
  schema: 'forger',
  properties: {
    number: p.integer().primary().autoincrement(false),
    fromBatch: p.integer(),
    fromRoot: p.type(Uint256),
    startedAt: p.datetime(),
    stoppedAt: p.datetime().nullable(),
    reason: p.text().nullable(),
    failedBatch: p.integer().nullable(),
  },
})
/** One run of the pipeline. */
export class Epoch extends EpochSchema.class {}
EpochSchema.setClass(Epoch)

export const PROVER_JOB_STATES = ['posted', 'proven', 'failed', 'stale', 'timeout', 'lost', 'cancelled'] as const
export type ProverJobState = (typeof PROVER_JOB_STATES)[number]

const ProverJobSchema = defineEntity({
  name: 'ProverJob',
  tableName: 'prover_job',
  schema: 'forger',
  properties: {
    id: p.bigint().primary().autoincrement(),
    batch: () => p.manyToOne(Batch).ref(),
    prover: p.text(),
    attempt: p.integer(),
    state: p.enum(PROVER_JOB_STATES).default('posted'),
    error: p.text().nullable(),
    postedAt: p.datetime(),
    deadlineAt: p.datetime(),
    endedAt: p.datetime().nullable(),
  },
  indexes: [
    { name: 'prover_job_batch', properties: ['batch'] },
    { name: 'prover_job_open', properties: ['prover'], where: "state = 'posted'" },
  ],
})
/** One posting of a batch's inputs to one prover. */
export class ProverJob extends ProverJobSchema.class {}
ProverJobSchema.setClass(ProverJob)
