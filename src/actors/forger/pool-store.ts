/**
 * The pool's rows through the life of a batch (reference 9.4): taken, forged, given back. One statement a call, however
 * many rows; every function runs in the caller's transaction, changes only rows that are in the state it expects, and
 * answers how many it changed.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Em } from '../../entities/orm.ts'
import type { DiscardedTx } from './rollup/selection-types.ts'

/** A pool transaction as it was selected: its owner may have signed the id again for another receiver since. */
export interface SelectedTx {
  readonly txId: string
  readonly signature: string
}

/** Pending transactions become part of batch `num`, those that are still there as they were selected. */
export const startForging = (em: Em, txs: readonly SelectedTx[], num: number): Promise<number> =>
  change(
    em,
    sql`update forger.pool_tx p set state = 'fing', batch_num = ${num}, info = null, error_code = null, error_type = null
      from unnest(${txs.map(({ txId }) => txId)}::text[], ${txs.map(({ signature }) => signature)}::text[])
        as taken (tx_id, signature)
      where p.state = 'pend' and p.tx_id = taken.tx_id and p.signature = taken.signature`,
  )

/** The transactions of these batches are on their way to the chain. */
export const doneForging = (em: Em, nums: readonly number[]): Promise<number> =>
  change(
    em,
    sql`update forger.pool_tx set state = 'fged' where state = 'fing' and batch_num = any(${[...nums]}::int[])`,
  )

/** Everything that batches above `num` held or invalidated is pending again, as if they had never been. */
export const rollbackPool = (em: Em, num: number): Promise<number> =>
  change(
    em,
    sql`update forger.pool_tx set state = 'pend', batch_num = null, info = null, error_code = null, error_type = null
      where batch_num > ${num} and state in ('fing', 'fged', 'invl')`,
  )

/** Keeps why a transaction was looked at and left out; it stays pending. The same reason again changes nothing. */
export async function noteDiscarded(em: Em, discarded: readonly DiscardedTx[], num: number): Promise<number> {
  if (discarded.length === 0) return 0
  const ids = discarded.map(({ txId }) => txId)
  const codes = discarded.map(({ code }) => code)
  const types = discarded.map(({ type }) => type)
  const infos = discarded.map(({ info }) => `BatchNum: ${num}. ${info}`)
  return change(
    em,
    sql`update forger.pool_tx p set info = d.info, error_code = d.code, error_type = d.type
      from unnest(${ids}::text[], ${codes}::int[], ${types}::text[], ${infos}::text[]) as d (tx_id, code, type, info)
      where p.tx_id = d.tx_id and p.state = 'pend' and p.error_code is distinct from d.code`,
  )
}

/** Pending transactions whose nonce a batch has used can never be forged. */
export function invalidateOldNonces(
  em: Em,
  nonces: readonly { readonly idx: number; readonly nonce: number }[],
  num: number,
): Promise<number> {
  const idxs = nonces.map(({ idx }) => idx)
  const used = nonces.map(({ nonce }) => nonce)
  return change(
    em,
    sql`update forger.pool_tx p
      set state = 'invl', batch_num = ${num}, info = 'Nonce is smaller than account nonce'
      from unnest(${idxs}::bigint[], ${used}::bigint[]) as used (idx, nonce)
      where p.state = 'pend' and p.from_idx = used.idx and p.nonce <= used.nonce`,
  )
}

async function change(em: Em, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await statement.execute(em.getKysely())
  return Number(numAffectedRows ?? 0n)
}
