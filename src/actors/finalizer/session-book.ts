/**
 * The sessions as the policy sees them, and what is written of its decisions. Set-based: what a block costs does not
 * depend on how many sessions there have been.
 */
import { sql, type RawBuilder } from 'kysely'
import { Session, type Family, type SessionState } from '../../entities/finalizer/session.ts'
import type { Em } from '../../entities/orm.ts'
import type { Rules, SessionView } from './policy.ts'

/** How far the facts reach (`head`) and how far the chain does (`tip`). */
export interface Heads {
  readonly head: bigint
  readonly tip: bigint
}

/** Null before the first block. A source that has nothing to read yet does not hold the others back. */
export async function loadHeads(
  em: Em,
  chain: string,
  sources: readonly { readonly name: string; readonly from: bigint }[],
): Promise<Heads | null> {
  const rows: { source: string; number: string }[] = await em.execute(
    'select source, number from kernel.cursor where chain = ?',
    [chain],
  )
  const cursors = new Map(rows.map(({ source, number }) => [source, BigInt(number)]))
  const tip = cursors.get('head')
  if (tip === undefined) return null
  const reached = sources.flatMap(({ name, from }) => (from > tip ? [] : [cursors.get(name) ?? from - 1n]))
  return { head: reached.reduce((least, number) => (number < least ? number : least), tip), tip }
}

/** Whether the contract of a family has ever told of a submission; else their number means nothing. */
export async function familiesThatTell(em: Em, chain: string): Promise<ReadonlySet<Family>> {
  const rows: { family: Family }[] = await em.execute(
    `select f.family from unnest(array['specimen', 'result']) as f(family)
     where exists (select 1 from finalizer.submission s where s.chain = ? and s.family = f.family)`,
    [chain],
  )
  return new Set(rows.map(({ family }) => family))
}

export interface DueQuery {
  readonly chain: string
  readonly head: bigint
  readonly now: Date
  readonly usable: readonly Family[]
  readonly tells: ReadonlySet<Family>
  readonly limit: number
}

/**
 * Sessions that may be ready, in the order in which they get what is scarce: turn by turn between families and origin
 * chains, the oldest deadline first. What the policy would only tell to wait is left out, so that it keeps nobody waiting.
 */
export async function loadDue(em: Em, query: DueQuery, rules: Rules): Promise<SessionView[]> {
  const { chain, head, now, usable, tells, limit } = query
  const due = String(head - BigInt(rules.graceBlocks))
  const chains = [...rules.originChains].map(String)
  const silent = (['specimen', 'result'] as const).filter(family => !rules.requireSubmission || !tells.has(family))
  const statement = sql<{ id: string }>`select id from (
      select id, family, row_number() over (partition by family, origin_chain_id order by deadline, id) as turn
      from finalizer.session
      where chain = ${chain} and state in ('discovered', 'waiting', 'ready', 'failed') and deadline < ${due}::numeric
        and closed_tx is null and next_attempt_at <= ${now} and family = any(${[...usable]}::text[])
        and (${chains.length} = 0 or origin_chain_id = any(${chains}::numeric[]))
        and (family <> 'specimen' or ${floor(rules, 'specimen')}::numeric = 0
          or origin_height > ${floor(rules, 'specimen')}::numeric)
        and (family <> 'result' or ${floor(rules, 'result')}::numeric = 0
          or origin_height > ${floor(rules, 'result')}::numeric)
        and (submissions > 0 or family = any(${silent}::text[]))
    ) ready order by turn, family, id limit ${limit}`
  const ids = (await statement.execute(em.getKysely())).rows.map(({ id }) => BigInt(id))
  const found = await em.find(Session, { id: { $in: ids } })
  const byId = new Map(found.map(session => [session.id, session]))
  return ids.flatMap(id => byId.get(id) ?? []).map(session => viewOf(session, tells))
}

const floor = (rules: Rules, family: Family): string => String(rules.heightFloor[family])

