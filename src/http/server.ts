/**
 * The HTTP interface, built from ports: it answers before the database, the chains and the roles do, and says what is missing.
 *
 * One file a resource under routes/. Roles add `/v1/<name>` and, for compatibility with their predecessors, fixed places
 * under `/v1`. Who may call what is in access.ts; how an error looks is in problem.ts.
 */
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { createGate } from './access.ts'
import { BadRequestError, MethodNotAllowedError, TooManyRequestsError, UnknownRouteError } from './errors.ts'
import { methodsByPath } from './methods.ts'
import { registerOpenApi } from './openapi.ts'
import type { HttpDeps } from './ports.ts'
import { refuseConnection, sendProblem } from './problem.ts'
import { accounts } from './routes/accounts.ts'
import { audit } from './routes/audit.ts'
import { crashes } from './routes/crashes.ts'
import { decisions } from './routes/decisions.ts'
import { explain } from './routes/explain.ts'
import { health } from './routes/health.ts'
import { page } from './routes/page.ts'
import { roleControl } from './routes/role-control.ts'
import { session } from './routes/session.ts'
import { status } from './routes/status.ts'
import { transactionControl } from './routes/transaction-control.ts'
import { transactions } from './routes/transactions.ts'
import { tree } from './routes/tree.ts'
import { addSharedSchemas } from './schemas.ts'
import { holdsNul, mistakesIn } from './validation.ts'

/** Its parts may take this long to be put together, also on a machine that does much else. */
const START_TIMEOUT_MS = 60_000
const REQUEST_TIMEOUT_MS = 30_000
/** A little less than the patience of the command line: who asks learns that something hangs, and what. */
const ANSWER_TIMEOUT_MS = 14_000
const LONGEST_PARAMETER = 256

/** Builds the server with every route registered; nothing listens yet. Closing it ends open requests in their time. */
export async function buildServer(deps: HttpDeps): Promise<FastifyInstance> {
  const app = create(deps)
  const gate = createGate(deps.tokens)
  app.decorateRequest('caller', null)
  app.setErrorHandler((error, request, reply) => sendProblem(deps.log, error, request, reply))
  await registerProtection(app, deps)
  app.addHook('onRequest', gate.check)
  refuseNul(app)
  addHeaders(app, deps)
  addSharedSchemas(app)
  await registerOpenApi(app, deps.version)
  for (const plugin of [
    health,
    tree,
    status,
    transactions,
    transactionControl,
    accounts,
    crashes,
    decisions,
    audit,
    explain,
    roleControl,
    page,
  ]) {
    await app.register(plugin(deps))
  }
  await app.register(session(deps, gate))
  await registerRoles(app, deps)
  await app.ready()
  return app
}

function create(deps: HttpDeps): FastifyInstance {
  let requests = 0
  const since = deps.clock.now().toString(36)
  const app = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: deps.limits.bodyLimit,
    requestTimeout: REQUEST_TIMEOUT_MS,
    handlerTimeout: ANSWER_TIMEOUT_MS,
    clientErrorHandler: refuseConnection,
    schemaErrorFormatter: (errors, part) => new Error(mistakesIn(errors, part)),
    pluginTimeout: START_TIMEOUT_MS,
    forceCloseConnections: 'idle',
    requestIdHeader: false,
    genReqId: () => `${since}-${++requests}`,
    routerOptions: { maxParamLength: LONGEST_PARAMETER, ignoreTrailingSlash: true },
  }).withTypeProvider<TypeBoxTypeProvider>()
  app.setValidatorCompiler(TypeBoxValidatorCompiler)
  app.removeContentTypeParser('text/plain')
  return app
}

async function registerProtection(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    hsts: false, // plain HTTP on loopback; whoever puts TLS in front sets it there
    referrerPolicy: { policy: 'no-referrer' },
  })
  await app.register(rateLimit, {
    max: deps.limits.rateLimit,
    timeWindow: 1000,
    errorResponseBuilder: (_request, { max }) =>
      new TooManyRequestsError('too many requests from this address', 1, { facts: { perSecond: max } }),
  })
  const methodsOf = methodsByPath(app)
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request: FastifyRequest) => {
    const allow = methodsOf(request.url.split('?', 1)[0] ?? '')
    if (allow.length > 0) throw new MethodNotAllowedError(`${request.method} means nothing here`, allow)
    throw new UnknownRouteError('there is no such route', { facts: { method: request.method } })
  })
}

/** Refused here, because it would only fail as text of the database. */
function refuseNul(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ params, query, body }) => {
    if (holdsNul([params, query, body])) throw new BadRequestError('a NUL character is in it')
  })
}

function addHeaders(app: FastifyInstance, deps: HttpDeps): void {
  app.addHook('onSend', async (request, reply) => {
    reply.header('x-request-id', request.id)
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store')
  })
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'none'
    const ms = Math.round(reply.elapsedTime)
    deps.log.debug('request', { request: request.id, method: request.method, route, status: reply.statusCode, ms })
  })
}

async function registerRoles(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  for (const { role, context } of deps.roles) {
    const own = role.routes?.(context)
    if (own) await app.register(own, { prefix: `/v1/${role.name}` })
    const fixed = role.publicRoutes?.(context)
    if (fixed) await app.register(fixed, { prefix: '/v1' })
  }
}
