/**
 * The tx-manager's promise to its callers. Nothing else is promised.
 *
 * - A wish is accepted once for a key: asking again with the same content answers the same intent; with other content
 *   it is an error. It is accepted in the caller's own transaction: no commit, no wish.
 * - At most one effect, whatever dies. Nonce, fees and exact signed bytes are committed before the first byte is sent;
 *   what became of them is read from the receipts of every version, never from an error message. A wish gets another
 *   nonce only when its own was used, at the depth it waits for, by a transaction that is none of its versions.
 * - Wishes of one (chain, account) are sent in the order they were accepted, without waiting for each other's blocks.
 *   A poke (`look`, after the commit) sends at once; a lost poke costs one tick of the slow timer.
 * - When nothing else of the account is in flight, a wish is simulated first. One that would revert ends `reverted`
 *   with "simulation: REASON" and uses no nonce. Behind others it is sent as it is, with its own gas limit.
 * - Never above the fee ceiling: it waits below it, says so in `because`, and goes on by itself.
 * - Every wish ends: `confirmed` at the depth asked for, `reverted` (with the decoded reason), or `cancelled` (taken
 *   back, too late, or refused for good). The outcome is told until the caller acknowledges it in a transaction of its
 *   own, so it is told exactly once; a reorganisation before that depth takes nothing back, because nothing was told.
 */
import { LockMode } from '@mikro-orm/core'
import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { Intent, SETTLED_STATES } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import { WishConflictError, WishMalformedError } from './errors.ts'

export interface Wish {
  /** Derived from the meaning; the same effect must always make the same key. Used up for ever, also when cancelled. */
  readonly key: string
  readonly role: string
  readonly subject: string
  readonly chain: string
  /** The account's name in the configuration. */
  readonly account: string
  readonly to: string
  readonly data: string
  readonly value: bigint
  /** A safe upper bound, for when estimating is impossible; null waits until it is possible. */
  readonly gasLimit: bigint | null
  /** The last block it may land in; checked until it is broadcast. Null: any. */
  readonly notAfterBlock: bigint | null
  /** Blocks on top of its own before it is settled; 0 settles it as soon as it is mined. */
  readonly confirmations: number
  readonly traceId: string | null
}

/**
 * Accepts the wish inside the caller's transaction. Throws WishConflictError when the key stands for something else,
 * WishMalformedError when it can never be a transaction.
 */
export async function wish(em: Em, wanted: Wish, clock: Clock): Promise<Intent> {
  refuseMalformed(wanted)
  const now = new Date(clock.now())
  const { key, role, subject, chain, account, to, data, confirmations, traceId } = wanted
  const inserted = await sql`
    insert into kernel.intent (key, role, subject, chain, account, "to", data, value, gas_limit, not_after_block,
      confirmations, state, created_at, updated_at, trace_id)
    values (${key}, ${role}, ${subject}, ${chain}, ${account}, ${to}, ${data}, ${wanted.value.toString()}::numeric,
      ${wanted.gasLimit?.toString() ?? null}::bigint, ${wanted.notAfterBlock?.toString() ?? null}::bigint,
      ${confirmations}, 'queued', ${now}, ${now}, ${traceId})
    on conflict (key) do nothing`.execute(em.getKysely())
  const intent = await em.findOneOrFail(Intent, { key })
  return inserted.numAffectedRows === 1n ? intent : sameOrConflict(intent, wanted)
}

const HEX = /^0x([0-9a-f]{2})*$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i

function refuseMalformed({ key, to, data, value, gasLimit, confirmations }: Wish): void {
  const checks = {
    key: key !== '',
    to: ADDRESS.test(to),
    data: HEX.test(data),
    value: value >= 0n && value < 1n << 256n,
    gasLimit: gasLimit === null || (gasLimit >= 21_000n && gasLimit < 1n << 63n),
    confirmations: Number.isSafeInteger(confirmations) && confirmations >= 0,
  }
  const wrong = Object.entries(checks).find(([, fits]) => !fits)
  if (!wrong) return
  throw new WishMalformedError(`the wish ${key} has no usable ${wrong[0]}`, { facts: { key, field: wrong[0] } })
}

function sameOrConflict(known: Intent, wanted: Wish): Intent {
  const fields = ['chain', 'account', 'to', 'data', 'value'] as const
  const other = fields.find(field => plain(known[field]) !== plain(wanted[field]))
  if (other === undefined) return known
  throw new WishConflictError(`the key ${wanted.key} already stands for a transaction with another ${other}`, {
    facts: { key: wanted.key, field: other },
  })
}

/** Addresses and data mean the same in any case. */
const plain = (value: string | bigint): string => String(value).toLowerCase()

/**
 * Takes a wish back, inside the caller's transaction. A wish without a nonce is cancelled at once; one that was signed
 * has its nonce taken back by a no-op, unless it is mined first: the outcome says which. Settled wishes stay as they are.
 */
export async function cancel(em: Em, key: string, because: string, clock: Clock): Promise<void> {
  const intent = await em.findOne(Intent, { key }, { lockMode: LockMode.PESSIMISTIC_WRITE, refresh: true })
  if (!intent || intent.settledAt) return
  const now = new Date(clock.now())
  if (intent.nonce === null || intent.nonce === undefined) {
    intent.state = 'cancelled'
    intent.settledAt = now
  } else if (intent.state === 'sent') {
    intent.state = 'cancelling'
  }
  intent.because = because
  intent.cancelBecause = because
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
