/**
 * What the forger counts, read when somebody asks: batches under way, the pool, why pending transactions were left out,
 * and what the provers do. Labels come from closed lists; the number of a batch is never one.
 */
import type { Orm } from '../../entities/orm.ts'
import type { GaugeMetric, Metrics } from '../../metrics.ts'

/** Declares the forger's metrics; call it once. A number nobody knows, because the database is down, is absent. */
export function meterForger(
  metrics: Metrics,
  db: () => Orm,
  provers: () => Promise<readonly { readonly state: string }[]>,
): void {
  const labels = ['state'] as const
  const gauges: Readonly<Record<Count['what'], GaugeMetric<typeof labels>>> = {
    batch: metrics.gauge({ name: 'forger_live_batches', help: 'Batches that are not final, by state.', labels }),
    pool: metrics.gauge({ name: 'forger_pool_transactions', help: 'The pool, by state.', labels }),
    'left out': metrics.gauge({
      name: 'forger_left_out_transactions',
      help: 'Pending transactions that a selection looked at and left out, by the type of the reason.',
      labels,
    }),
  }
  const newest = metrics.gauge({ name: 'forger_forged_batches', help: 'The number of the newest batch on the chain.' })
  const proving = metrics.gauge({ name: 'forger_provers_count', help: 'Proof servers, by what they do.', labels })
  let states: readonly string[] = []
  metrics.beforeRead(async () => {
    for (const state of states) proving.forget({ state })
    states = (await provers()).map(({ state }) => state)
    for (const state of states) proving.set(states.filter(other => other === state).length, { state })
  })
  let shown: readonly Count[] = []
  metrics.beforeRead(async () => {
    for (const { what, state } of shown) gauges[what].forget({ state })
    newest.forget()
    shown = await read(db, COUNTS)
    for (const { what, state, n } of shown) gauges[what].set(Number(n), { state })
    const [head] = await read(db, NEWEST)
    if (head) newest.set(Number(head.n))
  })
}

interface Count {
  readonly what: 'batch' | 'pool' | 'left out'
  readonly state: string
  readonly n: string
}

async function read(db: () => Orm, query: string): Promise<readonly Count[]> {
  try {
    return await db().em.fork().execute(query)
  } catch {
    return []
  }
}

const COUNTS = `
  select 'batch' as what, state, count(*)::text as n from forger.batch
    where state in ('built', 'proving', 'proven', 'sent', 'mined') group by state
  union all select 'pool', state, count(*)::text from forger.pool_tx group by state
  union all select 'left out', error_type, count(*)::text from forger.pool_tx
    where state = 'pend' and error_type is not null group by error_type`

const NEWEST = `select view->>'lastForgedBatch' as n from forger.head_view where name = 'head'`
