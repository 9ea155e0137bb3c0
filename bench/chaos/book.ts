/**
 * What a chaos run knows, as rows: it may itself be stopped and go on, and needs no more memory after ten thousand kills
 * than after ten. Effects are counted from blocks, with the place up to which they were read, in one transaction.
 */
import { sql, type RawBuilder } from 'kysely'
import type { Hex, PublicClient } from 'viem'
import type { Em, Orm } from '../../src/entities/orm.ts'
import { acknowledge, untold, wish } from '../../src/actors/lanes/wish.ts'
import { systemClock } from '../../src/clock.ts'
import { numberOf, ROLE, wishOf } from '../tx/wishes.ts'
import { TARGET } from '../tx/world.ts'

export interface Totals {
  readonly kills: number
  readonly intents: number
  /** Effects of distinct business keys, on the chain. */
  readonly effects: number
  /** Intents that are said to be confirmed, or are still open, and have no effect. */
  readonly lost: number
  /** Effects beyond the first of their key, and effects of intents that are said not to have happened. */
  readonly duplicated: number
  /** Transactions of the account that were mined and had no effect. */
  readonly wasted: number
  /** Intents that are not settled. */
  readonly open: number
  /** Outcomes that were told and acknowledged. */
  readonly told: number
  /** Kills before the daemon had sent anything. */
  readonly beforeFirstSend: number
  /** From the start of the process to its first broadcast, where there was one. */
  readonly recoveryMs: { readonly p50: number | null; readonly p90: number | null; readonly p99: number | null; readonly max: number | null } // prettier-ignore
}

const TABLES = `
  create schema if not exists chaos;
  create table if not exists chaos.place (one boolean primary key default true check (one), block bigint not null,
    wasted bigint not null default 0);
  create table if not exists chaos.effect (number bigint primary key, times int not null);
  create table if not exists chaos.life (number int primary key, recovery_ms float8);
`
const MOST_BLOCKS = 50n

export interface Book {
  /** Accepts so many more, in one transaction. */
  wish(count: number): Promise<void>
  /** How many are not settled. */
  open(): Promise<number>
  /** Takes note of outcomes and acknowledges them; answers how many. */
  listen(): Promise<number>
  /** Reads blocks up to this one. */
  readTo(chain: PublicClient, account: Hex, block: bigint): Promise<void>
  /** When something was first broadcast after that moment; null when nothing was. */
  firstSendAfter(moment: Date): Promise<Date | null>
  noteLife(number: number, recoveryMs: number | null): Promise<void>
  totals(): Promise<Totals>
}

export async function openBook(orm: Orm, head: bigint): Promise<Book> {
  await orm.em.execute(TABLES)
  await orm.em.execute('insert into chaos.place (block) values (?) on conflict do nothing', [head.toString()])
  return {
    wish: count => accept(orm, count),
    open: async () => {
      const open = sql`select count(*)::int as n from kernel.intent where role = ${ROLE} and settled_at is null`
      return (await rows<{ n: number }>(orm.em.fork(), open))[0]?.n ?? 0
    },
    listen: () => listen(orm),
    readTo: (chain, account, block) => readTo(orm, chain, account, block),
    firstSendAfter: moment => firstSendAfter(orm, moment),
    noteLife: async (number, recoveryMs) => {
      await orm.em.execute('insert into chaos.life values (?, ?) on conflict do nothing', [number, recoveryMs])
    },
    totals: () => totals(orm),
  }
}

async function accept(orm: Orm, count: number): Promise<void> {
  await orm.em.fork().transactional(async em => {
    const [row] = await rows<{ n: number }>(em, sql`select count(*)::int as n from kernel.intent where role = ${ROLE}`)
    for (let at = 0; at < count; at += 1) await wish(em, wishOf((row?.n ?? 0) + at), systemClock)
  })
}

async function listen(orm: Orm): Promise<number> {
  return orm.em.fork().transactional(async em => {
    const settled = await untold(em, ROLE)
    await acknowledge(em, settled, systemClock)
    return settled.length
  })
}

