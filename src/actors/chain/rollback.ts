/**
 * The reorganisation as one database transaction: headers and facts above the fork go, head and cursors move back.
 */
import type { Em } from '../../entities/orm.ts'
import { dropHeaders, loadCursors, lockHead, moveCursor, STALE } from './ledger.ts'
import type { Place } from './reorg.ts'
import type { FactSource } from './source.ts'

export interface Rollback {
  readonly chain: string
  readonly fork: Place
  /** The head that is given up. */
  readonly before: Place
  readonly sources: readonly FactSource[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

/**
 * Runs inside a transaction. False, with nothing changed, when the head is no longer the one that was given. Cursors of
 * sources that are not here (their role is switched off) are marked, so that their facts go when they come back.
 */
export async function rollBack(em: Em, { chain, fork, before, sources, now }: Rollback): Promise<boolean> {
  const head = await lockHead(em, chain, 'update')
  if (head?.hash !== before.hash) return false
  await dropHeaders(em, chain, fork, before, now)
  const { sources: cursors } = await loadCursors(em, chain)
  for (const [name, cursor] of cursors) {
    if (cursor.number <= fork.number) continue
    const source = sources.find(known => known.name === name)
    await source?.forget(em, fork.number)
    await moveCursor(em, chain, name, { number: fork.number, hash: source ? fork.hash : STALE }, now)
  }
  return true
}
