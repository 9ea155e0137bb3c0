/**
 * From the body of `POST /transactions-pool` to the transaction its owner signed: everything that can be decided without
 * looking anything up. Pure. Refuses with the codes of reference 9.9.
 *
 * The id covers sender, token, amount, nonce and fee only: the same id may be signed again for another receiver.
 */
import { Type } from 'typebox'
import type { LinkedFields, PoolTxType } from '../../../entities/forger/pool-tx.ts'
import { expandKey } from '../rollup/bjj.ts'
import { exactFloat40 } from '../rollup/float40.ts'
import { feeOf } from '../rollup/fees.ts'
import { l2TxId } from '../rollup/l2-codec.ts'
import { NO_LINK } from '../rollup/links.ts'
import { ANY_ETH_ADDR, EXIT_IDX, NO_IDX, ZERO_ETH_ADDR, type Hex, type SignedL2Tx } from '../rollup/types.ts'
import {
  ExitAmount0,
  FeeOverflow,
  InvalidTxTypeOrTxID,
  NotAtomicTxsInPostPoolTx,
  ParamValidationFailed,
  PoolRefusal,
  required,
} from './errors.ts'
import { parseBjj, parseEthAddr, parseIdx, parseSignature } from './hez-format.ts'

const FIRST_USER_IDX = 256
const optional = <T extends Type.TSchema>(schema: T): Type.TOptional<Type.TUnion<[T, Type.TNull]>> =>
  Type.Optional(Type.Union([schema, Type.Null()]))
/** A short text. */
export const word = (description: string): Type.TString => Type.String({ maxLength: 160, description })

export const SubmissionBody = Type.Object(
  {
    id: optional(word('`0x02…`; if given, it must be the one computed from the fields.')),
    type: optional(
      word('`Transfer`, `TransferToEthAddr`, `TransferToBJJ` or `Exit`; if given, it must fit the fields.'),
    ),
    tokenId: Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1 }),
    fromAccountIndex: word('`hez:ETH:256` or `256`'),
    toAccountIndex: optional(word('`hez:ETH:257` or `257`; `…:1` is an exit; null: to the address or key.')),
    toHezEthereumAddress: optional(word('`hez:0x…` or `0x…`')),
    toBjj: optional(word('`hez:…` or the compressed key, `0x` and 64 digits')),
    amount: Type.String({ pattern: '^[0-9]{1,60}$', description: 'Decimal; exactly a 40-bit float.' }),
    fee: Type.Integer({ minimum: 0, maximum: 255, description: 'Fee selector.' }),
    nonce: Type.Integer({ minimum: 0, maximum: 2 ** 40 - 1 }),
    maxNumBatch: optional(Type.Integer({ description: 'Must be 0.' })),
    signature: word('64 bytes, hex: compressed R8 and S, both little-endian.'),
    requestOffset: optional(
      Type.Integer({
        description: 'Of an atomic group only: 1, 2, 3 is linked to one of the next, 4, 5, 6, 7 to four … one before.',
      }),
    ),
    requestFromAccountIndex: optional(word('Not read: what is linked is found by its offset.')),
  },
  { additionalProperties: true, description: 'A signed L2 transaction, as the Hermez node takes it.' },
)
export type SubmissionBody = Type.Static<typeof SubmissionBody>

/** A transaction whose fields fit together; signature, accounts and nonce are not checked yet. */
export interface Submission {
  readonly tx: SignedL2Tx
  readonly type: PoolTxType
  readonly txId: Hex
  /** In the token's smallest unit. */
  readonly fee: bigint
  /** Compressed key of the receiver, for a transfer to a key. */
  readonly toBjj: Hex | null
  /** Of a member of an atomic group: the group's id and the fields of the transaction it is linked to. */
  readonly link: { readonly group: Hex; readonly to: LinkedFields } | null
}

/** A transaction on its own. Throws PoolRefusal 1, 5, 6, 7 or 14. */
export function readSubmission(body: SubmissionBody): Submission {
  if (body.requestFromAccountIndex != null || (body.requestOffset ?? 0) !== 0) {
    throw new NotAtomicTxsInPostPoolTx('atomic transactions are only accepted in POST /v1/atomic-pool')
  }
  return readUnlinked(body)
}

