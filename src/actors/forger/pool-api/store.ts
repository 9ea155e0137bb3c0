/** Writes admitted transactions, many in one statement when many come at once. */
import type { Clock } from '../../../clock.ts'
import { PoolTx } from '../../../entities/forger/pool-tx.ts'
import type { Orm } from '../../../entities/orm.ts'
import { ZERO_ETH_ADDR } from '../rollup/types.ts'
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

const rowOf = ({ tx, type, txId, toBjj, clientIp }: Admitted, receivedAt: Date) => ({
  txId,
  type,
  fromIdx: BigInt(tx.fromIdx),
  toIdx: BigInt(tx.toIdx),
  toEthAddr: tx.toEthAddr === ZERO_ETH_ADDR ? null : tx.toEthAddr,
  toBjj,
  tokenId: BigInt(tx.tokenId),
  amount: tx.amount,
  fee: tx.userFee,
  nonce: BigInt(tx.nonce),
  maxNumBatch: 0n,
  signature: tx.signature,
  state: 'pend' as const,
  externalDelete: false,
  clientIp,
  receivedAt,
})
