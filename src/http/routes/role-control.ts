/**
 * Pausing and resuming a role. The wish is a row, so that it survives a restart; the role reads it when it looks. Doing the
 * same again changes nothing and says so. Every change leaves an audit row in the same transaction.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LockMode } from '@mikro-orm/core'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Audit, RoleControl } from '../../entities/kernel/operations.ts'
import type { HttpDeps } from '../ports.ts'
import { Nullable, problems } from '../schemas.ts'
import { sharedIds } from '../shared-ids.ts'

const Body = Type.Object(
  { reason: Type.Optional(Type.String({ maxLength: 500, description: 'Shown to everybody who asks why.' })) },
  { additionalProperties: false },
)
const Changed = Type.Object({
  changed: Type.Boolean({ description: 'False when it was so already.' }),
  before: Type.Ref(sharedIds.control),
  after: Type.Ref(sharedIds.control),
})

/** A role's control as it is answered. */
export interface Control {
  readonly role: string
  readonly paused: boolean
  readonly by: string | null
  readonly reason: string | null
  readonly changedAt: string | null
}

export const roleControl =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    for (const { role } of deps.roles) {
      for (const verb of ['pause', 'resume'] as const) {
        app.post(
          `/v1/${role.name}/${verb}`,
          {
            preValidation: async request => {
              request.body ??= {}
            },
            schema: {
              tags: ['control'],
              summary:
                verb === 'pause' ? `Pause the ${role.name}: finish, start nothing new` : `Resume the ${role.name}`,
              body: Body,
              response: { 200: Changed, ...problems },
            },
          },
          async (request, reply) => {
            const reason = request.body.reason?.trim() ? request.body.reason.trim() : null
            const outcome = await change(deps, role.name, verb, reason, request)
            if (outcome.changed) deps.poke(role.name)
            return reply.send(outcome)
          },
        )
      }
    }
  }

async function change(
  deps: HttpDeps,
  role: string,
  verb: 'pause' | 'resume',
  reason: string | null,
  request: FastifyRequest,
): Promise<{ changed: boolean; before: Control; after: Control }> {
  const now = new Date(deps.clock.now())
  const token = request.caller ?? 'nobody'
  return deps
    .orm()
    .em.fork()
    .transactional(async em => {
      await em.upsert(RoleControl, { role }, { onConflictFields: ['role'], onConflictAction: 'ignore' })
      const row = await em.findOneOrFail(RoleControl, { role }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
      const before = shownControl(row)
      const paused = verb === 'pause'
      if (row.paused === paused) return { changed: false, before, after: before }
      Object.assign(row, { paused, by: `${token} (${request.ip})`, reason, changedAt: now })
      const after = shownControl(row)
      em.create(Audit, { at: now, token, origin: request.ip, verb, subject: `role/${role}`, reason, before, after })
      await em.flush()
      return { changed: true, before, after }
    })
}

export const shownControl = (row: RoleControl): Control => ({
  role: row.role,
  paused: row.paused,
  by: row.by ?? null,
  reason: row.reason ?? null,
  changedAt: row.changedAt?.toISOString() ?? null,
})

/** Whether a role is paused; a role that nobody ever paused has no row. */
export const controlOf = (role: string, rows: readonly RoleControl[]): Control => {
  const row = rows.find(of => of.role === role)
  return row ? shownControl(row) : { role, paused: false, by: null, reason: null, changedAt: null }
}

export const ControlOrNull = Nullable(Type.Ref(sharedIds.control))
