/** `/transactions-pool`: submit an L2 transaction, look one up, list them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { POOL_STATES, PoolTx } from '../../../entities/forger/pool-tx.ts'
import { admit, type AdmissionDeps } from './admission.ts'
import { ParamValidationFailed, SQLNoRows } from './errors.ts'
import { parseEthAddr, parseIdx } from './hez-format.ts'
import { PoolTxRow, shownPoolTx } from './pool-tx-row.ts'
import { readSubmission, SubmissionBody } from './submission.ts'

const open = { access: 'open' } as const
const PAGE = 20
const MAX_PAGE = 2049

const ListQuery = Type.Object(
  {
    tokenId: Type.Optional(Type.Integer({ minimum: 0 })),
    state: Type.Optional(Type.Union(POOL_STATES.map(state => Type.Literal(state)))),
    type: Type.Optional(Type.String()),
    batchNum: Type.Optional(Type.Integer({ minimum: 0 })),
    accountIndex: Type.Optional(Type.String({ description: 'Sender or receiver.' })),
    fromAccountIndex: Type.Optional(Type.String()),
    toAccountIndex: Type.Optional(Type.String()),
    hezEthereumAddress: Type.Optional(Type.String({ description: 'Owner of a sending account, or the receiver.' })),
    fromItem: Type.Optional(Type.Integer({ minimum: 0, description: 'First item of the page.' })),
    order: Type.Optional(Type.Union([Type.Literal('ASC'), Type.Literal('DESC')])),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE })),
  },
  { additionalProperties: false },
)
type ListQuery = Type.Static<typeof ListQuery>

export const transactions =
  (deps: AdmissionDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.post(
      '/transactions-pool',
      {
        config: open,
        schema: { tags: ['pool'], summary: 'Submit a signed L2 transaction; answers its id', body: SubmissionBody },
      },
      async (request, reply) => {
        const submission = readSubmission(request.body)
        await admit(deps, submission, request.ip)
        return reply.type('application/json').send(JSON.stringify(submission.txId))
      },
    )

    app.get(
      '/transactions-pool/:id',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'One pool transaction and what became of it',
          params: Type.Object({ id: Type.String({ pattern: '^0x[0-9a-fA-F]{66}$' }) }),
          response: { 200: PoolTxRow },
        },
      },
      async ({ params }) => {
        const tx = await deps.orm().em.fork().findOne(PoolTx, { txId: params.id.toLowerCase() })
        if (!tx) throw new SQLNoRows('there is no such transaction', { id: params.id })
        return shownPoolTx(tx, await deps.accounts.byIdx(Number(tx.fromIdx)))
      },
    )

    app.get(
      '/transactions-pool',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'Pool transactions',
          querystring: ListQuery,
          response: { 200: Type.Object({ transactions: Type.Array(PoolTxRow), pendingItems: Type.Integer() }) },
        },
      },
      async ({ query }) => {
        const em = deps.orm().em.fork()
        const direction = query.order === 'DESC' ? 'desc' : 'asc'
        const where = await conditions(deps, query)
        const limit = query.limit ?? PAGE
        const rows = await em.find(PoolTx, where, { orderBy: { itemId: direction }, limit })
        const pendingItems = rows.length < limit ? 0 : (await em.count(PoolTx, where)) - rows.length
        const senders = await Promise.all(rows.map(row => deps.accounts.byIdx(Number(row.fromIdx))))
        return { transactions: rows.map((row, index) => shownPoolTx(row, senders[index] ?? null)), pendingItems }
      },
    )
  }

async function conditions(deps: AdmissionDeps, query: ListQuery): Promise<object> {
  const all: object[] = []
  if (query.tokenId !== undefined) all.push({ tokenId: BigInt(query.tokenId) })
  if (query.state !== undefined) all.push({ state: query.state })
  if (query.type !== undefined) all.push({ type: query.type })
  if (query.batchNum !== undefined) all.push({ batchNum: query.batchNum })
  if (query.fromAccountIndex !== undefined) all.push({ fromIdx: idxOf(query.fromAccountIndex) })
  if (query.toAccountIndex !== undefined) all.push({ toIdx: idxOf(query.toAccountIndex) })
  if (query.accountIndex !== undefined) {
    const idx = idxOf(query.accountIndex)
    all.push({ $or: [{ fromIdx: idx }, { toIdx: idx }] })
  }
  if (query.hezEthereumAddress !== undefined) all.push(await ofOwner(deps, query.hezEthereumAddress))
  if (query.fromItem !== undefined) {
    const bound = BigInt(query.fromItem)
    all.push({ itemId: query.order === 'DESC' ? { $lte: bound } : { $gte: bound } })
  }
  return all.length === 0 ? {} : { $and: all }
}

function idxOf(text: string): bigint {
  const idx = parseIdx(text)
  if (idx === null) throw new ParamValidationFailed(`${text} is not an account index`)
  return BigInt(idx)
}

async function ofOwner(deps: AdmissionDeps, text: string): Promise<object> {
  const ethAddr = parseEthAddr(text)
  if (ethAddr === null) throw new ParamValidationFailed(`${text} is not an address`)
  const owned = (await deps.accounts.byEthAddr(ethAddr)).map(account => BigInt(account.idx))
  return { $or: [{ toEthAddr: ethAddr }, { fromIdx: { $in: owned } }, { toIdx: { $in: owned } }] }
}
