/**
 * Writes what a source has seen of sessions: in bulk, in the caller's transaction, and so that the same again changes
 * nothing. Whoever reads, chain or warehouse, writes through here; the role's own columns are only touched where a fact
 * makes them wrong.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Family, Outcome } from '../../entities/finalizer/session.ts'
import type { Em } from '../../entities/orm.ts'

/** Which session, wherever it is told of. */
export interface SessionKey {
  readonly family: Family
  readonly originChainId: bigint
  readonly originHeight: bigint
}

export interface StartFact extends SessionKey {
  readonly contract: string
  readonly deadline: bigint
  /** Null when the warehouse tells: it knows no block numbers. */
  readonly block: bigint | null
  readonly tx: string
  readonly log: number | null
  readonly warehouseBlockId: bigint | null
}

export interface ClosingFact extends SessionKey {
  readonly contract: string
  readonly event: string
  /** Null when the source only tells that it was closed. */
  readonly outcome: Outcome | null
  readonly blockHash: string | null
  readonly agreedHash: string | null
  readonly validatorBitMap: bigint | null
  readonly tx: string
  readonly block: bigint | null
  readonly log: number
}

export interface SubmissionFact extends SessionKey {
  readonly blockHash: string
  readonly hash: string
  readonly storageUrl: string
  readonly stake: bigint
  readonly tx: string
  readonly block: bigint
  readonly log: number
}

export interface Facts {
  readonly starts: readonly StartFact[]
  readonly closings: readonly ClosingFact[]
  readonly submissions: readonly SubmissionFact[]
}

/** `family origin-chain origin-height`, for maps. */
export const keyOf = ({ family, originChainId, originHeight }: SessionKey): string =>
  `${family} ${originChainId} ${originHeight}`

export async function storeFacts(em: Em, chain: string, facts: Facts, now: Date): Promise<void> {
  await storeStarts(em, chain, facts.starts, now)
  await storeClosings(em, chain, facts.closings, now)
  await storeSubmissions(em, chain, facts.submissions)
}

/** A session that was dropped comes back with a start that is not the one it was dropped with. */
async function storeStarts(em: Em, chain: string, all: readonly StartFact[], now: Date): Promise<void> {
  const starts = [...new Map(all.map(start => [keyOf(start), start])).values()] // the last one of a session counts
  if (starts.length === 0) return
  await run(
    em,
    sql`insert into finalizer.session as s (chain, family, origin_chain_id, origin_height, contract, deadline, start_block,
        start_tx, start_log, warehouse_block_id, state, next_attempt_at, seen_at, updated_at)
      select ${chain}, n.family, n.origin, n.height, n.contract, n.deadline, n.block, n.tx, n.log, n.warehouse,
        'discovered', ${now}, ${now}, ${now}
      from unnest(${identity(starts)}, ${column(starts, start => start.contract, 'text')},
        ${column(starts, start => start.deadline, 'numeric')}, ${column(starts, start => start.block, 'bigint')},
        ${column(starts, start => start.tx, 'text')}, ${column(starts, start => start.log, 'int')},
        ${column(starts, start => start.warehouseBlockId, 'numeric')})
        as n(family, origin, height, contract, deadline, block, tx, log, warehouse)
      on conflict (chain, family, origin_chain_id, origin_height) do update set
        contract = excluded.contract, deadline = excluded.deadline,
        start_block = coalesce(excluded.start_block, s.start_block), start_tx = excluded.start_tx,
        start_log = coalesce(excluded.start_log, s.start_log),
        warehouse_block_id = coalesce(excluded.warehouse_block_id, s.warehouse_block_id),
        state = case when s.state = 'dropped' and s.start_tx is distinct from excluded.start_tx then 'discovered'
          else s.state end,
        attempts = case when s.state = 'dropped' then 0 else s.attempts end,
        because = case when s.state = 'dropped' and s.start_tx is distinct from excluded.start_tx then null
          else s.because end,
        next_attempt_at = case when s.state = 'dropped' then excluded.next_attempt_at else s.next_attempt_at end,
        updated_at = case when s.start_tx is distinct from excluded.start_tx then excluded.updated_at else s.updated_at end`,
  )
}

