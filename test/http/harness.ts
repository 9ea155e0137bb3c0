/**
 * A server on ports that the test controls, asked through `inject`: no socket, no tree.
 */
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { openOrm, migrate, type Orm, type Schema } from '../../src/entities/orm.ts'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { DatabaseDownError } from '../../src/entities/errors.ts'
import { silentLog } from '../../src/log.ts'
import type { Ref } from '../../src/actors/kit/ref.ts'
import type { HttpDeps } from '../../src/http/ports.ts'
import { buildServer } from '../../src/http/server.ts'
import type { Check, Role, RoleContext } from '../../src/role.ts'
import { Secret } from '../../src/secrets.ts'
import type { Clock } from '../../src/clock.ts'
import type { TreeNode, TreeSnapshot } from '../../src/supervisors/snapshot.ts'

export const VIEWER = 'viewer-token-of-the-tests'
export const OPERATOR = 'operator-token-of-the-tests'
export const NOON = Date.parse('2026-01-02T12:00:00Z')

export const asViewer = { authorization: `Bearer ${VIEWER}` }
export const asOperator = { authorization: `Bearer ${OPERATOR}` }

/** Time stands still; nothing here waits. */
export const stillClock: Clock = { now: () => NOON, after: () => () => {}, sleep: async () => {} }

export const node = (id: string, over: Partial<TreeNode> = {}): TreeNode => ({
  id,
  type: 'worker',
  kind: id,
  state: 'running',
  because: null,
  nextTryAt: null,
  restart: 'permanent',
  startedAt: new Date(NOON).toISOString(),
  restarts: 0,
  mailbox: { length: 0, capacity: 64, dropped: 0 },
  busy: null,
  lastCrash: null,
  strategy: null,
  autoShutdown: null,
  children: [],
  ...over,
})

export const snapshotOf = (...children: TreeNode[]): TreeSnapshot => ({
  takenAt: new Date(NOON).toISOString(),
  root: node('root', { type: 'supervisor', kind: 'one-for-one', strategy: 'one-for-one', children }),
  deadLetters: [],
})

/** A role that does nothing, as the HTTP room sees one. */
export const bareRole = (over: Partial<Role>): Role =>
  ({
    name: 'forger',
    summary: 'Forges batches.',
    subscriptions: () => [],
    ...over,
  }) as Role // the tree, schema and configuration are never asked for here

export interface Served {
  readonly app: FastifyInstance
  readonly poked: string[]
  /** What routes sent into the tree: address and message. */
  readonly sent: readonly unknown[]
  readonly get: (url: string, headers?: Record<string, string>) => Promise<LightMyRequestResponse>
  readonly post: (url: string, payload: unknown, headers?: Record<string, string>) => Promise<LightMyRequestResponse>
}

export interface Options extends Partial<Omit<HttpDeps, 'roles'>> {
  readonly roles?: readonly Role[]
  readonly checks?: readonly Check[]
}

/** The database is down unless `orm` is given. */
export async function serve(options: Options = {}): Promise<Served> {
  const poked: string[] = []
  const orm =
    options.orm ??
    ((): Orm => {
      throw new DatabaseDownError('the database is not up yet')
    })
  const sent: unknown[] = []
  const send = (to: Ref<never>, message: unknown): void => void sent.push([to.id, message])
  const context = { orm, clock: stillClock, log: silentLog, send } as unknown as RoleContext<unknown> // what the routes use
  const app = await buildServer({
    snapshot: () => snapshotOf(node('forger', { type: 'supervisor' })),
    readiness: () => options.checks ?? [],
    metrics: { contentType: 'text/plain; version=0.0.4', text: async () => 'fk_up 1\n' },
    tokens: { viewer: new Secret(VIEWER), operator: new Secret(OPERATOR) },
    poke: role => poked.push(role),
    tellLane: (chain, account, ask) => void sent.push([`tx-manager:${chain}/${account}`, ask]),
    clock: stillClock,
    log: silentLog,
    version: '0.0.0-test',
    limits: { bodyLimit: 64 * 1024, rateLimit: 10_000 },
    ...options,
    orm,
    roles: (options.roles ?? [bareRole({})]).map(role => ({ role, context })),
  })
  return {
    app,
    poked,
    sent,
    get: (url, headers = asViewer) => app.inject({ method: 'GET', url, headers }),
    post: (url, payload, headers = asOperator) =>
      app.inject({ method: 'POST', url, headers, payload: payload as object }),
  }
}

/** A migrated database with the kernel's tables and those given. */
export async function openTestOrm(url: string, schemas: readonly Schema[] = []): Promise<Orm> {
  const all = [kernelSchema, ...schemas]
  const orm = await openOrm(url, all)
  await migrate(orm, url, all)
  return orm
}
