/**
 * What became of the transactions, and of sessions that somebody closed: facts and settled wishes become states.
 *
 * Ours is a closing whose transaction is one of the versions we signed; whatever else closes a session was somebody else.
 */
import { sql, type RawBuilder } from 'kysely'
import type { PublicClient } from 'viem'
import type { Clock } from '../../clock.ts'
import { Session } from '../../entities/finalizer/session.ts'
import type { Em } from '../../entities/orm.ts'
import { acknowledge, cancel, untold, type Outcome } from '../lanes/wish.ts'
import { storeFacts, type ClosingFact } from './facts.ts'
import type { FamilyPlan } from './families.ts'
import type { Heads } from './session-book.ts'
import { failed, type Rules, type SessionView } from './policy.ts'
import { readLogs } from './proof-source.ts'
import { classifyRevert } from './revert.ts'

export const ROLE = 'finalizer'

export interface OutcomeRules {
  readonly chain: string
  readonly confirmations: number
  readonly plans: readonly FamilyPlan[]
  readonly policy: Pick<Rules, 'retryMinMs' | 'retryMaxMs' | 'maxAttempts'>
}

/** What a person may want to hear of. */
export interface Settled {
  readonly session: string
  readonly family: string
  readonly state: string
  readonly because: string | null
}

/**
 * The closings in the receipts of settled wishes whose session nobody has seen closed yet: the warehouse may lag for
 * ever, the receipt does not. Read before the transaction; throws the transient error of an outage.
 */
export async function closingsOfReceipts(em: Em, client: PublicClient, rules: OutcomeRules): Promise<Receipts> {
  const wishes = await untold(em, ROLE)
  const done = wishes.filter(({ state, minedHash }) => state === 'confirmed' && minedHash != null)
  const open = await em.find(Session, { intentKey: { $in: done.map(({ key }) => key) }, closedTx: null })
  const closings: ClosingFact[] = []
  for (const session of open) {
    const intent = done.find(({ key }) => key === session.intentKey)
    const plan = rules.plans.find(({ family }) => family === session.family)
    if (intent?.minedHash == null || plan === undefined) continue
    const hash = intent.minedHash as `0x${string}` // stored from the hash of our own bytes
    const receipt = await client.getTransactionReceipt({ hash })
    const ours = receipt.logs.filter(log => log.address.toLowerCase() === plan.contract.toLowerCase())
    closings.push(...readLogs(plan, ours, () => {}).closings)
  }
  return { asked: new Set(wishes.map(({ key }) => key)), closings }
}

export interface Receipts {
  /** Keys of the wishes that were settled then; one that is settled since must be asked about first. */
  readonly asked: ReadonlySet<string>
  readonly closings: readonly ClosingFact[]
}

/** Takes note of settled wishes, some at a time; answers what they mean. Runs in the caller's transaction. */
export async function takeOutcomes(
  em: Em,
  rules: OutcomeRules,
  { asked, closings }: Receipts,
  clock: Clock,
  jitter: number,
): Promise<Settled[]> {
  const now = new Date(clock.now())
  if (closings.length > 0) await storeFacts(em, rules.chain, { starts: [], closings, submissions: [] }, now)
  const intents = (await untold(em, ROLE)).filter(({ key }) => asked.has(key))
  if (intents.length === 0) return []
  const sessions = await em.find(Session, { intentKey: { $in: intents.map(({ key }) => key) } }, { refresh: true })
  const settled: Settled[] = []
  await acknowledge(em, intents, clock)
  for (const intent of intents) {
    const session = sessions.find(({ intentKey }) => intentKey === intent.key)
    if (session === undefined || session.state === 'dropped') continue
    const change = meaningOf(session, intent, rules, clock.now(), jitter)
    if (change === null) continue
    Object.assign(session, { ...change, updatedAt: now })
    settled.push({
      session: nameOf(session),
      family: session.family,
      state: session.state,
      because: session.because ?? null,
    })
  }
  await em.flush()
  return settled
}

/** What `explain` knows a session by. */
export const nameOf = ({ originChainId, originHeight }: Pick<Session, 'originChainId' | 'originHeight'>): string =>
  `session/${originChainId}:${originHeight}`

interface Meaning {
  readonly state: Session['state']
  readonly because: string
  readonly intentKey?: null
  readonly attempts?: number
  readonly nextAttemptAt?: Date | null
}

