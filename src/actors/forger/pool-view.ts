/**
 * The pending transactions a batch is selected from, with the authorisations their receivers may need.
 */
import { AccountCreationAuth, PoolTx } from '../../entities/forger/pool-tx.ts'
import type { Em } from '../../entities/orm.ts'
import { expandKey } from './rollup/bjj.ts'
import { feeOf } from './rollup/fees.ts'
import type { AccountAuthorisation, PoolTx as Candidate } from './rollup/selection.ts'
import { ZERO_ETH_ADDR, type Hex } from './rollup/types.ts'

export interface PoolView {
  /** In order of arrival. */
  readonly txs: readonly Candidate[]
  readonly authorisations: ReadonlyMap<Hex, AccountAuthorisation>
}

/** The oldest `limit` pending transactions. Linked ones are left to the atomic pool. */
export async function loadPool(em: Em, limit: number, priceOf: (tokenId: bigint) => number): Promise<PoolView> {
  const rows = await em.find(
    PoolTx,
    { state: 'pend', externalDelete: false, rqOffset: null },
    { orderBy: { itemId: 'asc' }, limit },
  )
  const receivers = [...new Set(rows.flatMap(row => (row.toIdx === 0n && row.toEthAddr ? [row.toEthAddr] : [])))]
  const known = receivers.length === 0 ? [] : await em.find(AccountCreationAuth, { ethAddr: { $in: receivers } })
  return {
    txs: rows.map(row => candidateOf(row, priceOf)),
    authorisations: new Map(
      known.map(({ ethAddr, bjj, signature }) => [
        ethAddr as Hex, // every one of these was checked as hex when it was taken in
        { ethAddr: ethAddr as Hex, bjj: bjj as Hex, signature: signature as Hex },
      ]),
    ),
  }
}

function candidateOf(row: PoolTx, priceOf: (tokenId: bigint) => number): Candidate {
  const receiver = row.toBjj ? expandKey(row.toBjj as Hex) : { ay: 0n, sign: 0 as const }
  const fee = feeOf(row.amount, row.fee) ?? 0n
  return {
    txId: row.txId as Hex, // the pool stores only checked hex
    fromIdx: Number(row.fromIdx),
    toIdx: Number(row.toIdx),
    tokenId: Number(row.tokenId),
    amount: row.amount,
    nonce: Number(row.nonce),
    userFee: row.fee,
    maxNumBatch: Number(row.maxNumBatch),
    toEthAddr: (row.toEthAddr as Hex | null) ?? ZERO_ETH_ADDR,
    toBjjAy: receiver.ay,
    toBjjSign: receiver.sign,
    rqOffset: 0,
    rqTxCompressedDataV2: 0n,
    rqToEthAddr: ZERO_ETH_ADDR,
    rqToBjjAy: 0n,
    signature: row.signature as Hex,
    feeValue: Number(fee) * priceOf(row.tokenId),
  }
}
