/**
 * The kernel's own rows that get old: crashes, decisions, audit, and transactions that are settled and told.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Em } from '../../entities/orm.ts'
import type { Sweep } from '../../role.ts'

/** Milliseconds for which each is kept; 0 is for ever. */
export interface Retention {
  readonly crashes: number
  readonly decisions: number
  readonly audit: number
  readonly transactions: number
}

export const kernelSweeps = (keep: Retention): readonly Sweep[] => [
  { name: 'crashes', keepMs: keep.crashes, run: deleteBy('crash', 'at') },
  { name: 'decisions', keepMs: keep.decisions, run: deleteBy('decision', 'repeated_at') },
  { name: 'audit', keepMs: keep.audit, run: deleteBy('audit', 'at') },
  { name: 'transactions', keepMs: keep.transactions, run: deleteTransactions },
]

const deleteBy =
  (table: 'crash' | 'decision' | 'audit', time: 'at' | 'repeated_at'): Sweep['run'] =>
  (em, before, limit) => {
    const rows = sql.table(`kernel.${table}`)
    return change(
      em,
      sql`delete from ${rows} where id in
        (select id from ${rows} where ${sql.ref(time)} < ${before} order by id limit ${limit})`,
    )
  }

/**
 * Intents whose outcome the role has taken note of, with their attempts. The highest nonce of an account stays: the next
 * one is counted from it.
 */
const deleteTransactions: Sweep['run'] = (em, before, limit) =>
  change(
    em,
    sql`with newest as (
        select chain, account, max(nonce) as nonce from kernel.attempt group by chain, account
      ), old as (
        select i.id from kernel.intent i
        where i.settled_at < ${before} and i.acknowledged_at is not null and not exists (
          select 1 from kernel.attempt a join newest n using (chain, account, nonce) where a.intent_id = i.id)
        order by i.id limit ${limit}
      ), attempts as (
        delete from kernel.attempt where intent_id in (select id from old)
      )
      delete from kernel.intent where id in (select id from old)`,
  )

async function change(em: Em, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await statement.execute(em.getKysely())
  return Number(numAffectedRows ?? 0n)
}
