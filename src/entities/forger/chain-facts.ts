/**
 * What the rollup's contracts say: queued L1 transactions, tokens, forged batches, and the views read at the head.
 * All of it can be derived again; a reorganisation deletes what lies above the fork.
 */
import { defineEntity, p } from '@mikro-orm/core'
import { Uint256 } from '../types.ts'

const L1TxSchema = defineEntity({
  name: 'L1Tx',
  tableName: 'l1_tx',
  schema: 'forger',
  properties: {
    /** toForgeL1TxsNum of the queue it waits in. */
    queue: p.bigint().primary(),
    position: p.integer().primary(),
    txId: p.text().unique(),
    fromEthAddr: p.text(),
    /** Compressed key as a big-endian hex number; zero when no account is created. */
    fromBjj: p.text(),
    fromIdx: p.bigint(),
    /** 40-bit floats as they are on chain. */
    loadAmountF: p.bigint(),
    amountF: p.bigint(),
    tokenId: p.bigint(),
    toIdx: p.bigint(),
    /** The 78 bytes as emitted, hex. */
    encoded: p.text(),
    blockNumber: p.bigint(),
    ethTxHash: p.text(),
  },
  indexes: [{ name: 'l1_tx_block', properties: ['blockNumber'] }],
})
/** An L1 user transaction in a contract queue. Forged exactly when its queue is (see ForgedBatch.l1Queue). */
export class L1Tx extends L1TxSchema.class {}
L1TxSchema.setClass(L1Tx)

const TokenSchema = defineEntity({
  name: 'Token',
  tableName: 'token',
  schema: 'forger',
  properties: {
    tokenId: p.bigint().primary().autoincrement(false),
    address: p.text(),
    blockNumber: p.bigint(),
  },
})
/** A token registered in the rollup; token 0 is ether and needs no row. */
export class Token extends TokenSchema.class {}
TokenSchema.setClass(Token)

const ForgedBatchSchema = defineEntity({
  name: 'ForgedBatch',
  tableName: 'forged_batch',
  schema: 'forger',
  properties: {
    batchNum: p.integer().primary().autoincrement(false),
    forger: p.text(),
    stateRoot: p.type(Uint256),
    exitRoot: p.type(Uint256),
    lastIdx: p.bigint(),
    /** The queue it consumed; null for an L2 batch. */
    l1Queue: p.bigint().fieldName('l1_queue').nullable(),
    l1UserTxs: p.integer().fieldName('l1_user_txs'),
    /** Decoded from the calldata, hex. */
    encodedL1CoordinatorTx: p.text().fieldName('encoded_l1_coordinator_tx'),
    l1L2TxsData: p.text().fieldName('l1_l2_txs_data'),
    feeIdxCoordinator: p.text(),
    slot: p.bigint().nullable(),
    blockNumber: p.bigint(),
    blockHash: p.text(),
    ethTxHash: p.text(),
    gasUsed: p.bigint().nullable(),
    forgedAt: p.datetime(),
  },
  indexes: [{ name: 'forged_batch_block', properties: ['blockNumber'] }],
})
/** A batch the contract accepted, ours or somebody else's, from the calldata of its transaction. */
export class ForgedBatch extends ForgedBatchSchema.class {}
ForgedBatchSchema.setClass(ForgedBatch)

/** One slot as the auction's views show it. */
export interface SlotView {
  readonly slot: string
  readonly startBlock: string
  readonly endBlock: string
  /** Who may forge by right: the winning bidder's forger or the boot coordinator; null when unknown. */
  readonly forger: string | null
  readonly committed: boolean
}

/** The contract views the policy needs, read at one block; big numbers are decimal strings. */
export interface ChainView {
  readonly genesisBlock: string
  readonly blocksPerSlot: number
  readonly slotDeadline: number
  readonly currentSlot: SlotView | null
  readonly nextSlot: SlotView | null
  readonly forgeL1L2BatchTimeout: number
  readonly lastL1L2Batch: string
  readonly nextL1ToForgeQueue: string
  readonly nextL1FillingQueue: string
  readonly lastForgedBatch: number
  readonly lastIdx: string
  readonly stateRoot: string
}

const HeadViewSchema = defineEntity({
  name: 'HeadView',
  tableName: 'head_view',
  schema: 'forger',
  properties: {
    /** One row: `head`. */
    name: p.text().primary(),
    blockNumber: p.bigint(),
    blockHash: p.text(),
    view: p.json<ChainView>(),
  },
})
/** The latest contract views together with the block they were read at. */
export class HeadView extends HeadViewSchema.class {}
HeadViewSchema.setClass(HeadView)