/** Closings of sessions whose start nobody has seen make a row that is closed and never sent. */
async function storeClosings(em: Em, chain: string, closings: readonly ClosingFact[], now: Date): Promise<void> {
  if (closings.length === 0) return
  await run(
    em,
    sql`insert into finalizer.session (chain, family, origin_chain_id, origin_height, contract, next_attempt_at, seen_at,
        updated_at)
      select distinct ${chain}, n.family, n.origin, n.height, n.contract, ${now}::timestamptz, ${now}::timestamptz,
        ${now}::timestamptz
      from unnest(${identity(closings)}, ${column(closings, closing => closing.contract, 'text')})
        as n(family, origin, height, contract)
      on conflict (chain, family, origin_chain_id, origin_height) do nothing`,
  )
  // the chain knows better where a closing is than the warehouse, which may have told of it before
  await run(
    em,
    sql`delete from finalizer.closing c using unnest(${identity(closings)},
        ${column(closings, closing => closing.tx, 'text')}, ${column(closings, closing => closing.block, 'bigint')})
        as n(family, origin, height, tx, block)
      where c.chain = ${chain} and c.family = n.family and c.origin_chain_id = n.origin and c.origin_height = n.height
        and c.tx_hash = n.tx and c.block_number is null and n.block is not null`,
  )
  await run(
    em,
    sql`insert into finalizer.closing (chain, family, origin_chain_id, origin_height, event, outcome, block_hash,
        agreed_hash, validator_bit_map, tx_hash, block_number, log_index)
      select ${chain}, n.family, n.origin, n.height, n.event, n.outcome, n.block_hash, n.agreed_hash, n.bit_map, n.tx,
        n.block, n.log
      from unnest(${identity(closings)}, ${column(closings, closing => closing.event, 'text')},
        ${column(closings, closing => closing.outcome, 'text')}, ${column(closings, closing => closing.blockHash, 'text')},
        ${column(closings, closing => closing.agreedHash, 'text')},
        ${column(closings, closing => closing.validatorBitMap, 'numeric')},
        ${column(closings, closing => closing.tx, 'text')}, ${column(closings, closing => closing.block, 'bigint')},
        ${column(closings, closing => closing.log, 'int')}) with ordinality
        as n(family, origin, height, event, outcome, block_hash, agreed_hash, bit_map, tx, block, log, place)
      where n.block is not null or not exists (select 1 from finalizer.closing c where c.chain = ${chain}
        and c.tx_hash = n.tx and c.family = n.family and c.origin_chain_id = n.origin and c.origin_height = n.height)
      order by n.place
      on conflict (chain, tx_hash, log_index) do nothing`,
  )
  await noteFirstClosings(em, chain, closings)
}

/**
 * The first closing closes the session; what comes later (an auditor's award) is only history. The warehouse tells neither
 * block nor place in it, but its closings in their order.
 */
async function noteFirstClosings(em: Em, chain: string, keys: readonly SessionKey[]): Promise<void> {
  await run(
    em,
    sql`update finalizer.session s
      set closed_block = c.block_number, closed_tx = c.tx_hash, outcome = c.outcome, agreed_hash = c.agreed_hash
      from (select distinct on (c.family, c.origin_chain_id, c.origin_height) c.*
        from unnest(${identity(keys)}) as n(family, origin, height)
        join finalizer.closing c on c.chain = ${chain} and c.family = n.family and c.origin_chain_id = n.origin
          and c.origin_height = n.height
        order by c.family, c.origin_chain_id, c.origin_height, c.block_number nulls last, greatest(c.log_index, -1), c.id) c
      where s.chain = ${chain} and s.family = c.family and s.origin_chain_id = c.origin_chain_id
        and s.origin_height = c.origin_height`,
  )
}

