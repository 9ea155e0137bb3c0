/**
 * The pool: L2 transactions that wait to be forged, and the authorisations to create accounts for others.
 */
import { defineEntity, p } from '@mikro-orm/core'
import { Uint256 } from '../types.ts'

/** `pend` waits, `fing` is in a batch under way, `fged` is in a batch that was broadcast, `invl` can never be forged. */
export const POOL_STATES = ['pend', 'fing', 'fged', 'invl'] as const
export type PoolState = (typeof POOL_STATES)[number]
export const POOL_TX_TYPES = ['Transfer', 'TransferToEthAddr', 'TransferToBJJ', 'Exit'] as const
export type PoolTxType = (typeof POOL_TX_TYPES)[number]

/** The fields of a transaction that another one, linked to it, repeats in its signature. */
export interface LinkedFields {
  readonly fromIdx: number
  readonly toIdx: number
  readonly toEthAddr: string | null
  /** Compressed key as a big-endian hex number, `0x` + 64 digits. */
  readonly toBjj: string | null
  readonly tokenId: number
  /** Decimal. */
  readonly amount: string
  /** Fee selector. */
  readonly fee: number
  readonly nonce: number
}

const PoolTxSchema = defineEntity({
  name: 'PoolTx',
  tableName: 'pool_tx',
  schema: 'forger',
  properties: {
    /** Insertion order. */
    itemId: p.bigint().primary().autoincrement(),
    /** `0x02…`, 33 bytes hex. */
    txId: p.text().unique(),
    type: p.enum(POOL_TX_TYPES),
    fromIdx: p.bigint(),
    toIdx: p.bigint(),
    toEthAddr: p.text().nullable(),
    /** Compressed key as a big-endian hex number, `0x` + 64 digits. */
    toBjj: p.text().nullable(),
    tokenId: p.bigint(),
    amount: p.type(Uint256),
    /** Fee selector 0…255. */
    fee: p.integer(),
    nonce: p.bigint(),
    maxNumBatch: p.bigint().default(0),
    /** 64 bytes hex: compressed R8, S, both little-endian. */
    signature: p.text(),
    state: p.enum(POOL_STATES).default('pend'),
    batchNum: p.integer().nullable(),
    info: p.text().nullable(),
    errorCode: p.integer().nullable(),
    errorType: p.text().nullable(),
    clientIp: p.text().nullable(),
    externalDelete: p.boolean().default(false),
    rqOffset: p.integer().nullable(),
    /** The linked transaction's fields as they were signed; null when none is linked. */
    rq: p.json<LinkedFields>().nullable(),
    atomicGroupId: p.text().nullable(),
    receivedAt: p.datetime(),
  },
  indexes: [
    { name: 'pool_tx_pending', properties: ['itemId'], where: "state = 'pend' and not external_delete" },
    { name: 'pool_tx_sender', properties: ['fromIdx', 'nonce'] },
    { name: 'pool_tx_batch', properties: ['batchNum'], where: 'batch_num is not null' },
    { name: 'pool_tx_group', properties: ['atomicGroupId'], where: 'atomic_group_id is not null' },
  ],
})
/** One L2 transaction as it was submitted and what became of it. */
export class PoolTx extends PoolTxSchema.class {}
PoolTxSchema.setClass(PoolTx)

const AccountCreationAuthSchema = defineEntity({
  name: 'AccountCreationAuth',
  tableName: 'account_creation_auth',
  schema: 'forger',
  properties: {
    ethAddr: p.text().primary(),
    bjj: p.text(),
    /** EIP-712, r ‖ s ‖ v, 65 bytes hex. */
    signature: p.text(),
    receivedAt: p.datetime(),
  },
})
/** The right to create a rollup account for an Ethereum address. */
export class AccountCreationAuth extends AccountCreationAuthSchema.class {}
AccountCreationAuthSchema.setClass(AccountCreationAuth)
