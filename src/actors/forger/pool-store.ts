/**
 * The pool's rows through the life of a batch (reference 9.4): taken, forged, given back. Set-based SQL; every function
 * runs in the caller's transaction and changes only rows that are in the state it expects.
 */
import type { Em } from '../../entities/orm.ts'
import type { DiscardedTx } from './rollup/selection.ts'

/** Pending transactions become part of batch `num`. */
export async function startForging(em: Em, txIds: readonly string[], num: number): Promise<void> {
  if (txIds.length === 0) return
  await em.execute(
    `update forger.pool_tx set state = 'fing', batch_num = ?, info = null, error_code = null, error_type = null
     where state = 'pend' and tx_id in (?)`,
    [num, txIds],
  )
}

/** The batch's transaction is on its way to the chain. */
export async function doneForging(em: Em, num: number): Promise<void> {
  await em.execute(`update forger.pool_tx set state = 'fged' where state = 'fing' and batch_num = ?`, [num])
}

/** Everything that batches above `num` held or invalidated is pending again, as if they had never been. */
export async function rollbackPool(em: Em, num: number): Promise<void> {
  await em.execute(
    `update forger.pool_tx set state = 'pend', batch_num = null, info = null, error_code = null, error_type = null
     where batch_num > ? and state in ('fing', 'fged', 'invl')`,
    [num],
  )
}

/** Keeps why a transaction was looked at and left out; it stays pending. */
export async function noteDiscarded(em: Em, discarded: readonly DiscardedTx[], num: number): Promise<void> {
  for (const { txId, info, code, type } of discarded) {
    await em.execute(
      `update forger.pool_tx set info = ?, error_code = ?, error_type = ? where tx_id = ? and state = 'pend'
       and error_code is distinct from ?`,
      [`BatchNum: ${num}. ${info}`, code, type, txId, code],
    )
  }
}

/** Pending transactions whose nonce a batch has used can never be forged. */
export async function invalidateOldNonces(
  em: Em,
  nonces: readonly { readonly idx: number; readonly nonce: number }[],
  num: number,
): Promise<void> {
  for (const { idx, nonce } of nonces) {
    await em.execute(
      `update forger.pool_tx set state = 'invl', batch_num = ?, info = 'Nonce is smaller than account nonce'
       where state = 'pend' and from_idx = ? and nonce <= ?`,
      [num, idx, nonce],
    )
  }
}
