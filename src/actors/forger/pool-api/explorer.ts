/** The little that wallets must read besides the pool: accounts with their nonces, and where the rollup stands. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { HeadView } from '../../../entities/forger/chain-facts.ts'
import type { Orm } from '../../../entities/orm.ts'
import { expandKey } from '../rollup/bjj.ts'
import type { AccountLeaf } from '../rollup/types.ts'
import { keyOfLeaf, type AccountLookup } from './accounts.ts'
import type { RollupDomain } from './admission.ts'
import { ParamValidationFailed, required, SQLNoRows } from './errors.ts'
import { formatBjj, formatEthAddr, formatIdx, parseBjj, parseEthAddr, parseIdx } from './hez-format.ts'
import type { Room } from './room.ts'

const open = { access: 'open' } as const

const AccountRow = Type.Object({
  itemId: Type.Integer(),
  accountIndex: Type.String(),
  nonce: Type.Integer({ description: 'The next one to use.' }),
  balance: Type.String({ description: 'Decimal, in the token’s smallest unit; batches under way included.' }),
  bjj: Type.String(),
  hezEthereumAddress: Type.String(),
  token: Type.Object({ id: Type.Integer() }),
})

const AccountsQuery = Type.Object(
  {
    hezEthereumAddress: Type.Optional(Type.String()),
    BJJ: Type.Optional(Type.String()),
    tokenIds: Type.Optional(Type.String({ pattern: '^[0-9]+(,[0-9]+)*$', description: 'Comma-separated.' })),
  },
  { additionalProperties: false },
)

const State = Type.Object({
  chainId: Type.Integer(),
  rollupAddress: Type.String(),
  network: Type.Object({
    lastEthereumBlock: Type.Integer(),
    lastSynchedBlock: Type.Integer(),
    lastBatchNum: Type.Integer(),
    currentSlot: Type.Union([Type.Integer(), Type.Null()]),
  }),
  pool: Type.Object({ pending: Type.Integer(), maxTxs: Type.Integer() }),
})

export interface ExplorerDeps {
  readonly orm: () => Orm
  readonly accounts: AccountLookup
  readonly domain: () => RollupDomain
  readonly room: Room
  readonly maxTxs: number
}

export const explorer =
  (deps: ExplorerDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/forger/accounts/:accountIndex',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'One account, as the next batch will find it',
          params: Type.Object({ accountIndex: Type.String({ description: '`hez:ETH:256` or `256`' }) }),
          response: { 200: AccountRow },
        },
      },
      async ({ params }) => {
        const idx = required(parseIdx(params.accountIndex), 'accountIndex')
        const account = await deps.accounts.byIdx(idx)
        if (!account) throw new SQLNoRows(`there is no account ${idx}`, { idx })
        return shown(account)
      },
    )

    app.get(
      '/forger/accounts',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'The accounts of an address or a key',
          querystring: AccountsQuery,
          response: { 200: Type.Object({ accounts: Type.Array(AccountRow), pendingItems: Type.Integer() }) },
        },
      },
      async ({ query }) => {
        const tokens = query.tokenIds?.split(',').map(Number)
        const found = await ofOwner(deps.accounts, query)
        const wanted = found.filter(account => tokens === undefined || tokens.includes(account.tokenId))
        return { accounts: wanted.map(shown), pendingItems: 0 }
      },
    )

    app.get(
      '/state',
      {
        config: open,
        schema: { tags: ['pool'], summary: 'Where the rollup stands', response: { 200: State } },
      },
      async () => {
        const { chainId, rollup } = deps.domain()
        const head = await deps.orm().em.fork().findOne(HeadView, { name: 'head' })
        const block = Number(head?.blockNumber ?? 0)
        const slot = head?.view.currentSlot?.slot
        return {
          chainId,
          rollupAddress: rollup,
          network: {
            lastEthereumBlock: block,
            lastSynchedBlock: block,
            lastBatchNum: head?.view.lastForgedBatch ?? 0,
            currentSlot: slot === undefined ? null : Number(slot),
          },
          pool: { pending: await deps.room.pending(), maxTxs: deps.maxTxs },
        }
      },
    )
  }

function ofOwner(accounts: AccountLookup, query: Type.Static<typeof AccountsQuery>): Promise<readonly AccountLeaf[]> {
  if (query.hezEthereumAddress !== undefined) {
    return accounts.byEthAddr(required(parseEthAddr(query.hezEthereumAddress), 'hezEthereumAddress'))
  }
  if (query.BJJ !== undefined) return accounts.byKey(expandKey(required(parseBjj(query.BJJ), 'BJJ')))
  throw new ParamValidationFailed('name an owner: hezEthereumAddress or BJJ')
}

const shown = (account: AccountLeaf): Type.Static<typeof AccountRow> => ({
  itemId: account.idx,
  accountIndex: formatIdx(account.idx, account.tokenId),
  nonce: account.nonce,
  balance: account.balance.toString(),
  bjj: formatBjj(keyOfLeaf(account)),
  hezEthereumAddress: formatEthAddr(account.ethAddr),
  token: { id: account.tokenId },
})
