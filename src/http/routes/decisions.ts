/** Stored decisions, waits included: why something was done or not done yet. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Decision } from '../../entities/kernel/decision.ts'
import { pageOf, pageQuery, rowsToRead } from '../../paging.ts'
import type { HttpDeps } from '../ports.ts'
import { Anything, Nullable, problems, Time } from '../schemas.ts'

export const DecisionRow = Type.Object({
  id: Type.String(),
  role: Type.String(),
  subject: Type.String(),
  choice: Type.String(),
  because: Type.String(),
  details: Anything,
  decidedAt: Time,
  repeatedAt: Time,
  times: Type.Integer({ description: 'How often in a row the same was decided.' }),
})

const Query = Type.Object(
  {
    ...pageQuery,
    subject: Type.Optional(Type.String({ description: '`batch/118`, `pipeline`, …' })),
    role: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

export const decisions =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/v1/decisions',
      {
        schema: {
          tags: ['daemon'],
          summary: 'Decisions, newest first',
          querystring: Query,
          response: {
            200: Type.Object({ decisions: Type.Array(DecisionRow), next: Nullable(Type.String()) }),
            ...problems,
          },
        },
      },
      async ({ query }) => {
        const where = {
          ...(query.subject === undefined ? {} : { subject: query.subject }),
          ...(query.role === undefined ? {} : { role: query.role }),
          ...(query.before === undefined ? {} : { id: { $lt: BigInt(query.before) } }),
        }
        const em = deps.orm().em.fork()
        const found = await em.find(Decision, where, { orderBy: { id: 'desc' }, limit: rowsToRead(query) })
        const { rows, next } = pageOf(found, query, decision => decision.id)
        return { decisions: rows.map(shownDecision), next }
      },
    )
  }

/** A decision as it is answered. */
export const shownDecision = (decision: Decision): Type.Static<typeof DecisionRow> => ({
  id: String(decision.id),
  role: decision.role,
  subject: decision.subject,
  choice: decision.choice,
  because: decision.because,
  details: decision.details ?? null,
  decidedAt: decision.decidedAt.toISOString(),
  repeatedAt: decision.repeatedAt.toISOString(),
  times: decision.times,
})
