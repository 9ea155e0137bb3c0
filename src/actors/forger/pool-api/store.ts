/**
 * Writes admitted transactions: single ones many in one statement when many come at once, groups and replacements each in a
 * transaction of their own. A batch that was built with what is replaced here is refused when it is to be stored.
 */
import { UniqueConstraintViolationException } from '@mikro-orm/core'
import type { Clock } from '../../../clock.ts'
import { PoolTx } from '../../../entities/forger/pool-tx.ts'
import type { Em, Orm } from '../../../entities/orm.ts'
import { type SignedL2Tx, ZERO_ETH_ADDR } from '../rollup/types.ts'
import { DuplicatedKey, NothingToUpdate, SQLNoRows } from './errors.ts'
import { gather } from './gather.ts'
import type { Submission } from './submission.ts'

export interface Admitted extends Submission {
  readonly clientIp: string
}

/** Stores a transaction as pending and answers true; false when it was stored before. */
export type PoolStore = (admitted: Admitted) => Promise<boolean>

export function createStore(orm: () => Orm, clock: Clock): PoolStore {
  return gather(async (all: readonly Admitted[]) => {
    const receivedAt = new Date(clock.now())
    const wanted = new Map(all.map(admitted => [admitted.txId, rowOf(admitted, receivedAt)]))
    const query = orm()
      .em.fork()
      .createQueryBuilder(PoolTx)
      .insert([...wanted.values()])
    const written = await query.onConflict('txId').ignore().returning('txId').execute<{ txId: string }[]>('all')
    const fresh = new Set(written.map(({ txId }) => txId))
    return all.map(({ txId }) => fresh.delete(txId)) // of two that are the same, the first one was stored
  })
}

interface StoreDeps {
  readonly orm: () => Orm
  readonly clock: Clock
}

/** Stores all members as pending, in their order, or none. Throws PoolRefusal 2. */
export const storeGroup = ({ orm, clock }: StoreDeps, group: readonly Admitted[]): Promise<void> =>
  insertAll(orm().em.fork(), group, new Date(clock.now()))

/** Rows that nothing is built on, and that stand for themselves. */
const REPLACEABLE = { state: { $in: ['pend' as const, 'invl' as const] }, atomicGroupId: null, externalDelete: false }

/** Gives the transaction with the same id another receiver and signature; it is pending then. Throws PoolRefusal 4 or 25. */
export function updateReceiver({ orm }: StoreDeps, { tx, txId, type, toBjj, clientIp }: Admitted): Promise<void> {
  const { toIdx, toEthAddr } = receiverColumns(tx)
  const { signature } = tx
  const receiver = { type, toIdx, toEthAddr, toBjj, signature, clientIp }
  return orm()
    .em.fork()
    .transactional(async em => {
      const known = await em.findOne(PoolTx, { txId }, { fields: ['state', 'signature'] })
      if (!known) throw new SQLNoRows('there is no such transaction', { id: txId })
      if (known.state === 'pend' && known.signature === signature) throw new NothingToUpdate('it says this already')
      if ((await em.nativeUpdate(PoolTx, { txId, ...REPLACEABLE }, { ...receiver, ...AS_NEW })) === 1) return
      throw new NothingToUpdate('it is in a batch or in an atomic group, and cannot be changed', { id: txId })
    })
}

const AS_NEW = { state: 'pend' as const, batchNum: null, info: null, errorCode: null, errorType: null }

/** Takes the place of all that the sender has pending under the nonce. Throws PoolRefusal 2 or 4. */
export function replaceByNonce({ orm, clock }: StoreDeps, admitted: Admitted): Promise<void> {
  const { fromIdx, nonce } = admitted.tx
  return orm()
    .em.fork()
    .transactional(async em => {
      const of = { fromIdx: BigInt(fromIdx), nonce: BigInt(nonce), ...REPLACEABLE }
      if ((await em.nativeDelete(PoolTx, of)) === 0) {
        throw new SQLNoRows('nothing that waits has this sender and nonce', { idx: fromIdx, nonce })
      }
      await insertAll(em, [admitted], new Date(clock.now()))
    })
}

async function insertAll(em: Em, all: readonly Admitted[], receivedAt: Date): Promise<void> {
  try {
    await em.insertMany(
      PoolTx,
      all.map(admitted => rowOf(admitted, receivedAt)),
    )
  } catch (error) {
    if (!(error instanceof UniqueConstraintViolationException)) throw error
    throw new DuplicatedKey('one of the transactions is in the pool already')
  }
}

const rowOf = ({ tx, type, txId, toBjj, link, clientIp }: Admitted, receivedAt: Date) => ({
  txId,
  type,
  fromIdx: BigInt(tx.fromIdx),
  ...receiverColumns(tx),
  toBjj,
  tokenId: BigInt(tx.tokenId),
  amount: tx.amount,
  fee: tx.userFee,
  nonce: BigInt(tx.nonce),
  maxNumBatch: 0n,
  signature: tx.signature,
  state: 'pend' as const,
  externalDelete: false,
  rqOffset: link === null ? null : tx.rqOffset,
  rq: link?.to ?? null,
  atomicGroupId: link?.group ?? null,
  clientIp,
  receivedAt,
})

const receiverColumns = ({ toIdx, toEthAddr }: SignedL2Tx) => ({
  toIdx: BigInt(toIdx),
  toEthAddr: toEthAddr === ZERO_ETH_ADDR ? null : toEthAddr,
})
