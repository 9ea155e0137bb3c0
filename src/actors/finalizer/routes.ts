/**
 * What the finalizer shows at `/v1/finalizer`; reading only, with the viewer token. Pausing and running once are the same
 * for every role and live with the HTTP server.
 */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyPluginAsync } from 'fastify'
import { Type } from 'typebox'
import { FAMILIES, Session, SESSION_STATES, WarehouseCursor } from '../../entities/finalizer/session.ts'
import { RoleControl } from '../../entities/kernel/operations.ts'
import type { Em } from '../../entities/orm.ts'
import { pageOf, pageQuery, rowsToRead } from '../../paging.ts'
import type { RoleContext } from '../../role.ts'
import type { FinalizerConfig } from './config.ts'
import { familyPlans, readsChain, readsWarehouse } from './families.ts'
import { ROLE } from './outcomes.ts'
import { becauseOf, nextOf, outlook } from './outlook.ts'
import { affordable, type Decision } from './policy.ts'
import { closerRules, policyRules } from './rules.ts'

type Ctx = RoleContext<FinalizerConfig>

const Nullable = <T extends Type.TSchema>(schema: T): Type.TUnion<[T, Type.TNull]> => Type.Union([schema, Type.Null()])
const Time = Type.String({ format: 'date-time', description: 'UTC, ISO 8601.' })
const Big = Type.String({ pattern: '^[0-9]{1,78}$', description: 'A big integer, decimal.' })
const Uint64 = Type.String({ pattern: '^[0-9]{1,20}$', description: 'Decimal.' })

const State = Type.Object({
  state: Type.String({ description: '`running`, `waiting` or `paused` by a person.' }),
  because: Nullable(Type.String()),
  chain: Type.String(),
  head: Nullable(Type.Object({ block: Big, behind: Type.Integer({ description: 'Blocks still to be read.' }) })),
  contracts: Type.Record(Type.String(), Type.String(), { description: 'By family.' }),
  sources: Type.Array(Type.String(), { description: '`chain`, `warehouse`.' }),
  warehouse: Type.Array(
    Type.Object({ source: Type.String(), blockId: Big, because: Nullable(Type.String()), updatedAt: Time }),
  ),
  account: Type.Object({
    address: Type.String(),
    balanceWei: Nullable(Big),
    gasPriceWei: Nullable(Big),
    callsAffordable: Nullable(Big),
  }),
  sessions: Type.Record(Type.String(), Type.Record(Type.String(), Type.Integer()), {
    description: 'By family and state; of settled ones those that are kept.',
  }),
  inFlight: Type.Integer(),
})

const Row = Type.Object({
  id: Type.String(),
  subject: Type.String({ description: 'What `explain` knows it by.' }),
  family: Type.String(),
  originChainId: Big,
  originHeight: Big,
  contract: Type.String(),
  deadline: Nullable(Big),
  state: Type.String(),
  next: Type.String({ description: 'What happens next.' }),
  because: Nullable(Type.String({ description: 'Why not yet.' })),
  submissions: Type.Integer(),
  startBlock: Nullable(Big),
  startTx: Nullable(Type.String()),
  outcome: Nullable(Type.String()),
  agreedHash: Nullable(Type.String()),
  closedBlock: Nullable(Big),
  closedTx: Nullable(Type.String()),
  attempts: Type.Integer(),
  nextAttemptAt: Nullable(Time),
  intent: Nullable(Type.String({ description: 'The key of its transaction.' })),
  seenAt: Time,
  updatedAt: Time,
})

const Query = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(Type.Union(SESSION_STATES.map(state => Type.Literal(state)))),
    open: Type.Optional(
      Type.Boolean({ description: 'True: only those that are not settled; false: only the settled.' }),
    ),
    family: Type.Optional(Type.Union(FAMILIES.map(family => Type.Literal(family)))),
    chain: Type.Optional({ ...Uint64, description: 'The id of the origin chain.' }),
    fromHeight: Type.Optional({ ...Uint64, description: 'The least origin height.' }),
    toHeight: Type.Optional({ ...Uint64, description: 'The greatest origin height.' }),
  },
  { additionalProperties: false },
)

export const finalizerRoutes =
  (context: Ctx): FastifyPluginAsync =>
  async app => {
    await app.register(routes(context))
  }

