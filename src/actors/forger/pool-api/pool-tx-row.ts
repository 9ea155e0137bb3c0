/** A pool transaction in the JSON of the Hermez API. */
import { Type } from 'typebox'
import type { PoolTx } from '../../../entities/forger/pool-tx.ts'
import type { AccountLeaf, Hex } from '../rollup/types.ts'
import { keyOfLeaf } from './accounts.ts'
import { formatBjj, formatEthAddr, formatIdx } from './hez-format.ts'

const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> => Type.Union([schema, Type.Null()])

export const PoolTxRow = Type.Object({
  itemId: Type.Integer({ description: 'Grows in the order of arrival; `fromItem` of the next page.' }),
  id: Type.String(),
  type: Type.String(),
  fromAccountIndex: Type.String(),
  fromHezEthereumAddress: Nullable(Type.String()),
  fromBJJ: Nullable(Type.String()),
  toAccountIndex: Nullable(Type.String()),
  toHezEthereumAddress: Nullable(Type.String()),
  toBJJ: Nullable(Type.String()),
  amount: Type.String(),
  fee: Type.Integer(),
  nonce: Type.Integer(),
  state: Type.String({ description: '`pend`, `fing` (in a batch under way), `fged` (broadcast), `invl`.' }),
  maxNumBatch: Type.Integer(),
  batchNum: Nullable(Type.Integer()),
  info: Nullable(Type.String({ description: 'Why it was left out of the last batch.' })),
  errorCode: Nullable(Type.Integer()),
  errorType: Nullable(Type.String()),
  signature: Type.String(),
  timestamp: Type.String({ format: 'date-time' }),
  token: Type.Object({ id: Type.Integer() }),
  atomicGroupId: Nullable(Type.String()),
  requestOffset: Nullable(Type.Integer({ description: 'Place of the linked transaction, relative to this one.' })),
  requestFromAccountIndex: Nullable(Type.String()),
  requestToAccountIndex: Nullable(Type.String()),
  requestToHezEthereumAddress: Nullable(Type.String()),
  requestToBJJ: Nullable(Type.String()),
  requestTokenId: Nullable(Type.Integer()),
  requestAmount: Nullable(Type.String()),
  requestFee: Nullable(Type.Integer()),
  requestNonce: Nullable(Type.Integer()),
})

/** `sender` is null when the account is not known any more. */
export const shownPoolTx = (tx: PoolTx, sender: AccountLeaf | null): Type.Static<typeof PoolTxRow> => ({
  itemId: Number(tx.itemId),
  id: tx.txId,
  type: tx.type,
  fromAccountIndex: formatIdx(tx.fromIdx, tx.tokenId),
  fromHezEthereumAddress: sender ? formatEthAddr(sender.ethAddr) : null,
  fromBJJ: sender ? formatBjj(keyOfLeaf(sender)) : null,
  toAccountIndex: tx.toIdx === 0n ? null : formatIdx(tx.toIdx, tx.tokenId),
  toHezEthereumAddress: tx.toEthAddr ? formatEthAddr(tx.toEthAddr) : null,
  toBJJ: tx.toBjj ? formatBjj(tx.toBjj as Hex) : null, // stored from a parsed key
  amount: tx.amount.toString(),
  fee: tx.fee,
  nonce: Number(tx.nonce),
  state: tx.state,
  maxNumBatch: Number(tx.maxNumBatch),
  batchNum: tx.batchNum ?? null,
  info: tx.info ?? null,
  errorCode: tx.errorCode ?? null,
  errorType: tx.errorType ?? null,
  signature: tx.signature.slice(2),
  timestamp: tx.receivedAt.toISOString(),
  token: { id: Number(tx.tokenId) },
  ...shownLink(tx),
})

const shownLink = ({ rq, rqOffset, atomicGroupId }: PoolTx) => ({
  atomicGroupId: atomicGroupId ?? null,
  requestOffset: rqOffset ?? null,
  requestFromAccountIndex: rq ? formatIdx(rq.fromIdx, rq.tokenId) : null,
  requestToAccountIndex: rq?.toIdx ? formatIdx(rq.toIdx, rq.tokenId) : null,
  requestToHezEthereumAddress: rq?.toEthAddr ? formatEthAddr(rq.toEthAddr) : null,
  requestToBJJ: rq?.toBjj ? formatBjj(rq.toBjj as Hex) : null, // stored from a parsed key
  requestTokenId: rq?.tokenId ?? null,
  requestAmount: rq?.amount ?? null,
  requestFee: rq?.fee ?? null,
  requestNonce: rq?.nonce ?? null,
})
