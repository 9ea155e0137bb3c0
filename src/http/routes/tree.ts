/** The supervision tree as it is now. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { HttpDeps } from '../ports.ts'
import { problems, Time } from '../schemas.ts'
import { sharedIds } from '../shared-ids.ts'

const Tree = Type.Object({
  takenAt: Time,
  root: Type.Ref(sharedIds.treeNode),
  deadLetters: Type.Array(Type.Object({ to: Type.String(), message: Type.String(), count: Type.Integer() }), {
    description: 'Messages that reached nobody.',
  }),
})

export const tree =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/v1/tree',
      { schema: { tags: ['daemon'], summary: 'The supervision tree', response: { 200: Tree, ...problems } } },
      (_request, reply) => reply.send(deps.snapshot() as never), // the named schema is recursive; its static type is not
    )
  }