const routes =
  (context: Ctx): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/',
      { schema: { tags: ['finalizer'], summary: 'How it stands, and why it waits', response: { 200: State } } },
      () => readState(context),
    )
    app.get(
      '/sessions',
      {
        schema: {
          tags: ['finalizer'],
          summary: 'Sessions, newest first, each with what happens next and why not yet',
          querystring: Query,
          response: { 200: Type.Object({ sessions: Type.Array(Row), next: Nullable(Type.String()) }) },
        },
      },
      async ({ query }) => {
        const em = context.orm().em.fork()
        const found = await em.find(Session, conditions(context.config.chain, query), {
          orderBy: { id: 'desc' },
          limit: rowsToRead(query),
        })
        const { rows, next } = pageOf(found, query, session => session.id)
        const told = await outlook(context, em)
        const decisions = told.decide(rows)
        const { confirmations } = closerRules(context)
        const sessions = rows.map(session => {
          const decision = decisions.get(session.id)
          return shown(session, decision, nextOf(session, decision, told.heads, confirmations))
        })
        return { sessions, next }
      },
    )
  }

const SETTLED = ['finalized', 'finalized-by-other', 'dropped'] as const

function conditions(chain: string, query: Type.Static<typeof Query>) {
  const { state, open, family, chain: origin, fromHeight, toHeight, before } = query
  const heights = {
    ...(fromHeight !== undefined && { $gte: BigInt(fromHeight) }),
    ...(toHeight !== undefined && { $lte: BigInt(toHeight) }),
  }
  const settled = open === true ? { $nin: [...SETTLED] } : { $in: [...SETTLED] }
  return {
    chain,
    ...(before !== undefined && { id: { $lt: BigInt(before) } }),
    ...(state !== undefined ? { state } : open !== undefined && { state: settled }),
    ...(family !== undefined && { family }),
    ...(origin !== undefined && { originChainId: BigInt(origin) }),
    ...(Object.keys(heights).length > 0 && { originHeight: heights }),
  }
}

async function readState(context: Ctx): Promise<Type.Static<typeof State>> {
  const { config, addressOf } = context
  const em = context.orm().em.fork()
  const { heads, view } = await outlook(context, em)
  const control = await em.findOne(RoleControl, { role: ROLE, paused: true })
  const cursors = await em.find(WarehouseCursor, {}, { orderBy: { source: 'asc' } })
  const calls = affordable(view.funds, policyRules(config))
  const why = control !== null ? view.paused : heads === null ? 'no block of the chain has been read yet' : null
  return {
    state: control !== null ? 'paused' : heads === null ? 'waiting' : 'running',
    because: why ?? (calls === 0n ? 'account has gas for 0 calls' : null),
    chain: config.chain,
    head: heads === null ? null : { block: String(heads.head), behind: Number(heads.tip - heads.head) },
    contracts: Object.fromEntries(familyPlans(config).map(({ family, contract }) => [family, contract])),
    sources: [...(readsChain(config) ? ['chain'] : []), ...(readsWarehouse(config) ? ['warehouse'] : [])],
    warehouse: cursors.map(({ source, blockId, because, updatedAt }) => ({
      source,
      blockId: String(blockId),
      because: because ?? null,
      updatedAt: updatedAt.toISOString(),
    })),
    account: {
      address: addressOf(config.account),
      balanceWei: big(view.funds?.balance),
      gasPriceWei: big(view.funds?.gasPrice),
      callsAffordable: big(calls),
    },
    sessions: await counts(em, config.chain),
    inFlight: view.inFlight,
  }
}

async function counts(em: Em, chain: string): Promise<Record<string, Record<string, number>>> {
  const rows: { family: string; state: string; n: string }[] = await em.execute(
    'select family, state, count(*) as n from finalizer.session where chain = ? group by 1, 2 order by 1, 2',
    [chain],
  )
  const all: Record<string, Record<string, number>> = { specimen: {}, result: {} }
  for (const { family, state, n } of rows) all[family] = { ...all[family], [state]: Number(n) }
  return all
}

const shown = (session: Session, decision: Decision | undefined, next: string): Type.Static<typeof Row> => ({
  id: String(session.id),
  subject: `session/${session.originChainId}:${session.originHeight}`,
  family: session.family,
  originChainId: String(session.originChainId),
  originHeight: String(session.originHeight),
  contract: session.contract,
  deadline: big(session.deadline),
  state: session.state,
  next,
  because: becauseOf(session, decision),
  submissions: session.submissions,
  startBlock: big(session.startBlock),
  startTx: session.startTx ?? null,
  outcome: session.outcome ?? null,
  agreedHash: session.agreedHash ?? null,
  closedBlock: big(session.closedBlock),
  closedTx: session.closedTx ?? null,
  attempts: session.attempts,
  nextAttemptAt: session.nextAttemptAt?.toISOString() ?? null,
  intent: session.intentKey ?? null,
  seenAt: session.seenAt.toISOString(),
  updatedAt: session.updatedAt.toISOString(),
})

const big = (value: bigint | null | undefined): string | null => (value == null ? null : String(value))
