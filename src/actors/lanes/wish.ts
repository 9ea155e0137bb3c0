/**
 * The tx-manager's promise to its callers.
 *
 * - A wish is accepted once for a key: asking again with the same content answers the same intent; with other content
 *   it is an error. It is accepted in the caller's own transaction: no commit, no wish.
 * - At most one effect, whatever dies. Nonce, fees and exact signed bytes are committed before the first byte is sent.
 * - Wishes of one (chain, account) are sent in the order they were accepted.
 * - Every wish ends: `confirmed`, `reverted` (with the decoded reason), `cancelled`, or is `parked` with a reason.
 *   The outcome is told until the caller acknowledges it in a transaction of its own; a reorganisation before the
 *   depth asked for takes nothing back, because nothing was told.
 */
import { LockMode } from '@mikro-orm/core'
import type { Clock } from '../../clock.ts'
import { Intent, SETTLED_STATES } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import { WishConflictError } from './errors.ts'

export interface Wish {
  /** Derived from the meaning; the same effect must always make the same key. */
  readonly key: string
  readonly role: string
  readonly subject: string
  readonly chain: string
  /** The account's name in the configuration. */
  readonly account: string
  readonly to: string
  readonly data: string
  readonly value: bigint
  /** A safe upper bound, for when estimating is impossible. */
  readonly gasLimit: bigint | null
  readonly notAfterBlock: bigint | null
  readonly confirmations: number
  readonly traceId: string | null
}

/** Accepts the wish inside the caller's transaction. Throws WishConflictError when the key stands for something else. */
export async function wish(em: Em, wanted: Wish, clock: Clock): Promise<Intent> {
  const known = await em.findOne(Intent, { key: wanted.key })
  if (known) return sameOrConflict(known, wanted)
  const now = new Date(clock.now())
  const intent = em.create(Intent, { ...wanted, state: 'queued', createdAt: now, updatedAt: now })
  await em.flush()
  return intent
}

function sameOrConflict(known: Intent, wanted: Wish): Intent {
  const fields = ['chain', 'account', 'to', 'data', 'value'] as const
  const other = fields.find(field => known[field] !== wanted[field])
  if (other === undefined) return known
  throw new WishConflictError(`the key ${wanted.key} already stands for a transaction with another ${other}`, {
    facts: { key: wanted.key, field: other },
  })
}

/**
 * Takes a wish back, inside the caller's transaction. A wish without a nonce is cancelled at once; one that was signed
 * has its nonce taken back by a no-op, unless it is mined first: the outcome says which. Settled wishes stay as they are.
 */
export async function cancel(em: Em, key: string, because: string, clock: Clock): Promise<void> {
  const intent = await em.findOne(Intent, { key }, { lockMode: LockMode.PESSIMISTIC_WRITE })
  if (!intent || intent.settledAt) return
  const now = new Date(clock.now())
  if (intent.nonce === null || intent.nonce === undefined) {
    intent.state = 'cancelled'
    intent.settledAt = now
  } else if (intent.state !== 'mined') {
    intent.state = 'cancelling'
  }
  intent.because = because
  intent.updatedAt = now
  await em.flush()
}

/** Settled wishes of a role that it has not acknowledged yet, oldest first. */
export function untold(em: Em, role: string): Promise<Intent[]> {
  return em.find(
    Intent,
    { role, state: { $in: [...SETTLED_STATES] }, acknowledgedAt: null },
    { orderBy: { id: 'asc' }, limit: 100 },
  )
}

/** Marks an outcome as told, in the transaction in which the role takes note of it. */
export function acknowledge(intent: Intent, clock: Clock): void {
  intent.acknowledgedAt = new Date(clock.now())
}
