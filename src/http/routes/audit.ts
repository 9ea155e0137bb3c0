/** What people changed: when, with which token, from where, and what was before and after. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Audit } from '../../entities/kernel/operations.ts'
import { pageOf, pageQuery, rowsToRead } from '../../paging.ts'
import type { HttpDeps } from '../ports.ts'
import { Anything, Nullable, problems, Time } from '../schemas.ts'

const Row = Type.Object({
  id: Type.String(),
  at: Time,
  token: Type.String({ description: 'The name of the token that was used.' }),
  origin: Type.String({ description: 'The address it came from.' }),
  verb: Type.String(),
  subject: Type.String(),
  reason: Nullable(Type.String()),
  before: Anything,
  after: Anything,
})

const Query = Type.Object(
  { ...pageQuery, subject: Type.Optional(Type.String({ description: '`role/forger`, …' })) },
  { additionalProperties: false },
)

export const audit =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/v1/audit',
      {
        schema: {
          tags: ['daemon'],
          summary: 'Changes made by people, newest first',
          querystring: Query,
          response: { 200: Type.Object({ changes: Type.Array(Row), next: Nullable(Type.String()) }), ...problems },
        },
      },
      async ({ query }) => {
        const where = {
          ...(query.subject === undefined ? {} : { subject: query.subject }),
          ...(query.before === undefined ? {} : { id: { $lt: BigInt(query.before) } }),
        }
        const em = deps.orm().em.fork()
        const found = await em.find(Audit, where, { orderBy: { id: 'desc' }, limit: rowsToRead(query) })
        const { rows, next } = pageOf(found, query, change => change.id)
        return { changes: rows.map(shown), next }
      },
    )
  }

const shown = (change: Audit): Type.Static<typeof Row> => ({
  id: String(change.id),
  at: change.at.toISOString(),
  token: change.token,
  origin: change.origin,
  verb: change.verb,
  subject: change.subject,
  reason: change.reason ?? null,
  before: change.before ?? null,
  after: change.after ?? null,
})
