/**
 * The daemon on one screen: is it ready, how far has it read, which roles run, what is in flight. It answers while the
 * database is down, with `stored` null and the reason among the checks.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Cursor } from '../../entities/kernel/block.ts'
import { Intent } from '../../entities/kernel/intent.ts'
import { RoleControl } from '../../entities/kernel/operations.ts'
import type { Em } from '../../entities/orm.ts'
import { messageOf } from '../../errors.ts'
import type { TreeNode } from '../../supervisors/snapshot.ts'
import type { HttpDeps } from '../ports.ts'
import { asOperatorError } from '../problem.ts'
import { Decimal, Nullable, problems, Time } from '../schemas.ts'
import { sharedIds } from '../shared-ids.ts'
import { partPath } from './page.ts'
import { controlOf } from './role-control.ts'

const Source = Type.Object({ name: Type.String(), number: Decimal, behind: Decimal })
const Chain = Type.Object({
  name: Type.String(),
  head: Decimal,
  hash: Type.String(),
  updatedAt: Time,
  sources: Type.Array(Source, { description: 'How far each fact source was read, and blocks behind the head.' }),
})
const Status = Type.Object({
  version: Type.String(),
  now: Time,
  startedAt: Time,
  ready: Type.Boolean(),
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), detail: Type.String() })),
  roles: Type.Array(
    Type.Object({
      name: Type.String(),
      summary: Type.String(),
      state: Type.String({ description: 'Of its supervisor; `absent` when the tree has none.' }),
      because: Nullable(Type.String()),
      page: Nullable(Type.String({ description: 'The script of its part of the status page.' })),
    }),
  ),
  stored: Nullable(
    Type.Object({
      controls: Type.Array(Type.Ref(sharedIds.control)),
      chains: Type.Array(Chain),
      transactions: Type.Record(Type.String(), Type.Integer(), { description: 'Unsettled intents by state.' }),
    }),
  ),
  notStoredBecause: Nullable(Type.String()),
})

export const status =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    const startedAt = new Date(deps.clock.now()).toISOString()
    app.get(
      '/v1/status',
      { schema: { tags: ['daemon'], summary: 'The daemon at a glance', response: { 200: Status, ...problems } } },
      async (_request, reply) => {
        const checks = await deps.readiness()
        const hung = checks.find(({ name, ok }) => name === 'database' && !ok)
        const { stored, because } = await readStored(deps, hung?.detail ?? null)
        return reply.send({
          version: deps.version,
          now: new Date(deps.clock.now()).toISOString(),
          startedAt,
          ready: checks.every(check => check.ok),
          checks: [...checks],
          roles: rolesIn(deps),
          stored: stored as never, // holds a named schema
          notStoredBecause: because,
        })
      },
    )
  }

function rolesIn(deps: HttpDeps): Type.Static<typeof Status>['roles'] {
  const { root } = deps.snapshot()
  return deps.roles.map(({ role }) => {
    const node = findNode(root, role.name)
    return {
      name: role.name,
      summary: role.summary,
      state: node?.state ?? 'absent',
      because: node?.because ?? null,
      page: partPath(role),
    }
  })
}

/** The node of this name at or below `node`. */
export function findNode(node: TreeNode, id: string): TreeNode | null {
  if (node.id === id) return node
  for (const child of node.children) {
    const found = findNode(child, id)
    if (found) return found
  }
  return null
}

/** `hung`: why the database does not answer; it is not asked then. */
async function readStored(
  deps: HttpDeps,
  hung: string | null,
): Promise<{ stored: object | null; because: string | null }> {
  try {
    const orm = deps.orm()
    if (hung !== null) return { stored: null, because: hung }
    const em = orm.em.fork()
    const [rows, chains, transactions] = await Promise.all([
      em.find(RoleControl, {}),
      chainsIn(em),
      unsettled(em.fork()),
    ])
    return {
      stored: { controls: deps.roles.map(({ role }) => controlOf(role.name, rows)), chains, transactions },
      because: null,
    }
  } catch (error) {
    const known = asOperatorError(error)
    if (known.severity !== 'transient') throw error
    return { stored: null, because: messageOf(known) }
  }
}

async function chainsIn(em: Em): Promise<Type.Static<typeof Chain>[]> {
  const cursors = await em.fork().find(Cursor, {}, { orderBy: { chain: 'asc', source: 'asc' } })
  return cursors
    .filter(cursor => cursor.source === 'head')
    .map(head => ({
      name: head.chain,
      head: head.number.toString(),
      hash: head.hash,
      updatedAt: head.updatedAt.toISOString(),
      sources: cursors
        .filter(cursor => cursor.chain === head.chain && cursor !== head)
        .map(({ source, number }) => ({
          name: source,
          number: number.toString(),
          behind: behind(head.number, number),
        })),
    }))
}

const behind = (head: bigint, number: bigint): string => (head > number ? head - number : 0n).toString()

async function unsettled(em: Em): Promise<Record<string, number>> {
  const open = await em
    .createQueryBuilder(Intent)
    .select(['state'])
    .where({ settledAt: null })
    .limit(10_000)
    .execute<{ state: string }[]>('all')
  const counts: Record<string, number> = {}
  for (const { state } of open) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