async function readTo(orm: Orm, chain: PublicClient, account: Hex, last: bigint): Promise<void> {
  const [place] = await rows<{ block: string }>(orm.em.fork(), sql`select block::text from chaos.place`)
  const from = BigInt(place?.block ?? 0) + 1n
  const to = last < from + MOST_BLOCKS ? last : from + MOST_BLOCKS - 1n
  if (to < from) return
  const numbers: number[] = []
  let wasted = 0
  for (let blockNumber = from; blockNumber <= to; blockNumber += 1n) {
    const { transactions } = await chain.getBlock({ blockNumber, includeTransactions: true })
    for (const tx of transactions.filter(({ from: sender }) => sender.toLowerCase() === account.toLowerCase())) {
      const number = numberOf(tx.to, tx.input)
      if (number === null) wasted += 1
      else numbers.push(number) // the target has no code: it cannot revert
    }
  }
  await orm.em.fork().transactional(async em => {
    await sql`insert into chaos.effect (number, times)
      select n, count(*) from unnest(${numbers}::bigint[]) n group by n
      on conflict (number) do update set times = chaos.effect.times + excluded.times`.execute(em.getKysely())
    await sql`update chaos.place set block = ${to.toString()}::bigint, wasted = wasted + ${wasted}`.execute(
      em.getKysely(),
    )
  })
  if (to < last) await readTo(orm, chain, account, last)
}

async function firstSendAfter(orm: Orm, moment: Date): Promise<Date | null> {
  const [row] = await rows<{ ms: number | null }>(
    orm.em.fork(),
    sql`select (extract(epoch from min(broadcast_at)) * 1000)::float8 as ms from kernel.attempt
      where id > (select coalesce(max(id), 0) - 5000 from kernel.attempt) and broadcast_at >= ${moment}`,
  )
  return row?.ms === null || row === undefined ? null : new Date(row.ms)
}

async function totals(orm: Orm): Promise<Totals> {
  const [row] = await rows<Omit<Totals, 'recoveryMs'> & { p50: number; p90: number; p99: number; max: number }>(
    orm.em.fork(),
    sql`with judged as (
        select i.state, i.settled_at, i.acknowledged_at, coalesce(e.times, 0) as times
        from kernel.intent i
        left join chaos.effect e on e.number = ('x' || substr(i.data, 3))::bit(64)::bigint
        where i.role = ${ROLE} and i."to" = ${TARGET}
      )
      select (select count(*) from chaos.life)::int as kills, count(*)::int as intents,
        (select count(*) from chaos.effect)::int as effects,
        (count(*) filter (where times = 0 and (settled_at is null or state = 'confirmed')))::int as lost,
        (coalesce(sum(times - 1) filter (where times > 1), 0)
          + count(*) filter (where times > 0 and state in ('cancelled', 'reverted')))::int as duplicated,
        (select wasted from chaos.place)::int as wasted,
        (count(*) filter (where settled_at is null))::int as open,
        count(acknowledged_at)::int as told,
        (select count(*) from chaos.life where recovery_ms is null)::int as "beforeFirstSend",
        l.p50, l.p90, l.p99, l.max
      from judged, (select max(recovery_ms) as max,
          percentile_disc(0.5) within group (order by recovery_ms) as p50,
          percentile_disc(0.9) within group (order by recovery_ms) as p90,
          percentile_disc(0.99) within group (order by recovery_ms) as p99 from chaos.life) l
      group by l.p50, l.p90, l.p99, l.max`,
  )
  if (!row) throw new Error('nothing was wished for yet')
  const { p50, p90, p99, max, ...counts } = row
  return { ...counts, recoveryMs: { p50, p90, p99, max } }
}

async function rows<R>(em: Em, query: RawBuilder<unknown>): Promise<R[]> {
  const { rows: found } = await query.execute(em.getKysely())
  return found as R[] // the caller states the columns it selected
}
