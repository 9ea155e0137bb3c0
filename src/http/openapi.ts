/**
 * The description of the interface, made from the routes' own schemas: `/openapi.json` for machines, `/docs` for people.
 * Both are open: they hold nothing that the published source does not.
 */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { problems } from './schemas.ts'

const DOCS = '/docs'

/** What the pool answers instead of a problem, as its predecessor did. */
const PoolRefusal = Type.Object(
  { message: Type.String(), code: Type.Integer(), type: Type.String() },
  { description: 'The numbers of the Hermez node.' },
)
const poolRefusals = { '4xx': PoolRefusal, '5xx': PoolRefusal }

/** Must be registered before the routes it is to describe. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Forgekeeper',
        version,
        description:
          'Reading needs the viewer token, changing needs the operator token, as `Authorization: Bearer TOKEN`. ' +
          'The pool is open, as its predecessor was. Big integers are decimal strings.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'daemon', description: 'The daemon itself: health, tree, transactions, what people changed.' },
        { name: 'control', description: 'Pausing and resuming a role.' },
        { name: 'forger', description: 'What the forger does and why.' },
        { name: 'pool', description: 'L2 transactions, in the formats of the Hermez node.' },
      ],
      components: {
        securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'Viewer or operator token.' } },
      },
    },
    refResolver: {
      buildLocalReference: ({ $id }, _base, _fragment, index) => (typeof $id === 'string' ? $id : `Schema${index}`),
    },
    transform: ({ schema, url, route }) => {
      const security = route.config?.access === 'open' ? [] : [{ token: [] }]
      const refusals = schema?.tags?.includes('pool') ? poolRefusals : problems
      const response = { ...refusals, ...Object(schema?.response) }
      return { schema: { ...schema, security, response }, url: url.replace('*', ':subject') }
    },
  })
  app.addHook('onRoute', route => {
    if (route.url === DOCS || route.url.startsWith(`${DOCS}/`)) route.config = { ...route.config, access: 'open' }
  })
  await app.register(swaggerUi, {
    routePrefix: DOCS,
    staticCSP: false,
    uiConfig: { docExpansion: 'list', persistAuthorization: false, tryItOutEnabled: false },
  })
  app.get('/openapi.json', { schema: { hide: true }, config: { access: 'open' } }, () => app.swagger())
}
