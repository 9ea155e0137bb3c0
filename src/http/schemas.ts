/**
 * Shapes that several answers share, with names in the OpenAPI document. The tree is recursive, hence plain JSON Schema.
 */
import { Type } from 'typebox'
import type { FastifyInstance } from 'fastify'
import { sharedIds } from './shared-ids.ts'

export const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> =>
  Type.Union([schema, Type.Null()])

export const Time = Type.String({ format: 'date-time', description: 'UTC, ISO 8601.' })
/** Big integers are decimal strings: JSON readers lose digits otherwise. */
export const Decimal = Type.String({ pattern: '^[0-9]{1,78}$', description: 'A big integer, decimal.' })
export const Anything = Type.Unknown({ description: 'Any JSON.' })

const Problem = Type.Object(
  {
    type: Type.String({ description: '`urn:forgekeeper:error:CODE`' }),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String({ description: 'What happened.' }),
    code: Type.String({ description: 'Stable; listed in docs/reference/errors.md.' }),
    hint: Type.String({ description: 'What to do.' }),
    facts: Type.Record(Type.String(), Anything),
    requestId: Type.String({ description: 'As in `x-request-id` and in the log.' }),
  },
  { $id: sharedIds.problem, description: 'application/problem+json (RFC 9457).' },
)

const TreeNode = {
  $id: sharedIds.treeNode,
  type: 'object',
  description: 'One actor or supervisor.',
  additionalProperties: true,
  required: ['id', 'type', 'kind', 'state', 'because', 'restarts', 'children'],
  properties: {
    id: { type: 'string' },
    type: { type: 'string', enum: ['worker', 'supervisor'] },
    kind: { type: 'string', description: "The actor's kind, or the supervisor's strategy." },
    state: {
      type: 'string',
      enum: ['starting', 'running', 'waiting', 'restarting', 'stopping', 'stopped', 'parked'],
    },
    because: { type: ['string', 'null'], description: 'Why it waits, restarts or is parked.' },
    restarts: { type: 'integer' },
    children: { type: 'array', items: { $ref: `${sharedIds.treeNode}#` } },
  },
} as const

const Control = Type.Object(
  {
    role: Type.String(),
    paused: Type.Boolean(),
    by: Nullable(Type.String({ description: 'The token that was used and from where.' })),
    reason: Nullable(Type.String()),
    changedAt: Nullable(Time),
  },
  { $id: sharedIds.control, description: 'Whether a person has paused a role.' },
)

export function addSharedSchemas(app: FastifyInstance): void {
  app.addSchema(Problem)
  app.addSchema(TreeNode)
  app.addSchema(Control)
}

/** Answers every protected route may give besides its own. */
export const problems = { '4xx': Type.Ref(sharedIds.problem), '5xx': Type.Ref(sharedIds.problem) }
