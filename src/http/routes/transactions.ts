/**
 * Intents with every signed version that was made for them, and each in plain words. The signed bytes are shown only for
 * one intent, and only after they were broadcast: before that, whoever has them could send them.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Em } from '../../entities/orm.ts'
import { findTransaction, listTransactions, type TransactionView } from '../../entities/kernel/transaction-view.ts'
import { possibleCommands, sentence, simulationWords } from '../../entities/kernel/transaction-words.ts'
import { pageOf, pageQuery, rowsToRead } from '../../paging.ts'
import { NotThereError } from '../errors.ts'
import type { HttpDeps } from '../ports.ts'
import { Nullable, problems } from '../schemas.ts'
import { IntentRow, ParkedForWord, State } from './transaction-rows.ts'

const Query = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(State),
    parkedFor: Type.Optional(ParkedForWord),
    open: Type.Optional(Type.Boolean({ description: 'True: only those that are not settled.' })),
    role: Type.Optional(Type.String()),
    chain: Type.Optional(Type.String()),
    account: Type.Optional(Type.String({ description: 'The name of the account in the configuration.' })),
    subject: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)
export const IdParams = Type.Object({
  id: Type.String({ description: 'The id, the key, or the hash of a signed version.' }),
})
const Explained = Type.Object({
  id: Type.String(),
  subject: Type.String(),
  state: Type.String(),
  next: Type.String({ description: 'The sentence to read first.' }),
  because: Nullable(Type.String()),
  simulation: Nullable(Type.String({ description: 'What would happen if it were sent now.' })),
  possible: Type.Array(Type.String(), { description: 'Commands that make sense now.' }),
})

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
        const { limit: _, ...filter } = query
        const found = await listTransactions(deps.orm().em.fork(), filter, rowsToRead(query))
        const { rows, next } = pageOf(found, query, ({ id }) => BigInt(id))
        return { transactions: rows.map(mutable), next }
      },
    )

    app.get(
      '/v1/transactions/:id',
      {
        schema: {
          tags: ['daemon'],
          summary: 'One transaction with its signed versions',
          params: IdParams,
          response: { 200: IntentRow, ...problems },
        },
      },
      async ({ params }) => mutable(await oneTransaction(deps.orm().em.fork(), params.id)),
    )

    app.get(
      '/v1/transactions/:id/explain',
      {
        schema: {
          tags: ['daemon'],
          summary: 'What became of a transaction, or what happens next and what a person can do',
          params: IdParams,
          response: { 200: Explained, ...problems },
        },
      },
      async ({ params }) => {
        const tx = await oneTransaction(deps.orm().em.fork(), params.id)
        const { id, subject, state, because } = tx
        const possible = [...possibleCommands(tx)]
        const simulation = tx.settledAt === null ? simulationWords(tx) : null // it is over: what would be is no news
        return { id, subject, state, next: sentence(tx), because, simulation, possible }
      },
    )
  }

/** Throws NotThereError. */
export async function oneTransaction(em: Em, id: string): Promise<TransactionView> {
  const found = await findTransaction(em, id)
  if (!found) throw new NotThereError('there is no such transaction', { facts: { id } })
  return found
}

/** The same, as the reply's type wants its lists. */
export const mutable = (tx: TransactionView): Type.Static<typeof IntentRow> => ({ ...tx, attempts: [...tx.attempts] })
