/**
 * What selection chooses between: single transactions and whole atomic groups, best fee first (reference 9.2). A group counts
 * with its average fee; ties go by sender, then nonce.
 */
import { discard } from './discards.ts'
import { RefusedTransaction } from './errors.ts'
import { checkLinks } from './links.ts'
import type { DiscardedTx, PoolTx } from './selection-types.ts'

/** One or more transactions that are selected together, in this order and without anything between. */
export interface Unit {
  readonly txs: readonly PoolTx[]
  readonly isGroup: boolean
}

/** The pool as units in order of preference; malformed groups and lone linked transactions are reported instead. */
export function unitsOf(pool: readonly PoolTx[]): { units: Unit[]; malformed: DiscardedTx[] } {
  const groups = Map.groupBy(
    pool.filter(tx => tx.atomicGroup),
    tx => tx.atomicGroup,
  )
  const malformed: DiscardedTx[] = []
  const units: { unit: Unit; fee: number }[] = []
  for (const tx of pool) {
    if (tx.atomicGroup) continue
    if (tx.rqOffset === 0) units.push({ unit: { txs: [tx], isGroup: false }, fee: tx.feeValue })
    else malformed.push(discard(tx, 'ErrInvalidAtomicGroup', 'it is linked to another transaction but in no group'))
  }
  for (const txs of groups.values()) {
    const fault = faultOf(txs)
    if (fault === null) units.push({ unit: { txs, isGroup: true }, fee: averageFee(txs) })
    else malformed.push(...txs.map(tx => discard(tx, 'ErrInvalidAtomicGroup', fault)))
  }
  return { units: units.toSorted(byPreference).map(({ unit }) => unit), malformed }
}

const averageFee = (txs: readonly PoolTx[]): number => txs.reduce((sum, tx) => sum + tx.feeValue, 0) / txs.length

function byPreference(a: { unit: Unit; fee: number }, b: { unit: Unit; fee: number }): number {
  if (a.fee !== b.fee) return b.fee - a.fee
  const [one, other] = [a.unit.txs[0], b.unit.txs[0]]
  if (one === undefined || other === undefined) return 0
  return one.fromIdx - other.fromIdx || one.nonce - other.nonce
}

/** A group must be linked within itself, every member to another one. */
function faultOf(txs: readonly PoolTx[]): string | null {
  if (txs.length < 2) return 'the group has one member'
  if (txs.some(tx => tx.rqOffset === 0)) return 'a member of the group is not linked'
  try {
    checkLinks(txs)
    return null
  } catch (error) {
    if (error instanceof RefusedTransaction) return 'the links of the group do not match its members'
    throw error
  }
}
