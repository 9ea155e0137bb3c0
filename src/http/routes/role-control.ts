/**
 * Pausing and resuming a role, and having it make one pass. A pause is a row, so that it survives a restart; the role reads
 * it when it looks. Doing the same again changes nothing and says so. Everything here leaves an audit row.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { LockMode } from '@mikro-orm/core'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Audit, RoleControl } from '../../entities/kernel/operations.ts'
import type { HttpDeps, RoleEntry } from '../ports.ts'
import { Nullable, problems, Time } from '../schemas.ts'
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

const Asked = Type.Object({ role: Type.String(), asked: Type.Literal('run-once'), at: Time })

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
    for (const entry of deps.roles) {
      const { role } = entry
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
            const outcome = await change(deps, role.name, verb, reasonOf(request.body), request)
            if (outcome.changed) deps.poke(role.name)
            return reply.send(outcome)
          },
        )
      }
      if (role.runOnce !== undefined) addRunOnce(app, deps, entry)
    }
  }

function addRunOnce(app: Parameters<FastifyPluginAsyncTypebox>[0], deps: HttpDeps, { role, context }: RoleEntry): void {
  app.post(
    `/v1/${role.name}/run-once`,
    {
      preValidation: async request => {
        request.body ??= {}
      },
      schema: {
        tags: ['control'],
        summary: `Have the ${role.name} make one pass now, also while it is paused`,
        body: Body,
        response: { 202: Asked, ...problems },
      },
    },
    async (request, reply) => {
      const reason = reasonOf(request.body)
      const [at, token] = [new Date(deps.clock.now()), request.caller ?? 'nobody']
      const em = deps.orm().em.fork()
      const subject = `role/${role.name}`
      em.create(Audit, { at, token, origin: request.ip, verb: 'run-once', subject, reason, before: null, after: null })
      await em.flush()
      role.runOnce?.(context.send)
      return reply.status(202).send({ role: role.name, asked: 'run-once' as const, at: at.toISOString() })
    },
  )
}

const reasonOf = ({ reason }: { readonly reason?: string }): string | null => {
  const trimmed = reason?.trim() ?? ''
  return trimmed === '' ? null : trimmed
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