/** The transaction without what it says about others. Throws PoolRefusal 1, 5, 6 or 7. */
export function readUnlinked(body: SubmissionBody): Submission {
  if ((body.maxNumBatch ?? 0) !== 0) throw refuse('maxNumBatch', 'must be 0: other values are not supported')
  const fromIdx = required(parseIdx(body.fromAccountIndex), 'fromAccountIndex', 'is not an account index')
  if (fromIdx < FIRST_USER_IDX) throw refuse('fromAccountIndex', 'is not the account of a user')
  const amount = encodable(BigInt(body.amount))
  const receiver = readReceiver(body)
  const type = typeOf(receiver)
  const tx: SignedL2Tx = {
    fromIdx,
    toIdx: receiver.idx,
    tokenId: body.tokenId,
    amount,
    nonce: body.nonce,
    userFee: body.fee,
    maxNumBatch: 0,
    toEthAddr: receiver.ethAddr,
    toBjjAy: receiver.bjj ? expandKey(receiver.bjj).ay : 0n,
    toBjjSign: receiver.bjj ? expandKey(receiver.bjj).sign : 0,
    ...NO_LINK,
    signature: required(parseSignature(body.signature, 64), 'signature', 'is not 64 bytes of hex'),
  }
  const txId = sameIdentity(body, type, l2TxId(tx))
  if (type === 'Exit' && amount === 0n) throw new ExitAmount0('an exit of nothing is not possible')
  const fee = feeOf(amount, body.fee)
  if (fee === null) throw new FeeOverflow('the fee of this amount and selector is too large')
  return { tx, type, txId, fee, toBjj: receiver.bjj, link: null }
}

interface Receiver {
  readonly idx: number
  readonly ethAddr: Hex
  readonly bjj: Hex | null
}

/** A key alone stands for an account that only the key controls: its address is "any". */
function readReceiver(body: SubmissionBody): Receiver {
  const { toAccountIndex, toHezEthereumAddress, toBjj } = body
  const idx =
    toAccountIndex == null ? NO_IDX : required(parseIdx(toAccountIndex), 'toAccountIndex', 'is not an account index')
  const bjj = toBjj == null ? null : required(parseBjj(toBjj), 'toBjj', 'is not a key')
  const none = bjj === null ? ZERO_ETH_ADDR : ANY_ETH_ADDR
  const ethAddr =
    toHezEthereumAddress == null
      ? none
      : required(parseEthAddr(toHezEthereumAddress), 'toHezEthereumAddress', 'is not an address')
  return { idx, ethAddr, bjj }
}

function typeOf({ idx, ethAddr, bjj }: Receiver): PoolTxType {
  const toNobodyElse = ethAddr === ZERO_ETH_ADDR && bjj === null
  if (idx === EXIT_IDX && toNobodyElse) return 'Exit'
  if (idx >= FIRST_USER_IDX && toNobodyElse) return 'Transfer'
  if (idx === NO_IDX && ethAddr === ANY_ETH_ADDR && bjj !== null) return 'TransferToBJJ'
  if (idx === NO_IDX && ethAddr !== ANY_ETH_ADDR && ethAddr !== ZERO_ETH_ADDR && bjj === null)
    return 'TransferToEthAddr'
  throw new InvalidTxTypeOrTxID('the receiver fields fit no type of transaction')
}

function encodable(amount: bigint): bigint {
  const float = exactFloat40(amount)
  if (typeof float === 'number') return amount
  throw new InvalidTxTypeOrTxID(`the amount is no 40-bit float: ${float}`, { amount: amount.toString() })
}

function sameIdentity(body: SubmissionBody, type: PoolTxType, txId: Hex): Hex {
  if (body.type != null && body.type !== type) {
    throw new InvalidTxTypeOrTxID(`the type is ${type}, not ${body.type}`, { type })
  }
  if (body.id != null && body.id.toLowerCase() !== txId) {
    throw new InvalidTxTypeOrTxID(`the id is ${txId}, not ${body.id}`, { id: txId })
  }
  return txId
}

const refuse = (field: string, because: string): PoolRefusal =>
  new ParamValidationFailed(`${field} ${because}`, { field })
