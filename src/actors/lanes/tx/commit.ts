/**
 * T3: nonces, exact bytes and the state of the intents in one commit, before anything is sent; and how every write of
 * the lane proves that the lane is still its own.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Em } from '../../../entities/orm.ts'
import { forkOf, laneName, reach, type Lane } from './lane.ts'
import { rows, undidItself } from './rows.ts'
import { proveFence } from './lease.ts'
import type { Signed } from './sign.ts'

/** A signed version about to become a row. */
export interface NewAttempt extends Signed {
  readonly intentId: string
  /** Of the intent's row as it was read; left out when only its state counts. */
  readonly version?: string
  readonly purpose: 'effect' | 'cancel'
}

/** The state in which the intents must still be for the attempts to be right. */
export type Expected = 'queued' | 'sent' | 'cancelling'

/**
 * Commits these versions. False when an intent is no longer as expected (taken back or edited in the meantime): nothing
 * was written, look again. Throws FencedOffError when the lane is somebody else's now. `allowed` is asked in the same
 * transaction, and may lock what it looks at; false writes nothing.
 *
 * One statement, because it stands between a proof and its broadcast: a transaction of five would take three times as
 * long. It divides by zero when it is not to be, which undoes all of it. It does not say `settled_at is null` (the state
 * does), because the planner then walks all that is open for each of these: half a second with ten thousand in the queue.
 */
export async function commitAttempts(
  lane: Lane,
  attempts: readonly NewAttempt[],
  expected: Expected,
  allowed?: (em: Em) => Promise<boolean>,
): Promise<boolean> {
  try {
    if (!allowed) await insertAttempts(lane, forkOf(lane), attempts, expected)
    else {
      const done = await forkOf(lane).transactional(async em => {
        if (!(await allowed(em))) return false
        await insertAttempts(lane, em, attempts, expected)
        return true
      })
      if (!done) return false
    }
    return true
  } catch (error) {
    if (!undidItself(error)) throw error
    await fenced(lane, async () => {}) // says so when that was the reason
    return false
  }
}

async function insertAttempts(lane: Lane, em: Em, attempts: readonly NewAttempt[], expected: Expected): Promise<void> {
  const { args, fence } = lane
  const now = new Date(lane.clock.now())
  await sql`
    with fence as (
      update kernel.lease set expires_at = clock_timestamp() + ${args.leaseMs} * interval '1 millisecond'
      where name = ${laneName(args)} and holder = ${args.holder} and fence = ${fence ?? -1n} returning 1
    ), wanted as (select * from ${table(attempts)}
    ), changed as (
      update kernel.intent i set state = ${expected === 'queued' ? 'sent' : expected}, nonce = w.nonce, because = null,
        updated_at = ${now}, sent_at = coalesce(i.sent_at, ${now}::timestamptz),
        reserved_wei = greatest(i.reserved_wei, w.most)
      from wanted w
      where i.id = w.intent_id and i.state = ${expected} and i.xmin::text = coalesce(w.version, i.xmin::text)
        and exists (select from fence)
      returning i.id
    ), replaced as (
      update kernel.attempt set state = 'replaced'
      where intent_id in (select id from changed) and state in ('signed', 'broadcast')
    ), added as (
      ${insertion(lane, now)} from wanted n where n.intent_id in (select id from changed)
    )
    select 1 / case when count(*) = ${attempts.length}::int then 1 else 0 end from changed`.execute(em.getKysely())
}

const insertion = (lane: Lane, now: Date): RawBuilder<unknown> => sql`
  insert into kernel.attempt (intent_id, purpose, chain, account, nonce, hash, raw, max_fee_per_gas,
    max_priority_fee_per_gas, max_fee_per_blob_gas, gas_limit, state, signed_at)
  select n.intent_id, n.purpose, ${lane.args.chain}, ${lane.args.account}, n.nonce, n.hash, n.raw, n.fee, n.tip,
    n.blob_fee, n.gas, 'signed', ${now}::timestamptz`

/** The versions as rows of SQL. */
function table(attempts: readonly NewAttempt[]): RawBuilder<unknown> {
  const column = <T>(of: (attempt: NewAttempt) => T): T[] => attempts.map(of)
  return sql`unnest(${column(a => a.intentId)}::bigint[], ${column(a => a.purpose)}::text[],
    ${column(a => a.nonce)}::int[], ${column(a => a.hash)}::text[], ${column(a => a.raw)}::text[],
    ${column(a => a.fees.maxFeePerGas.toString())}::numeric[],
    ${column(a => a.fees.maxPriorityFeePerGas.toString())}::numeric[],
    ${column(a => a.fees.maxFeePerBlobGas?.toString() ?? null)}::numeric[],
    ${column(a => a.gasLimit.toString())}::bigint[], ${column(a => a.mostWei.toString())}::numeric[],
    ${column(a => a.version ?? null)}::text[])
    as n(intent_id, purpose, nonce, hash, raw, fee, tip, blob_fee, gas, most, version)`
}

/**
 * T3 for a nonce that nobody holds: a housekeeping intent (nobody waits for it, so it counts as told) and its no-op, in
 * one commit.
 */
export async function commitFiller(lane: Lane, signed: Signed, because: string): Promise<void> {
  const { chain, account } = lane.args
  const now = new Date(lane.clock.now())
  await fenced(lane, async em => {
    const [intent] = await rows<{ id: string }>(
      em,
      sql`insert into kernel.intent (key, role, subject, chain, account, "to", data, value, confirmations, state,
          because, nonce, acknowledged_at, created_at, updated_at, sent_at, reserved_wei)
        values (${`${laneName(lane.args)}:fill:${signed.nonce}:${signed.hash.slice(2, 10)}`}, 'tx-manager',
          ${`nonce/${signed.nonce}`}, ${chain}, ${account}, ${signed.to}, '0x', 0, 1, 'sent', ${because},
          ${signed.nonce}, ${now}, ${now}, ${now}, ${now}, ${signed.mostWei.toString()}::numeric) returning id::text`,
    )
    if (!intent) return
    const attempt: NewAttempt = { ...signed, intentId: intent.id, purpose: 'effect' }
    await sql`${insertion(lane, now)} from ${table([attempt])}`.execute(em.getKysely())
  })
}

/** Runs the work in one transaction that begins by proving the lane's fence. Throws FencedOffError. */
export async function fenced<T>(lane: Lane, work: (em: Em) => Promise<T>): Promise<T> {
  const { args, fence } = lane
  const done = await forkOf(lane).transactional(async em => {
    await proveFence(em, laneName(args), args.holder, fence ?? -1n, args.leaseMs)
    return work(em)
  })
  await reach(lane, 'rows-written')
  return done
}