/** Sessions nothing has been decided about yet. */
export async function loadDiscovered(
  em: Em,
  chain: string,
  tells: ReadonlySet<Family>,
  limit: number,
): Promise<SessionView[]> {
  const found = await em.find(
    Session,
    { chain, state: 'discovered', closedTx: null, deadline: { $ne: null } },
    { orderBy: { id: 'asc' }, limit },
  )
  return found.map(session => viewOf(session, tells))
}

/** A session as the policy sees it. */
export const viewOf = (session: Session, tells: ReadonlySet<Family>): SessionView => ({
  id: session.id,
  family: session.family,
  originChainId: session.originChainId,
  originHeight: session.originHeight,
  deadline: session.deadline ?? null,
  state: session.state,
  submissions: tells.has(session.family) ? session.submissions : null,
  closed: session.closedTx != null,
  nextAttemptAt: session.nextAttemptAt?.getTime() ?? null,
  attempts: session.attempts,
  because: session.because ?? null,
})

/** Sessions whose transaction is under way. */
export async function countInFlight(em: Em, chain: string): Promise<number> {
  const [row]: { n: string }[] = await em.execute(
    `select count(*) as n from finalizer.session where chain = ? and state = 'submitted'`,
    [chain],
  )
  return Number(row?.n ?? 0)
}

export interface Change {
  readonly id: bigint
  readonly state: SessionState
  readonly because: string
  readonly attempts?: number
  /** Milliseconds since the epoch; null for never, absent for as it was. */
  readonly nextAttemptAt?: number | null
}

/** Changes sessions that are still where the decision found them: unsent. Answers the ids that were. */
export async function applyChanges(em: Em, changes: readonly Change[], now: Date): Promise<Set<bigint>> {
  if (changes.length === 0) return new Set()
  const column = (value: (change: Change) => string | number | null): (string | number | null)[] => changes.map(value)
  const time = (ms: number | null | undefined): string | null => (ms == null ? null : new Date(ms).toISOString())
  const statement = sql<{ id: string }>`update finalizer.session s
    set state = n.state, because = n.because, attempts = coalesce(n.attempts, s.attempts), updated_at = ${now},
      next_attempt_at = case when n.retimed then n.next else s.next_attempt_at end
    from unnest(${column(change => String(change.id))}::bigint[], ${column(change => change.state)}::text[],
      ${column(change => change.because)}::text[], ${column(change => change.attempts ?? null)}::int[],
      ${changes.map(change => change.nextAttemptAt !== undefined)}::boolean[],
      ${column(change => time(change.nextAttemptAt))}::timestamptz[]) as n(id, state, because, attempts, retimed, next)
    where s.id = n.id and s.state in ('discovered', 'waiting', 'ready', 'failed') and s.closed_tx is null
    returning s.id`
  return new Set((await statement.execute(em.getKysely())).rows.map(({ id }) => BigInt(id)))
}

/** A person asked: what was given up is due again. Answers how many. */
export const tryAgain = (em: Em, chain: string, now: Date): Promise<number> =>
  countChanged(
    em,
    sql`update finalizer.session set state = 'waiting', attempts = 0, next_attempt_at = ${now}, updated_at = ${now}
      where chain = ${chain} and state = 'failed'`,
  )

/** After a reorganisation: those that only the contract's answer said were closed are looked at again. */
export const doubtUnproven = (em: Em, chain: string, now: Date): Promise<number> =>
  countChanged(
    em,
    sql`update finalizer.session set state = 'waiting', next_attempt_at = ${now}, updated_at = ${now},
        because = 'the chain was reorganised'
      where chain = ${chain} and state = 'finalized-by-other' and closed_tx is null and deadline is not null`,
  )

async function countChanged(em: Em, statement: RawBuilder<unknown>): Promise<number> {
  const { numAffectedRows } = await statement.execute(em.getKysely())
  return Number(numAffectedRows ?? 0n)
}
