/**
 * What the finalizer counts. How many sessions are in which state is read from the database when somebody asks.
 */
import type { Orm } from '../../entities/orm.ts'
import type { Metrics } from '../../metrics.ts'

export interface FinalizerMeters {
  settled(family: string, state: string, because: string | null): void
  /** The contract refused a session: `drop` or `retry`. */
  refused(what: string): void
  warehouse(event: 'rows' | 'unreadable' | 'gap' | 'outage', rows: number): void
}

export function finalizerMeters(metrics: Metrics, db: () => Orm, chain: string): FinalizerMeters {
  const settled = metrics.counter({
    name: 'finalizer_settled_total',
    help: 'Sessions that came to an end, or to a failed try, by family and state.',
    labels: ['family', 'state'],
  })
  const refused = metrics.counter({
    name: 'finalizer_refused_total',
    help: 'Sessions that the contract refuses to close, by what was decided: drop, or retry later.',
    labels: ['decision'],
  })
  const warehouse = metrics.counter({
    name: 'finalizer_warehouse_total',
    help: 'Rows read from the warehouse, unreadable ones, gaps, and looks at which it did not answer.',
    labels: ['event'],
  })
  const open = metrics.gauge({
    name: 'finalizer_sessions_count',
    help: 'Sessions that are not settled, by family and state.',
    labels: ['family', 'state'],
  })
  const late = metrics.gauge({
    name: 'finalizer_oldest_due_blocks',
    help: 'Blocks since the deadline of the oldest session that is due and not closed; 0 when none is.',
  })
  let shown: { family: string; state: string }[] = []
  metrics.beforeRead(async () => {
    for (const labels of shown) open.forget(labels)
    shown = []
    late.forget()
    const rows = await countOpen(db, chain)
    if (rows === null) return // a number nobody knows is absent
    for (const { family, state, n } of rows) {
      shown.push({ family, state })
      open.set(Number(n), { family, state })
    }
    late.set(Math.max(0, ...rows.map(row => Number(row.late ?? 0))))
  })
  return {
    settled: (family, state) => settled.add(1, { family, state }),
    refused: decision => refused.add(1, { decision }),
    warehouse: (event, rows) => {
      if (rows > 0) warehouse.add(rows, { event })
    },
  }
}

interface Counted {
  readonly family: string
  readonly state: string
  readonly n: string
  readonly late: string | null
}

/** Null while the database does not answer. */
async function countOpen(db: () => Orm, chain: string): Promise<readonly Counted[] | null> {
  try {
    return await db().em.fork().execute(COUNT, [chain])
  } catch {
    return null
  }
}

const COUNT = `select s.family, s.state, count(*) as n,
    greatest(max(c.number - s.deadline) filter (where s.closed_tx is null), 0) as late
  from finalizer.session s
  left join kernel.cursor c on c.chain = s.chain and c.source = 'head'
  where s.chain = ? and s.state in ('discovered', 'waiting', 'ready', 'submitted', 'mined', 'failed')
  group by 1, 2`
