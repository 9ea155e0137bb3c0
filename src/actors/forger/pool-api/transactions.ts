/** `/transactions-pool`: submit an L2 transaction, replace one, look one up, list them. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { PoolTx } from '../../../entities/forger/pool-tx.ts'
import { admit, admitReplacement, admitUpdate, type AdmissionDeps } from './admission.ts'
import { ParamValidationFailed, required, SQLNoRows } from './errors.ts'
import { parseIdx } from './hez-format.ts'
import { conditionsOf, ListQuery, PAGE } from './list-query.ts'
import { PoolTxRow, shownPoolTx } from './pool-tx-row.ts'
import { readSubmission, type Submission, SubmissionBody, word } from './submission.ts'

const open = { access: 'open' } as const

const Id = Type.Object({ id: Type.String({ pattern: '^0x[0-9a-fA-F]{66}$' }) })
const BySender = Type.Object({
  accountIndex: word('`hez:ETH:256` or `256`'),
  nonce: Type.Integer({ minimum: 0, maximum: 2 ** 40 - 1 }),
})

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
        await admit(deps, { ...submission, clientIp: request.ip })
        return sendId(reply, submission)
      },
    )

    app.put(
      '/transactions-pool/:id',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'Give a pending transaction another receiver; its id stays the same',
          params: Id,
          body: SubmissionBody,
        },
      },
      async (request, reply) => {
        const submission = readSubmission({ ...request.body, id: request.params.id })
        await admitUpdate(deps, { ...submission, clientIp: request.ip })
        return sendId(reply, submission)
      },
    )

    app.put(
      '/transactions-pool/accounts/:accountIndex/nonces/:nonce',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'Replace what an account has pending under a nonce; answers the new id',
          params: BySender,
          body: SubmissionBody,
        },
      },
      async (request, reply) => {
        const submission = readSubmission(request.body)
        const { accountIndex, nonce } = request.params
        if (
          submission.tx.fromIdx !== required(parseIdx(accountIndex), 'accountIndex') ||
          submission.tx.nonce !== nonce
        ) {
          throw new ParamValidationFailed('account and nonce of the path are not those of the transaction')
        }
        await admitReplacement(deps, { ...submission, clientIp: request.ip })
        return sendId(reply, submission)
      },
    )

    app.get(
      '/transactions-pool/:id',
      {
        config: open,
        schema: {
          tags: ['pool'],
          summary: 'One pool transaction and what became of it',
          params: Id,
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
        const where = await conditionsOf(deps.accounts, query)
        const limit = query.limit ?? PAGE
        const rows = await em.find(PoolTx, where, { orderBy: { itemId: direction }, limit })
        const pendingItems = rows.length < limit ? 0 : (await em.count(PoolTx, where)) - rows.length
        const senders = await Promise.all(rows.map(row => deps.accounts.byIdx(Number(row.fromIdx))))
        return { transactions: rows.map((row, index) => shownPoolTx(row, senders[index] ?? null)), pendingItems }
      },
    )
  }

const sendId = (reply: FastifyReply, { txId }: Submission): FastifyReply =>
  reply.type('application/json').send(JSON.stringify(txId))
