/** The batches: a list for people, and the full dump of one. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Batch, BATCH_STATES, LIVE_BATCH_STATES, ProverJob } from '../../../entities/forger/batch.ts'
import { ForgedBatch } from '../../../entities/forger/chain-facts.ts'
import { Attempt, Intent } from '../../../entities/kernel/intent.ts'
import type { Em, Orm } from '../../../entities/orm.ts'
import { pageOf, pageQuery, rowsToRead } from '../../../paging.ts'
import { batchInfo, type BatchRows } from './batch-info.ts'
import { NoSuchBatchError } from './errors.ts'
import { Nullable, time, Time } from './schemas.ts'
import type { ShownProver } from './work.ts'

const Row = Type.Object({
  num: Type.Integer(),
  state: Type.String(),
  because: Nullable(Type.String()),
  epoch: Type.Integer({ description: 'The run of the pipeline that built it; 0 for a batch of somebody else.' }),
  l1Batch: Type.Boolean(),
  l1UserTxs: Type.Integer(),
  l1CoordinatorTxs: Type.Integer(),
  l2Txs: Type.Integer(),
  prover: Nullable(Type.String({ description: 'The one that has or had it last.' })),
  proverAttempts: Type.Integer(),
  ethTxHash: Nullable(Type.String()),
  mineBlock: Nullable(Type.String()),
  createdAt: Time,
  postedAt: Nullable(Time),
  provenAt: Nullable(Time),
  sentAt: Nullable(Time),
  minedAt: Nullable(Time),
  finalAt: Nullable(Time),
})

const ListQuery = Type.Object(
  {
    ...pageQuery,
    state: Type.Optional(Type.Union(BATCH_STATES.map(state => Type.Literal(state)))),
    live: Type.Optional(Type.Boolean({ description: 'True: without those that were given up.' })),
  },
  { additionalProperties: false },
)
const DumpQuery = Type.Object(
  { inputs: Type.Optional(Type.Boolean({ description: 'True: with the circuit inputs, some megabytes.' })) },
  { additionalProperties: false },
)

export const batches =
  (orm: () => Orm, provers: () => Promise<readonly ShownProver[]>): FastifyPluginAsyncTypebox =>
  async app => {
    app.get(
      '/batches',
      {
        schema: {
          tags: ['forger'],
          summary: 'Batches, newest first',
          querystring: ListQuery,
          response: { 200: Type.Object({ batches: Type.Array(Row), next: Nullable(Type.String()) }) },
        },
      },
      async ({ query }) => {
        const em = orm().em.fork()
        const found = await em.find(Batch, conditions(query), { orderBy: { id: 'desc' }, limit: rowsToRead(query) })
        const { rows, next } = pageOf(found, query, batch => batch.id)
        const jobs = await em.find(
          ProverJob,
          { batch: { $in: rows.map(batch => batch.id) } },
          { orderBy: { id: 'asc' } },
        )
        return { batches: rows.map(batch => shown(batch, jobs)), next }
      },
    )

    app.get(
      '/batches/:num',
      {
        schema: {
          tags: ['forger'],
          summary: 'Everything about one batch, in the field names of the Hermez coordinator',
          description: 'Of several builds of a number the live one, else the newest. Big integers are decimal strings.',
          params: Type.Object({ num: Type.Integer({ minimum: 0, maximum: 2 ** 31 - 1 }) }),
          querystring: DumpQuery,
          response: { 200: Type.Record(Type.String(), Type.Unknown()) },
        },
      },
      async ({ params, query }) => {
        const inputs = query.inputs ?? false
        const rows = await loadBatchRows(orm().em.fork(), params.num, inputs)
        const known = await provers().catch(() => []) // where they are is nice to know, not worth failing for
        const proverUrls = new Map(known.map(({ name, url }) => [name, url]))
        return batchInfo({ ...rows, proverUrls }, { inputs })
      },
    )
  }

const conditions = (query: Type.Static<typeof ListQuery>): object => ({
  ...(query.state !== undefined
    ? { state: query.state }
    : query.live
      ? { state: { $in: [...LIVE_BATCH_STATES] } }
      : {}),
  ...(query.before === undefined ? {} : { id: { $lt: BigInt(query.before) } }),
})

/** The rows of the live build of a number, else of the newest one. Throws NoSuchBatchError with the reason. */
export async function loadBatchRows(em: Em, num: number, withInputs: boolean): Promise<BatchRows> {
  const builds = await em.find(Batch, { num }, { orderBy: { id: 'desc' }, fields: ['state'], limit: 20 })
  const live = builds.find(({ state }) => LIVE_BATCH_STATES.some(of => of === state))
  const chosen = live ?? builds[0]
  if (!chosen) throw await notThere(em, num)
  return loadBatchRowsOf(em.fork(), chosen.id, withInputs)
}

/** The rows of one build, which must exist. */
export async function loadBatchRowsOf(em: Em, id: bigint, withInputs: boolean): Promise<BatchRows> {
  const populate = withInputs ? (['contents', 'proverInput'] as const) : (['contents'] as const)
  const batch = await em.findOneOrFail(Batch, { id }, { populate })
  const intent = batch.intentKey ? await em.findOne(Intent, { key: batch.intentKey }) : null
  const attempts = intent ? await em.find(Attempt, { intent: intent.id }, { orderBy: { id: 'asc' } }) : []
  const jobs = await em.find(ProverJob, { batch: id }, { orderBy: { id: 'asc' } })
  return { batch, jobs, intent, attempts, forged: await em.findOne(ForgedBatch, { batchNum: batch.num }) }
}

async function notThere(em: Em, num: number): Promise<NoSuchBatchError> {
  const [newest] = await em.find(Batch, {}, { orderBy: { num: 'desc' }, limit: 1, fields: ['num'] })
  const because =
    newest === undefined
      ? 'no batch has been built yet'
      : num > newest.num
        ? `the newest batch is ${newest.num}`
        : 'it is older than what this database holds'
  return new NoSuchBatchError(`there is no batch ${num}: ${because}`, { facts: { batch: num, because } })
}

function shown(batch: Batch, jobs: readonly ProverJob[]): Type.Static<typeof Row> {
  const own = jobs.filter(job => job.batch.id === batch.id)
  return {
    num: batch.num,
    state: batch.state,
    because: batch.because ?? null,
    epoch: batch.epoch,
    l1Batch: batch.l1Queue != null,
    l1UserTxs: batch.l1UserTxs,
    l1CoordinatorTxs: batch.l1CoordinatorTxs,
    l2Txs: batch.l2Txs,
    prover: own.at(-1)?.prover ?? null,
    proverAttempts: own.length,
    ethTxHash: batch.ethTxHash ?? null,
    mineBlock: batch.mineBlock?.toString() ?? null,
    createdAt: batch.createdAt.toISOString(),
    postedAt: time(batch.postedAt),
    provenAt: time(batch.provenAt),
    sentAt: time(batch.sentAt),
    minedAt: time(batch.minedAt),
    finalAt: time(batch.finalAt),
  }
}
