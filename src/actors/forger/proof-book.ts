/**
 * The prover pool's book on the forger's tables: batches go built → proving → proven or failed, and back to built for
 * another try; every posting of an input is a row of its own.
 *
 * Each call is one SQL statement, so one transaction; each change names the state it starts from.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Em } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import { prepared } from '../../entities/prepared.ts'
import type { WaitingBatch } from '../lanes/prover/assign.ts'
import {
  COUNTED_TRIES,
  type Claim,
  type Lease,
  type OpenJob,
  type Outcome,
  type ProofBook,
  type Settled,
} from '../lanes/prover/book.ts'

interface JobRow {
  readonly job: string
  readonly batch: string
  readonly num: number
  readonly prover: string
  readonly failures: number
  readonly public_input: string
  /** Text where rows come as JSON. */
  readonly posted_at: Date | string
  readonly deadline_at: Date | string
  readonly wanted: boolean
}

interface LeaseRow extends JobRow {
  readonly input: string
}

/** `em` answers a fresh entity manager and throws a transient error while the database is not up. */
export function proofBook(em: () => Em): ProofBook {
  const run = <Row>(query: RawBuilder<Row>): Promise<readonly Row[]> =>
    onDatabase(async () => (await query.execute(em().getKysely())).rows)
  return {
    load: async limit => {
      const [row] = await run(sql<{
        waiting: readonly WaitingBatch[] | null
        open: readonly JobRow[] | null
      }>`${prepared}
        select (select json_agg(w) from (${waitingBatches(limit)}) w) as waiting,
          (select json_agg(o) from (${openJobs(sql`true`)}) o) as open`)
      return { waiting: row?.waiting ?? [], open: (row?.open ?? []).map(jobOf) }
    },
    open: async prover => {
      const [row] = await run(openJobs(sql`j.prover = ${prover}`))
      return row ? jobOf(row) : null
    },
    claim: async claim => leaseOf((await run(claimBatch(claim)))[0]),
    renew: async (job, deadlineAt) => leaseOf((await run(renewJob(job, deadlineAt)))[0]),
    settle: async (job, outcome, at) => {
      const [row] = await run(outcome.as === 'proven' ? settleProven(job, outcome, at) : settleTry(job, outcome, at))
      return row?.settled ?? null
    },
  }
}

const counted = sql.join(COUNTED_TRIES.map(state => sql.lit(state)))
const failuresOf = (batch: string): RawBuilder<number> => sql<number>`(
  select count(*)::int from forger.prover_job t where t.batch_id = ${sql.ref(batch)} and t.state in (${counted}))`
const time = (ms: number): RawBuilder<Date> => sql<Date>`${new Date(ms)}::timestamptz`
const key = (id: string): RawBuilder<string> => sql<string>`${id}::bigint`

const waitingBatches = (limit: number): RawBuilder<WaitingBatch> => sql<WaitingBatch>`
  select b.id::text as batch, coalesce(t.tries, '[]'::json) as tries
  from forger.batch b
  left join lateral (
    select json_agg(json_build_object('prover', j.prover, 'state', j.state) order by j.id) as tries
    from forger.prover_job j where j.batch_id = b.id
  ) t on true
  where b.state = 'built' and b.prover_input is not null
  order by b.num, b.id limit ${limit}`

const openJobs = (condition: RawBuilder<unknown>): RawBuilder<JobRow> => sql<JobRow>`
  select j.id::text as job, b.id::text as batch, b.num, j.prover, ${failuresOf('b.id')} as failures,
    b.public_input::text, j.posted_at, j.deadline_at, b.state = 'proving' as wanted
  from forger.prover_job j join forger.batch b on b.id = j.batch_id
  where j.state = 'posted' and ${condition} order by j.id`

/** One lease a batch and one batch a prover: the row lock on the batch and the open job of the prover see to it. */
const claimBatch = ({ batch, prover, at, deadlineAt }: Claim): RawBuilder<LeaseRow> => sql<LeaseRow>`${prepared}
  with claimed as (
    update forger.batch set state = 'proving', because = null, posted_at = coalesce(posted_at, ${time(at)})
    where id = ${key(batch)} and state = 'built' and prover_input is not null
      and not exists (select 1 from forger.prover_job where prover = ${prover} and state = 'posted')
    returning id, num, public_input, prover_input
  ), job as (
    insert into forger.prover_job (batch_id, prover, attempt, state, posted_at, deadline_at)
    select c.id, ${prover}, 1 + (select count(*) from forger.prover_job t where t.batch_id = c.id), 'posted',
      ${time(at)}, ${time(deadlineAt)}
    from claimed c returning id, batch_id, prover, posted_at, deadline_at
  )
  select j.id::text as job, c.id::text as batch, c.num, j.prover, ${failuresOf('c.id')} as failures,
    c.public_input::text, j.posted_at, j.deadline_at, true as wanted, c.prover_input as input
  from job j join claimed c on c.id = j.batch_id`

const renewJob = (job: string, deadlineAt: number): RawBuilder<LeaseRow> => sql<LeaseRow>`
  update forger.prover_job j set deadline_at = ${time(deadlineAt)} from forger.batch b
  where j.id = ${key(job)} and j.state = 'posted' and b.id = j.batch_id and b.state = 'proving'
    and b.prover_input is not null
  returning j.id::text as job, b.id::text as batch, b.num, j.prover, ${failuresOf('b.id')} as failures,
    b.public_input::text, j.posted_at, j.deadline_at, true as wanted, b.prover_input as input`

const settleProven = (
  job: string,
  { proof }: Extract<Outcome, { as: 'proven' }>,
  at: number,
): RawBuilder<{ settled: Settled }> => sql<{ settled: Settled }>`${prepared}
  with ended as (
    update forger.prover_job set state = 'proven', ended_at = ${time(at)}
    where id = ${key(job)} and state = 'posted' returning batch_id
  ), changed as (
    update forger.batch b set state = 'proven', proof = ${JSON.stringify(proof)}::jsonb, proven_at = ${time(at)},
      because = null
    from ended where b.id = ended.batch_id and b.state = 'proving' returning b.id
  )
  select case when exists (select 1 from changed) then 'proven' else 'unwanted' end as settled from ended`

const settleTry = (
  job: string,
  { as, because, last }: Exclude<Outcome, { as: 'proven' }>,
  at: number,
): RawBuilder<{ settled: Settled }> => {
  const [state, settled] = last ? (['failed', 'failed'] as const) : (['built', 'waiting'] as const)
  return sql<{ settled: Settled }>`
  with ended as (
    update forger.prover_job set state = ${as}, error = ${because}, ended_at = ${time(at)}
    where id = ${key(job)} and state = 'posted' returning batch_id
  ), changed as (
    update forger.batch b set state = ${state}, because = ${because}
    from ended where b.id = ended.batch_id and b.state = 'proving' returning b.id
  )
  select case when exists (select 1 from changed) then ${settled}::text else 'unwanted' end as settled from ended`
}

const leaseOf = (row: LeaseRow | undefined): Lease | null => (row ? { ...jobOf(row), input: row.input } : null)

const jobOf = (row: JobRow): OpenJob => ({
  job: row.job,
  batch: row.batch,
  num: row.num,
  prover: row.prover,
  failures: row.failures,
  publicInput: BigInt(row.public_input),
  postedAt: new Date(row.posted_at).getTime(),
  deadlineAt: new Date(row.deadline_at).getTime(),
  wanted: row.wanted,
})
