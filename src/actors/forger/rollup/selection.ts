/**
 * Chooses the pool transactions of the next batch (reference 9.2): best fee first, in passes until one selects nothing, creating
 * the coordinator's fee accounts and authorised receivers on the way. Improvements on the reference: a failing atomic group
 * or a transaction that is dropped after a fee account was opened for it leaves nothing behind, an unknown sender discards
 * only its own transaction, and the number of fee accounts is bounded.
 */
import { Admission } from './selection-admission.ts'
import { Schedule } from './selection-schedule.ts'
import type { Selection, SelectionRequest } from './selection-types.ts'
import { unitsOf } from './selection-units.ts'
import type { RollupState } from './state.ts'

/** Selects from the pool on `state`, which stays as it was. */
export function selectTransactions(state: RollupState, request: SelectionRequest): Selection {
  const admission = new Admission(state, request)
  const { units, malformed } = unitsOf(request.pool)
  const schedule = new Schedule(units, idx => admission.nonceOf(idx))
  const discarded = new Map(malformed.map(reason => [reason.txId, reason]))
  while (admission.hasRoom) {
    const unit = schedule.next()
    if (unit === undefined) break
    const verdict = admission.admit(unit)
    for (const { txId } of unit.txs) discarded.delete(txId)
    if (verdict.admitted) schedule.admitted(unit, verdict.progress)
    else schedule.refused(unit, verdict.until)
    for (const reason of verdict.admitted ? [] : verdict.reasons) discarded.set(reason.txId, reason)
  }
  if (admission.hasRoom) for (const tx of schedule.neverDue()) discarded.set(tx.txId, admission.whyNotDue(tx))
  return { ...admission.selection(), discarded: [...discarded.values()], isFull: !admission.hasRoom }
}
