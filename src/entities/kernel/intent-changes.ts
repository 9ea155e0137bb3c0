/**
 * What people and roles change about an intent: taking it back, approving it, editing it. Each runs in the caller's
 * transaction on a locked row; the lane finds out when it looks.
 */
import { LockMode } from '@mikro-orm/core'
import { OperatorError } from '../../errors.ts'
import type { Em } from '../orm.ts'
import { SigningAccount } from './account.ts'
import { Intent, INTENT_BOUNDS } from './intent.ts'

/** What was asked for does not fit the transaction as it is now. */
export class NotPossibleError extends OperatorError {
  readonly code = 'TX_005'
  readonly severity = 'poison'
  readonly hint = 'Look at it with `forgekeeper tx explain ID`: it says what it waits for and what can be done.'
  /** For HTTP. */
  readonly status = 409
}

/** What a person may change before it is signed. Left out: stays; null: without. */
export interface IntentEdit {
  readonly value?: bigint
  readonly gasLimit?: bigint | null
  /** Wei per gas. */
  readonly maxFeePerGas?: bigint | null
  readonly notAfterBlock?: bigint | null
}

/** The intent with this id, locked until the transaction ends; null when there is none. */
export const lockIntent = (em: Em, id: bigint): Promise<Intent | null> =>
  em.findOne(Intent, { id }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })

/**
 * Takes it back: at once without a nonce, else with a no-op at its nonce unless it is mined first. Answers false when
 * there is no such intent or nothing is left to take back.
 */
export async function cancelIntent(em: Em, key: string, because: string, now: Date): Promise<boolean> {
  const intent = await em.findOne(Intent, { key }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
  if (!intent || intent.settledAt) return false
  if (intent.nonce === null || intent.nonce === undefined) {
    Object.assign(intent, { state: 'cancelled', parkedFor: null, settledAt: now })
  } else if (intent.state === 'sent') {
    intent.state = 'cancelling'
  }
  Object.assign(intent, { because, cancelBecause: because, updatedAt: now })
  await em.flush()
  return true
}

/**
 * Lets a parked one (or one that is not looked at yet) be sent, with these edits: past the oversight of its role, and
 * past the budget when that is why it is parked. Throws NotPossibleError otherwise, and when an edit does not fit.
 */
export async function approveIntent(em: Em, intent: Intent, by: string, edit: IntentEdit, now: Date): Promise<void> {
  if (intent.parkedFor === 'dry-run') {
    throw notPossible(intent, 'its role is in a dry run: set the mode to live or oversight first')
  }
  if (intent.state !== 'parked' && intent.state !== 'queued') {
    throw notPossible(intent, `it is ${intent.state}: only what is parked or queued can be approved`)
  }
  await refuseUnfit(em, intent, edit)
  applyEdit(intent, edit)
  if (intent.parkedFor === 'budget') intent.overBudgetAt = now
  else intent.approvedAt = now
  const because = `approved by ${by}`
  Object.assign(intent, { state: 'queued', parkedFor: null, simulation: null, approvedBy: by, because, updatedAt: now })
  await em.flush()
}

/** The bounds of a wish hold for what a person makes of it as well. */
async function refuseUnfit(em: Em, intent: Intent, edit: IntentEdit): Promise<void> {
  for (const field of ['value', 'gasLimit', 'maxFeePerGas', 'notAfterBlock'] as const) {
    const wanted = edit[field]
    const [least, below] = INTENT_BOUNDS[field]
    if (wanted === undefined || wanted === null || (wanted >= least && wanted < below)) continue
    throw notPossible(intent, `its ${field} cannot be ${wanted}: at least ${least}, below ${below}`)
  }
  if (edit.value === undefined) return
  const account = await em.findOne(SigningAccount, { chain: intent.chain, name: intent.account })
  const budget = account?.dailyBudgetWei ?? null
  if (budget !== null && edit.value > budget) {
    throw notPossible(intent, `${edit.value} wei is more than ${intent.account} may spend in a day (${budget})`)
  }
}

function applyEdit(intent: Intent, edit: IntentEdit): void {
  for (const [field, value] of Object.entries(edit)) {
    if (value !== undefined) Object.assign(intent, { [field]: value })
  }
}

/** The error for something that cannot be done with this intent now. */
export const notPossible = (intent: Intent, why: string): NotPossibleError =>
  new NotPossibleError(`transaction ${intent.id}: ${why}`, { facts: { id: String(intent.id), state: intent.state } })
