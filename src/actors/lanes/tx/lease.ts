/**
 * One writer for each (chain, account), whatever runs where: a lease row whose fence grows with every new holder.
 * Every write of the lane first proves its fence, so a daemon that was thought dead cannot write over its successor.
 * Times are those of the database, the only clock that two daemons share.
 */
import { sql } from 'kysely'
import type { Em } from '../../../entities/orm.ts'
import { FencedOffError } from '../errors.ts'

export type LeaseAnswer =
  | { readonly held: true; readonly fence: bigint }
  | { readonly held: false; readonly holder: string; readonly freeInMs: number }

/**
 * Takes the lease when it is free, expired, or ours from an earlier life (same holder); the fence grows each time.
 * Otherwise says who has it and for how long at least.
 */
export async function takeLease(em: Em, name: string, holder: string, leaseMs: number): Promise<LeaseAnswer> {
  const taken = await sql<{ fence: string }>`
    insert into kernel.lease as l (name, holder, fence, expires_at)
    values (${name}, ${holder}, 1, clock_timestamp() + ${leaseMs} * interval '1 millisecond')
    on conflict (name) do update set holder = excluded.holder, fence = l.fence + 1, expires_at = excluded.expires_at
      where l.expires_at <= clock_timestamp() or l.holder = excluded.holder
    returning fence`.execute(em.getKysely())
  const row = taken.rows[0]
  if (row) return { held: true, fence: BigInt(row.fence) }
  const found = await sql<{ holder: string; ms: number }>`
    select holder, greatest(0, extract(epoch from expires_at - clock_timestamp()) * 1000)::float8 as ms
    from kernel.lease where name = ${name}`.execute(em.getKysely())
  const other = found.rows[0]
  return { held: false, holder: other?.holder ?? 'nobody any more', freeInMs: Math.ceil(other?.ms ?? 0) }
}

/**
 * Extends the lease inside the caller's transaction and keeps its row locked until that ends: nobody can take the lane
 * over in between. Throws FencedOffError when the fence is not ours any more. An expired lease nobody took is still ours.
 */
export async function proveFence(em: Em, name: string, holder: string, fence: bigint, leaseMs: number): Promise<void> {
  const proved = await sql`
    update kernel.lease set expires_at = clock_timestamp() + ${leaseMs} * interval '1 millisecond'
    where name = ${name} and holder = ${holder} and fence = ${fence}`.execute(em.getKysely())
  if (proved.numAffectedRows === 1n) return
  throw new FencedOffError(`${name} is not ours any more`, { facts: { lane: name, holder, fence: fence.toString() } })
}

/** Lets the lease go at once, so that a successor need not wait. The fence stays and keeps growing. */
export async function releaseLease(em: Em, name: string, holder: string, fence: bigint): Promise<void> {
  await sql`update kernel.lease set expires_at = clock_timestamp()
    where name = ${name} and holder = ${holder} and fence = ${fence}`.execute(em.getKysely())
}
