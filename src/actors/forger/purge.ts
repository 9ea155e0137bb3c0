/**
 * What leaves the pool, or can never leave it by being forged (reference 6), as set-based statements. Each runs in the
 * caller's transaction and answers how many rows it changed. What is in a batch under way is never touched.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Em } from '../../entities/orm.ts'
import { ABOVE_BASE, LIVE } from './line.ts'

/** Where the chain is: the block and the number of the last batch. */
export interface Position {
  readonly block: bigint
  readonly batch: number
}

export interface Delays {
  readonly blocks: number
  readonly batches: number
}

/** Whether enough blocks or enough batches have passed since the last time (CanPurge, CanInvalidate). Pure. */
export const due = (last: Position, now: Position, delays: Delays): boolean =>
  now.block >= last.block + BigInt(delays.blocks) || now.batch >= last.batch + delays.batches

export interface PurgeRules {
  /** The last batch. */
  readonly batch: number
  /** Batches for which forged and invalid transactions are kept. */
  readonly safetyPeriod: number
  /** Pending transactions received before this are deleted. */
  readonly receivedBefore: Date
}

const UNDER_WAY = sql`(select 1 from forger.batch b where b.num = p.batch_num
  and b.state in ('built', 'proving', 'proven', 'sent', 'mined'))`

/**
 * Deletes what is of no use any more: forged and invalid transactions of batches long past, pending ones that are too
 * old, and those whose last batch (`maxNumBatch`, 0 is none) is long past.
 */
export function purge(em: Em, { batch, safetyPeriod, receivedBefore }: PurgeRules): Promise<number> {
  const oldest = batch - safetyPeriod
  return change(
    em,
    sql`delete from forger.pool_tx p where
      (p.state = 'pend' and (p.received_at < ${receivedBefore} or p.max_num_batch between 1 and ${oldest - 1}::int))
      or (p.state in ('fged', 'invl') and not exists ${UNDER_WAY}
        and (p.batch_num < ${oldest} or p.max_num_batch between 1 and ${oldest - 1}::int))`,
  )
}

const OLD_NONCE = 'Nonce is smaller than account nonce'
const NO_SENDER = 'The sender’s account does not exist'

/**
 * Invalidates pending transactions that can never be forged: their nonce is used up in the folded state, so whatever
 * happens to batches under way, or nobody knows their sender, provided that every forged batch has been applied.
 */
export async function invalidateOutdated(em: Em): Promise<number> {
  const used = await change(
    em,
    sql`update forger.pool_tx p set state = 'invl', info = ${OLD_NONCE}, batch_num = f.batch_num
      from forger.account a, forger.folded_state f
      where p.state = 'pend' and a.idx = p.from_idx and p.nonce < a.nonce and f.name = 'base'`,
  )
  const orphaned = await change(
    em,
    sql`with base as (
        select batch_num as num from forger.folded_state where name = 'base'
      ), live as (
        select b.num, b.accounts from forger.batch b, base
        where ${sql.raw(ABOVE_BASE)} and b.state in (${sql.raw(LIVE)}) and b.accounts is not null
      ), known as (
        select idx from forger.account
        union select (leaf ->> 'idx')::bigint from live, jsonb_array_elements(live.accounts) leaf
      )
      update forger.pool_tx p set state = 'invl', info = ${NO_SENDER}, batch_num = base.num
      from base
      where p.state = 'pend' and not exists (select 1 from known where known.idx = p.from_idx)
        and coalesce((select max(batch_num) from forger.forged_batch), 0)
          <= greatest(base.num, (select max(num) from live))`,
  )
  return used + orphaned
}

/** Pending transactions that somebody outside marked for deletion; selection does not see them any more. */
export async function markedForDeletion(em: Em): Promise<readonly string[]> {
  const marked = sql<{ tx_id: string }>`select tx_id from forger.pool_tx where external_delete and state = 'pend'`
  return (await marked.execute(em.getKysely())).rows.map(row => row.tx_id)
}

/** Deletes those of them that are still marked and pending. */
export const deleteMarked = (em: Em, txIds: readonly string[]): Promise<number> =>
  change(
    em,
    sql`delete from forger.pool_tx where tx_id = any(${[...txIds]}::text[]) and external_delete and state = 'pend'`,
  )

async function change(em: Em, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await statement.execute(em.getKysely())
  return Number(numAffectedRows ?? 0n)
}
