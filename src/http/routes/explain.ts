/**
 * What happens next with a subject, when, and what is missing. Each role is asked first; a subject that none knows is
 * explained from its transactions and the last decisions about it.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Decision } from '../../entities/kernel/decision.ts'
import { listTransactions } from '../../entities/kernel/transaction-view.ts'
import { sentence } from '../../entities/kernel/transaction-words.ts'
import { RoleControl } from '../../entities/kernel/operations.ts'
import type { Em } from '../../entities/orm.ts'
import type { Explanation } from '../../role.ts'
import { NotThereError } from '../errors.ts'
import type { HttpDeps } from '../ports.ts'
import { Anything, Nullable, problems } from '../schemas.ts'
import { shownDecision } from './decisions.ts'
import { controlOf } from './role-control.ts'
import { findNode } from './status.ts'

const Answer = Type.Object({
  subject: Type.String(),
  state: Type.String(),
  next: Type.String({ description: 'The sentence to read first.' }),
  because: Nullable(Type.String()),
  missing: Type.Array(Type.String(), {
    description: 'What the daemon needs and does not have now, each with its reason.',
  }),
  details: Type.Record(Type.String(), Anything),
})

export const explain =
  (deps: HttpDeps): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/v1/explain/*',
      {
        schema: {
          tags: ['daemon'],
          summary: 'What happens next with a subject, when, and what is missing',
          description: 'The subject as it is spelled everywhere: `batch/118`, `pipeline`, …',
          response: { 200: Answer, ...problems },
        },
      },
      async ({ params }) => {
        const subject = (params as { '*': string })['*'] // the router's name for a wildcard
        const told =
          (await askRoles(deps, subject)) ??
          (await fromRole(deps, subject)) ??
          (await fromRows(deps.orm().em.fork(), subject))
        if (!told) throw new NotThereError(`nothing is known about ${subject}`, { facts: { subject } })
        const failing = (await deps.readiness()).filter(({ ok }) => !ok)
        return {
          ...told,
          missing: failing.map(({ name, detail }) => `${name}: ${detail}`),
          details: { ...told.details },
        }
      },
    )
  }

async function askRoles(deps: HttpDeps, subject: string): Promise<Explanation | null> {
  for (const { role, context } of deps.roles) {
    const told = await role.explain?.(context, subject)
    if (told) return told
  }
  return null
}

/** A role by its name: whether it runs, is paused, or waits to be tried again. */
async function fromRole(deps: HttpDeps, subject: string): Promise<Explanation | null> {
  const entry = deps.roles.find(({ role }) => role.name === subject)
  if (!entry) return null
  const control = controlOf(subject, await deps.orm().em.fork().find(RoleControl, { role: subject }))
  const node = findNode(deps.snapshot().root, subject)
  const state = control.paused ? 'paused' : (node?.state ?? 'absent')
  return {
    subject,
    state,
    next: NEXT[state] ?? 'It starts, or is tried again, by itself.',
    because: control.paused
      ? `paused by ${control.by}${control.reason ? `: ${control.reason}` : ''}`
      : (node?.because ?? null),
    details: { summary: entry.role.summary, control },
  }
}

const NEXT: Readonly<Record<string, string>> = {
  running: 'It runs.',
  paused: 'It finishes what is in flight and starts nothing new until a person resumes it.',
}

async function fromRows(em: Em, subject: string): Promise<Explanation | null> {
  const [decision, ...earlier] = await em.find(Decision, { subject }, { orderBy: { id: 'desc' }, limit: 5 })
  const transactions = await listTransactions(em, { subject }, 5)
  const [newest] = transactions
  if (!decision && !newest) return null
  const decisions = decision ? [decision, ...earlier].map(shownDecision) : []
  return {
    subject,
    state: newest && (!newest.settledAt || !decision) ? newest.state : (decision?.choice ?? 'unknown'),
    next: newest && !newest.settledAt ? sentence(newest) : `the last decision was to ${decision?.choice ?? 'wait'}`,
    because: (newest?.settledAt ? null : newest?.because) ?? decision?.because ?? newest?.because ?? null,
    details: { decisions, transactions },
  }
}
