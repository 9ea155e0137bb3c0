/**
 * For those who probe and scrape: does the process turn, is everything it needs there, what do its metrics say.
 *
 * `/livez` and `/readyz` are open, because orchestrators probe without tokens; the details of a check, which may name
 * hosts, are only shown to a token. `/metrics` needs the viewer token (Prometheus: `authorization.credentials_file`).
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { HttpDeps } from '../ports.ts'
import { Nullable, problems } from '../schemas.ts'

const Live = Type.Object({ ok: Type.Literal(true), version: Type.String() })
const Ready = Type.Object({
  ready: Type.Boolean(),
  failing: Type.Array(Type.String(), { description: 'Names of the checks that are not ok.' }),
  checks: Type.Optional(
    Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Nullable(Type.String()) })),
  ),
})
const Query = Type.Object({
  verbose: Type.Optional(
    Type.String({ description: 'Present: every check by name; its detail needs the viewer token.' }),
  ),
})

export const health =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/livez',
      {
        config: { access: 'open' },
        schema: { tags: ['daemon'], summary: 'The event loop turns', response: { 200: Live } },
      },
      () => ({ ok: true as const, version: deps.version }),
    )

    app.get(
      '/readyz',
      {
        config: { access: 'open' },
        schema: {
          tags: ['daemon'],
          summary: 'Whether everything that is needed answers',
          querystring: Query,
          response: { 200: Ready, 503: Ready },
        },
      },
      async (request, reply) => {
        const checks = await deps.readiness()
        const failing = checks.filter(check => !check.ok).map(check => check.name)
        const ready = failing.length === 0
        reply.code(ready ? 200 : 503)
        if (request.query.verbose === undefined) return { ready, failing }
        const show = request.caller !== null
        return {
          ready,
          failing,
          checks: checks.map(({ name, ok, detail }) => ({ name, ok, detail: show ? detail : null })),
        }
      },
    )

    app.get(
      '/metrics',
      {
        schema: {
          tags: ['daemon'],
          summary: 'Metrics, in the Prometheus text format',
          produces: ['text/plain'],
          response: { 200: Type.String(), ...problems },
        },
      },
      async (_request, reply) => {
        return reply.type(deps.metrics.contentType).send(await deps.metrics.text())
      },
    )
  }