/** Null when the closing itself says all: it is settled at its depth. */
function meaningOf(
  session: Session,
  intent: Outcome,
  rules: OutcomeRules,
  now: number,
  jitter: number,
): Meaning | null {
  if (session.closedTx != null) return null
  const because = intent.because ?? 'no reason'
  if (intent.state === 'reverted') {
    const again = { state: 'waiting', intentKey: null, nextAttemptAt: new Date(now) } as const
    switch (classifyRevert(because)) {
      case 'wait':
        return { ...again, because }
      case 'alreadyFinalized':
        return { state: 'finalized-by-other', because }
      case 'notStarted':
        return { state: 'dropped', because }
      case 'unknownRevert':
        return retryLater(session, because, rules, now, jitter)
    }
  }
  const why =
    intent.state === 'cancelled' ? `its transaction was taken back: ${because}` : 'its transaction closed nothing'
  return retryLater(session, why, rules, now, jitter)
}

function retryLater(session: Session, because: string, rules: OutcomeRules, now: number, jitter: number): Meaning {
  const tried = failed({ attempts: session.attempts } as SessionView, because, { now, jitter }, rules.policy) // only the number counts
  const at = tried.do === 'retry' ? tried.at : now
  return {
    state: 'failed',
    because,
    intentKey: null,
    attempts: session.attempts + 1,
    nextAttemptAt: at === null ? null : new Date(at),
  }
}

const OURS = sql`exists (select 1 from kernel.attempt a join kernel.intent i on i.id = a.intent_id
  where i.key = s.intent_key and a.hash = s.closed_tx)`
/** As OURS, by any wish that was ever made for the session. */
const EVER_OURS = sql`exists (select 1 from kernel.attempt a join kernel.intent i on i.id = a.intent_id
  where a.hash = s.closed_tx and i.role = ${ROLE})`

/** Sessions that were closed: noticed at once, settled at their depth. Runs in the caller's transaction. */
export async function settleClosed(em: Em, rules: OutcomeRules, { head }: Heads, clock: Clock): Promise<Settled[]> {
  const now = new Date(clock.now())
  const { chain, confirmations } = rules
  await cancelWasted(em, chain, clock)
  await run(
    em,
    sql`update finalizer.session s set state = 'mined', because = 'its transaction is mined', updated_at = ${now}
      where s.chain = ${chain} and s.state = 'submitted' and s.closed_tx is not null and ${OURS}`,
  )
  await run(
    em,
    sql`update finalizer.session s set state = 'waiting', intent_key = null, next_attempt_at = ${now}, updated_at = ${now}
      from kernel.intent i
      where i.key = s.intent_key and s.chain = ${chain} and s.state in ('submitted', 'mined') and s.closed_tx is null
        and i.acknowledged_at is not null`,
  )
  const depth = String(head - BigInt(confirmations))
  const settled = sql<SettledRow>`update finalizer.session s
    set state = case when ${EVER_OURS} then 'finalized' else 'finalized-by-other' end,
      because = case when s.outcome is null then 'closed' else 'closed: ' || s.outcome end,
      next_attempt_at = null, updated_at = ${now}
    where s.id in (select id from finalizer.session where chain = ${chain} and closed_tx is not null
        and (closed_block is null or closed_block <= ${depth}::bigint)
        and state in ('discovered', 'waiting', 'ready', 'submitted', 'mined', 'failed')
      order by id limit 5000)
    returning s.origin_chain_id, s.origin_height, s.family, s.state, s.because`
  const rows = (await settled.execute(em.getKysely())).rows
  return rows.map(row => ({
    session: `session/${row.origin_chain_id}:${row.origin_height}`,
    family: row.family,
    state: row.state,
    because: row.because,
  }))
}

interface SettledRow {
  readonly origin_chain_id: string
  readonly origin_height: string
  readonly family: string
  readonly state: string
  readonly because: string
}

/** A wish that has no nonce yet and whose session somebody else closed costs nothing: it is taken back. */
async function cancelWasted(em: Em, chain: string, clock: Clock): Promise<void> {
  const wasted = sql<{ key: string }>`select i.key from finalizer.session s join kernel.intent i on i.key = s.intent_key
    where s.chain = ${chain} and s.state = 'submitted' and s.closed_tx is not null and i.settled_at is null
      and i.nonce is null and not ${OURS} order by i.id`
  for (const { key } of (await wasted.execute(em.getKysely())).rows) {
    await cancel(em, key, 'the session was closed by somebody else', clock)
  }
}

const run = (em: Em, statement: RawBuilder<unknown>): Promise<unknown> => statement.execute(em.getKysely())
