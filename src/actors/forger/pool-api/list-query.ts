/** The filters of `GET /transactions-pool`, as the Hermez node has them, and what they mean for the table. */
import { Type } from 'typebox'
import { POOL_STATES, POOL_TX_TYPES } from '../../../entities/forger/pool-tx.ts'
import { expandKey } from '../rollup/bjj.ts'
import type { AccountLeaf } from '../rollup/types.ts'
import type { AccountLookup } from './accounts.ts'
import { ParamValidationFailed, required } from './errors.ts'
import { parseBjj, parseEthAddr, parseIdx } from './hez-format.ts'

/** Items of a page unless told otherwise. */
export const PAGE = 20
const MAX_PAGE = 2049

const text = (description: string): Type.TOptional<Type.TString> =>
  Type.Optional(Type.String({ maxLength: 160, description }))

export const ListQuery = Type.Object(
  {
    tokenId: Type.Optional(Type.Integer({ minimum: 0 })),
    hezEthereumAddress: text('Owner of the sending or the receiving account, or the receiver named.'),
    fromHezEthereumAddress: text('Owner of the sending account.'),
    toHezEthereumAddress: text('Owner of the receiving account, or the receiver named.'),
    BJJ: text('Key of the sending or the receiving account, or the receiver named.'),
    fromBJJ: text('Key of the sending account.'),
    toBJJ: text('Key of the receiving account, or the receiver named.'),
    accountIndex: text('Sender or receiver.'),
    fromAccountIndex: text('`hez:ETH:256` or `256`'),
    toAccountIndex: text('`hez:ETH:256` or `256`'),
    type: Type.Optional(Type.Union(POOL_TX_TYPES.map(type => Type.Literal(type)))),
    state: Type.Optional(Type.Union(POOL_STATES.map(state => Type.Literal(state)))),
    batchNum: Type.Optional(Type.Integer({ minimum: 0 })),
    fromItem: Type.Optional(Type.Integer({ minimum: 0, description: 'First item of the page.' })),
    order: Type.Optional(Type.Union([Type.Literal('ASC'), Type.Literal('DESC')], { description: 'Of arrival.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE, description: `${PAGE} by default.` })),
  },
  { additionalProperties: false },
)
export type ListQuery = Type.Static<typeof ListQuery>

type Where = object

/** The rows asked for; what is to be deleted from outside is not shown. Throws PoolRefusal 1. */
export async function conditionsOf(accounts: AccountLookup, query: ListQuery): Promise<Where> {
  checkTogether(query)
  const all: Where[] = [{ externalDelete: false }]
  if (query.tokenId !== undefined) all.push({ tokenId: BigInt(query.tokenId) })
  if (query.state !== undefined) all.push({ state: query.state })
  if (query.type !== undefined) all.push({ type: query.type })
  if (query.batchNum !== undefined) all.push({ batchNum: query.batchNum })
  if (query.fromItem !== undefined) {
    const bound = BigInt(query.fromItem)
    all.push({ itemId: query.order === 'DESC' ? { $lte: bound } : { $gte: bound } })
  }
  for (const filter of given(query)) all.push(await conditionOf(accounts, filter))
  return { $and: all }
}

interface PartyFilter {
  readonly kind: 'account index' | 'address' | 'key'
  readonly value: string
  readonly side: 'any' | 'from' | 'to'
}

/** The filters by who takes part. */
function given(query: ListQuery): PartyFilter[] {
  const { hezEthereumAddress, fromHezEthereumAddress, toHezEthereumAddress, BJJ, fromBJJ, toBJJ } = query
  const all: [PartyFilter['kind'], PartyFilter['side'], string | undefined][] = [
    ['account index', 'any', query.accountIndex],
    ['account index', 'from', query.fromAccountIndex],
    ['account index', 'to', query.toAccountIndex],
    ['address', 'any', hezEthereumAddress],
    ['address', 'from', fromHezEthereumAddress],
    ['address', 'to', toHezEthereumAddress],
    ['key', 'any', BJJ],
    ['key', 'from', fromBJJ],
    ['key', 'to', toBJJ],
  ]
  return all.flatMap(([kind, side, value]) => (value === undefined ? [] : [{ kind, side, value }]))
}

async function conditionOf(accounts: AccountLookup, filter: PartyFilter): Promise<Where> {
  const { from, to } = await partiesOf(accounts, filter)
  return filter.side === 'any' ? { $or: [from, to] } : filter.side === 'from' ? from : to
}

/** What it means to be the sender, and to be the receiver. A receiver may be named, or own the account named. */
async function partiesOf(accounts: AccountLookup, { kind, value }: PartyFilter): Promise<{ from: Where; to: Where }> {
  if (kind === 'account index') {
    const idx = BigInt(required(parseIdx(value), value, 'is not an account index'))
    return { from: { fromIdx: idx }, to: { toIdx: idx } }
  }
  if (kind === 'address') {
    const toEthAddr = required(parseEthAddr(value), value, 'is not an address')
    return owning({ toEthAddr }, await accounts.byEthAddr(toEthAddr))
  }
  const toBjj = required(parseBjj(value), value, 'is not a key')
  return owning({ toBjj }, await accounts.byKey(expandKey(toBjj)))
}

function owning(named: Where, accounts: readonly AccountLeaf[]): { from: Where; to: Where } {
  const owned = idxsOf(accounts)
  return { from: { fromIdx: { $in: owned } }, to: { $or: [named, { toIdx: { $in: owned } }] } }
}

const idxsOf = (accounts: readonly AccountLeaf[]): bigint[] => accounts.map(({ idx }) => BigInt(idx))

/** Addresses and keys are not asked for together, and an account index stands for itself. */
function checkTogether(query: ListQuery): void {
  const kinds = new Set(given(query).map(({ kind }) => kind))
  if (kinds.has('address') && kinds.has('key')) {
    throw new ParamValidationFailed('filter by address or by key, not by both')
  }
  if (kinds.has('account index') && (kinds.size > 1 || query.tokenId !== undefined)) {
    throw new ParamValidationFailed('an account index is not combined with an address, a key or a token')
  }
}