async function storeSubmissions(em: Em, chain: string, submissions: readonly SubmissionFact[]): Promise<void> {
  if (submissions.length === 0) return
  await run(
    em,
    sql`insert into finalizer.submission (chain, family, origin_chain_id, origin_height, block_hash, hash, storage_url,
        stake, tx_hash, block_number, log_index)
      select ${chain}, n.* from unnest(${identity(submissions)}, ${column(submissions, one => one.blockHash, 'text')},
        ${column(submissions, one => one.hash, 'text')}, ${column(submissions, one => one.storageUrl, 'text')},
        ${column(submissions, one => one.stake, 'numeric')}, ${column(submissions, one => one.tx, 'text')},
        ${column(submissions, one => one.block, 'bigint')}, ${column(submissions, one => one.log, 'int')}) as n
      on conflict (chain, block_number, log_index) do nothing`,
  )
  await run(
    em,
    sql`update finalizer.session s set submissions = (select count(*) from finalizer.submission c
        where c.chain = s.chain and c.family = s.family and c.origin_chain_id = s.origin_chain_id
          and c.origin_height = s.origin_height)
      from (select distinct * from unnest(${identity(submissions)})) as n(family, origin, height)
      where s.chain = ${chain} and s.family = n.family and s.origin_chain_id = n.origin and s.origin_height = n.height`,
  )
}

/**
 * Takes back everything of a family above the block. What was closed there is open again; what was started there is
 * dropped until its start returns; a transaction of ours that is under way stays known.
 */
export async function forgetFacts(em: Em, chain: string, family: Family, above: bigint, now: Date): Promise<void> {
  const block = String(above)
  const gone = sql`chain = ${chain} and family = ${family} and block_number > ${block}::bigint`
  await run(em, sql`delete from finalizer.closing where ${gone}`)
  await run(
    em,
    sql`update finalizer.session set closed_block = null, closed_tx = null, outcome = null, agreed_hash = null,
        state = case when intent_key is null then 'waiting' else 'submitted' end,
        because = 'its closing was reorganised away', next_attempt_at = ${now}, updated_at = ${now}
      where chain = ${chain} and family = ${family} and closed_block > ${block}::bigint`,
  )
  await run(
    em,
    sql`update finalizer.session s set submissions = s.submissions - n.gone
      from (select origin_chain_id, origin_height, count(*) as gone from finalizer.submission where ${gone} group by 1, 2) n
      where s.chain = ${chain} and s.family = ${family} and s.origin_chain_id = n.origin_chain_id
        and s.origin_height = n.origin_height`,
  )
  await run(em, sql`delete from finalizer.submission where ${gone}`)
  await run(
    em,
    sql`update finalizer.session set state = 'dropped', deadline = null, start_block = null, start_tx = null,
        start_log = null, because = 'its start was reorganised away', updated_at = ${now}
      where chain = ${chain} and family = ${family} and start_block > ${block}::bigint`,
  )
}

const identity = (keys: readonly SessionKey[]): RawBuilder<unknown> =>
  sql.join([
    column(keys, key => key.family, 'text'),
    column(keys, key => key.originChainId, 'numeric'),
    column(keys, key => key.originHeight, 'numeric'),
  ])

/** One column for `unnest`; bigints travel as text. */
const column = <T>(
  rows: readonly T[],
  value: (row: T) => string | number | bigint | null,
  type: 'text' | 'numeric' | 'bigint' | 'int',
): RawBuilder<unknown> =>
  sql`${rows.map(value).map(one => (typeof one === 'bigint' ? String(one) : one))}::${sql.raw(type)}[]`

const run = (em: Em, statement: RawBuilder<unknown>): Promise<unknown> => statement.execute(em.getKysely())
