/** Crash records: what fell, why, on which message, and how long since the last time. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Crash } from '../../entities/kernel/operations.ts'
import { pageOf, pageQuery, rowsToRead } from '../../paging.ts'
import type { HttpDeps } from '../ports.ts'
import { Nullable, problems, Time } from '../schemas.ts'

const Row = Type.Object({
  id: Type.String(),
  actor: Type.String(),
  kind: Type.String(),
  at: Time,
  reason: Type.String(),
  code: Nullable(Type.String({ description: 'Of the error, when it has one.' })),
  stack: Nullable(Type.String()),
  message: Nullable(Type.String({ description: 'The type of the message that did it.' })),
  incarnation: Type.Integer(),
  sincePreviousMs: Nullable(Type.Integer()),
})

const Query = Type.Object(
  { ...pageQuery, actor: Type.Optional(Type.String({ description: 'Only of this actor.' })) },
  { additionalProperties: false },
)

export const crashes =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/v1/crashes',
      {
        schema: {
          tags: ['daemon'],
          summary: 'Crashes, newest first',
          querystring: Query,
          response: { 200: Type.Object({ crashes: Type.Array(Row), next: Nullable(Type.String()) }), ...problems },
        },
      },
      async ({ query }) => {
        const where = {
          ...(query.actor === undefined ? {} : { actor: query.actor }),
          ...(query.before === undefined ? {} : { id: { $lt: BigInt(query.before) } }),
        }
        const em = deps.orm().em.fork()
        const found = await em.find(Crash, where, { orderBy: { id: 'desc' }, limit: rowsToRead(query) })
        const { rows, next } = pageOf(found, query, crash => crash.id)
        return { crashes: rows.map(shown), next }
      },
    )
  }

const shown = (crash: Crash): Type.Static<typeof Row> => ({
  id: String(crash.id),
  actor: crash.actor,
  kind: crash.kind,
  at: crash.at.toISOString(),
  reason: crash.reason,
  code: crash.code ?? null,
  stack: crash.stack ?? null,
  message: crash.message ?? null,
  incarnation: crash.incarnation,
  sincePreviousMs: crash.sincePreviousMs == null ? null : Number(crash.sincePreviousMs),
})
