/**
 * Intents with every signed version that was made for them. The signed bytes are shown only for one intent, and only after
 * they were broadcast: before that, whoever has them could send them.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Attempt, Intent, INTENT_STATES } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import { pageOf, pageQuery, rowsToRead } from '../../paging.ts'
import { NotThereError } from '../errors.ts'
import type { HttpDeps } from '../ports.ts'
import { Nullable, problems } from '../schemas.ts'
import { IntentRow, shownIntent } from './transaction-rows.ts'

const Query = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(Type.Union(INTENT_STATES.map(state => Type.Literal(state)))),
    open: Type.Optional(Type.Boolean({ description: 'True: only those that are not settled.' })),
    role: Type.Optional(Type.String()),
    chain: Type.Optional(Type.String()),
    account: Type.Optional(Type.String({ description: 'The name of the account in the configuration.' })),
    subject: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

export const transactions =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/v1/transactions',
      {
        schema: {
          tags: ['daemon'],
          summary: 'Transactions on chain, newest first',
          querystring: Query,
          response: {
            200: Type.Object({ transactions: Type.Array(IntentRow), next: Nullable(Type.String()) }),
            ...problems,
          },
        },
      },
      async ({ query }) => {
        const em = deps.orm().em.fork()
        const found = await em.find(Intent, conditions(query), { orderBy: { id: 'desc' }, limit: rowsToRead(query) })
        const { rows, next } = pageOf(found, query, intent => intent.id)
        const attempts = await attemptsOf(em, rows)
        return { transactions: rows.map(intent => shownIntent(intent, attempts, false)), next }
      },
    )

    app.get(
      '/v1/transactions/:id',
      {
        schema: {
          tags: ['daemon'],
          summary: 'One transaction with its signed versions',
          params: Type.Object({
            id: Type.String({ description: 'The id, the key, or the hash of a signed version.' }),
          }),
          response: { 200: IntentRow, ...problems },
        },
      },
      async ({ params }) => {
        const em = deps.orm().em.fork()
        const intent = await findIntent(em, params.id)
        if (!intent) throw new NotThereError('there is no such transaction', { facts: { id: params.id } })
        return shownIntent(intent, await attemptsOf(em, [intent]), true)
      },
    )
  }

const conditions = (query: Type.Static<typeof Query>): object => {
  const { role, chain, account, subject, state } = query
  const named = Object.entries({ role, chain, account, subject, state }).filter(([, value]) => value !== undefined)
  return {
    ...Object.fromEntries(named),
    ...(query.open === undefined ? {} : { settledAt: query.open ? null : { $ne: null } }),
    ...(query.before === undefined ? {} : { id: { $lt: BigInt(query.before) } }),
  }
}

async function findIntent(em: Em, id: string): Promise<Intent | null> {
  if (/^[0-9]{1,18}$/.test(id)) return em.findOne(Intent, { id: BigInt(id) })
  if (!/^0x[0-9a-fA-F]{64}$/.test(id)) return em.findOne(Intent, { key: id })
  const attempt = await em.findOne(Attempt, { hash: id.toLowerCase() }, { populate: ['intent'] })
  return attempt?.intent.$ ?? null
}

const attemptsOf = (em: Em, intents: readonly Intent[]): Promise<Attempt[]> =>
  em.find(Attempt, { intent: { $in: intents.map(intent => intent.id) } }, { orderBy: { id: 'asc' } })
