/**
 * The tx-manager's promise to its callers. Nothing else is promised.
 *
 * - A wish is accepted once for a key: asking again with the same content answers the same intent; with other content
 *   it is an error (TX_001). It is accepted in the caller's own transaction: no commit, no wish. What can never be a
 *   transaction (TX_002), names an account nobody has (TX_003), or is worth more than the account may spend in a day
 *   (TX_004) is refused then and there; nothing of it is stored.
 * - At most one effect, whatever dies. Nonce, fees and exact signed bytes are committed before the first byte is sent;
 *   what became of them is read from the receipts of every version, never from an error message. A wish gets another
 *   nonce only when its own was used, at the depth it waits for, by a transaction that is none of its versions.
 * - Wishes of one (chain, account) are sent in the order they were accepted, without waiting for each other's blocks;
 *   only those that are parked, or wait below a ceiling of their own, step aside. A poke (`look`, after the commit)
 *   sends at once; a lost poke costs one tick of the slow timer. A wish that names several accounts goes to one
 *   of them for good, in turn among those that can pay.
 * - When nothing else of the account is in flight, a wish is simulated first. One that would revert ends `reverted`
 *   with "simulation: REASON" and uses no nonce. Behind others it is sent as it is, with its own gas limit.
 * - Never above a fee ceiling (the account's, or the wish's own when that is lower): it waits below it, says so in
 *   `because`, and goes on by itself.
 * - Never over the budget of a role, an account and a day (UTC), what is in flight counted at the most it can cost:
 *   what does not fit is `parked` with the reason, and goes on when the day turns or when a person lets it.
 * - A role in oversight has its wishes `parked`, each with its simulated outcome, until a person approves, edits or
 *   rejects them. In a dry run they are simulated, parked, and never sent.
 * - Every wish ends or waits for somebody: `confirmed` at the depth, and the finality tag, asked for, `reverted` (with the decoded reason),
 *   `cancelled` (taken back, too late, rejected, or refused for good), or `parked` with what a person can do about it.
 *   The outcome is told until the caller acknowledges it in a transaction of its own, so it is told exactly once; a
 *   reorganisation before that depth takes nothing back, because nothing was told.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Clock } from '../../clock.ts'
import { cancelIntent } from '../../entities/kernel/intent-changes.ts'
import type { Finality, SETTLED_STATES } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import { accept, takeAndAccept } from './tx/accept.ts'
import { rows } from './tx/rows.ts'

export interface Wish {
  /**
   * Derived from the meaning; the same effect must always make the same key. Used up, also when cancelled, for as long as
   * its row is kept (`retention.transactions`).
   */
  readonly key: string
  readonly role: string
  readonly subject: string
  readonly chain: string
  /** The account's name in the configuration; of several, one that can pay is chosen in turn. */
  readonly account: string | readonly string[]
  readonly to: string
  readonly data: string
  readonly value: bigint
  /** A safe upper bound, for when estimating is impossible; null waits until it is possible. */
  readonly gasLimit: bigint | null
  /** The last block it may land in; checked until it is broadcast. Null: any. */
  readonly notAfterBlock: bigint | null
  /** Blocks on top of its own before it is settled; 0 settles it as soon as it is mined. */
  readonly confirmations: number
  /**
   * The block tag (`safe`, `finalized`) that its block must have reached besides. Left out or null: the chain's
   * `finality` in the configuration, or none.
   */
  readonly finality?: Finality | null
  readonly traceId: string | null
  /** Fee ceiling of this one, wei per gas. Left out or null: only the account's. */
  readonly maxFeePerGas?: bigint | null
  /** Blobs of 131072 bytes each, hex: makes it a blob transaction (EIP-4844). */
  readonly blobs?: readonly string[]
}

/**
 * Accepts the wish inside the caller's transaction and answers the id of its intent. Throws WishConflictError (TX_001),
 * WishMalformedError (TX_002), UnknownAccountError (TX_003) or OverBudgetError (TX_004).
 */
export async function wish(em: Em, wanted: Wish, clock: Clock): Promise<bigint> {
  const [id = 0n] = await wishAll(em, [wanted], clock)
  return id
}

/**
 * Accepts all of them, in this order, or throws as `wish` does; then the caller's transaction must not be committed.
 * Answers the ids of their intents in the same order.
 */
export const wishAll = (em: Em, wanted: readonly Wish[], clock: Clock): Promise<bigint[]> => accept(em, wanted, clock)

/**
 * Takes what the wishes are for and accepts them, in this order, in a transaction of its own: `taking` is a statement
 * that marks it as taken and answers the `key` of each wish that may be; the others are left out. All of it or nothing.
 * Answers the keys that were taken; throws as `wish` does.
 */
export const takeAndWish = (
  em: Em,
  wanted: readonly Wish[],
  taking: RawBuilder<unknown>,
  clock: Clock,
): Promise<string[]> => takeAndAccept(em, wanted, taking, clock)

/**
 * Takes a wish back, inside the caller's transaction. A wish without a nonce is cancelled at once; one that was signed
 * has its nonce taken back by a no-op, unless it is mined first: the outcome says which. Settled wishes stay as they are.
 */
export async function cancel(em: Em, key: string, because: string, clock: Clock): Promise<void> {
  await cancelIntent(em, key, because, new Date(clock.now()))
}

/** What became of a wish. */
export interface Outcome {
  readonly id: bigint
  readonly key: string
  readonly subject: string
  readonly state: (typeof SETTLED_STATES)[number]
  /** Why it was reverted or cancelled. */
  readonly because: string | null
  /** The version that was mined, and in which block; null when none was. */
  readonly minedHash: string | null
  readonly minedBlock: bigint | null
}

const MOST_TOLD = 100

/** Settled wishes of a role that it has not acknowledged yet, oldest first, at most a hundred. */
export async function untold(em: Em, role: string): Promise<Outcome[]> {
  const found = await rows<Omit<Outcome, 'id' | 'minedBlock'> & { id: string; minedBlock: string | null }>(
    em,
    sql`select id::text, key, subject, state, because, mined_hash as "minedHash", mined_block::text as "minedBlock"
      from kernel.intent where role = ${role} and settled_at is not null and acknowledged_at is null
      order by id limit ${MOST_TOLD}`,
  )
  return found.map(({ id, minedBlock, ...plain }) => ({
    ...plain,
    id: BigInt(id),
    minedBlock: minedBlock === null ? null : BigInt(minedBlock),
  }))
}

/** Marks outcomes as told, in the transaction in which the role takes note of them. */
export async function acknowledge(em: Em, outcomes: readonly Pick<Outcome, 'id'>[], clock: Clock): Promise<void> {
  if (outcomes.length === 0) return
  await sql`update kernel.intent set acknowledged_at = ${new Date(clock.now())}
    where id = any(${outcomes.map(({ id }) => id.toString())}::bigint[])`.execute(em.getKysely())
}
