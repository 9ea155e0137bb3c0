/**
 * Accepting wishes: one statement for all of them, in the caller's transaction. The accounts that daemons have, and
 * what each may spend in a day, are rows; a database that no daemon has used yet knows none and refuses none.
 */
import { createHash } from 'node:crypto'
import { sql, type RawBuilder } from 'kysely'
import type { Clock } from '../../../clock.ts'
import { Intent } from '../../../entities/kernel/intent.ts'
import type { Em } from '../../../entities/orm.ts'
import { prepared } from '../../../entities/prepared.ts'
import { OverBudgetError, UnknownAccountError, WishConflictError } from '../errors.ts'
import type { Wish } from '../wish.ts'
import { rows, undidItself } from './rows.ts'
import { chooseAccount } from './turns.ts'
import { refuseMalformed } from './wish-schema.ts'

/** A wish with the one account it goes to, and the hash of what was wished for. */
interface Placed extends Wish {
  readonly account: string
  readonly content: string
}

/** See `wishAll`. */
export async function accept(em: Em, wanted: readonly Wish[], clock: Clock): Promise<bigint[]> {
  for (const one of wanted) refuseMalformed(one)
  const placed: Placed[] = []
  for (const one of wanted) placed.push(withAccount(one, await chooseAccount(em, one)))
  const firsts = firstOfEach(placed)
  const added = await insert(em, firsts, new Date(clock.now()))
  await insertBlobs(em, firsts, added)
  const old = placed.filter(({ key }) => !added.has(key))
  const known = old.length === 0 ? [] : await em.find(Intent, { key: { $in: old.map(({ key }) => key) } })
  const ids = new Map([...added].map(([key, id]) => [key, BigInt(id)]))
  for (const one of old) {
    const intent = known.find(({ key }) => key === one.key)
    if (!intent) throw await refusal(em, one)
    refuseOther(intent, one)
    ids.set(one.key, intent.id)
  }
  return placed.map(({ key }) => ids.get(key) ?? 0n)
}

const withAccount = (wanted: Wish, account: string): Placed => ({ ...wanted, account, content: contentOf(wanted) })

/** One for each key; two of one key must be the same wish. */
function firstOfEach(placed: readonly Placed[]): Placed[] {
  const firsts = new Map<string, Placed>()
  for (const one of placed) {
    const first = firsts.get(one.key)
    if (first) refuseOther(first, one)
    else firsts.set(one.key, one)
  }
  return [...firsts.values()]
}

/**
 * See `takeAndWish`. One statement, because it stands between a proof and its broadcast: in a transaction of four, each
 * would wait for its turn on a busy event loop. What it cannot do, or is refused, is done or said by the longer way.
 */
export async function takeAndAccept(
  em: Em,
  wanted: readonly Wish[],
  taking: RawBuilder<unknown>,
  clock: Clock,
): Promise<string[]> {
  for (const one of wanted) refuseMalformed(one)
  const direct = wanted.flatMap(one =>
    typeof one.account === 'string' && !one.blobs ? [withAccount(one, one.account)] : [],
  )
  if (direct.length === wanted.length) {
    try {
      const taken = await rows<{ key: string }>(
        em,
        sql`${prepared}with taken as (${taking}), added as (
            ${insertion(firstOfEach(direct), new Date(clock.now()))} and w.key in (select key from taken) ${ENDED}
          )
          select key, 1 / case when a.id is null then 0 else 1 end from taken left join added a using (key)`,
      )
      return taken.map(({ key }) => key)
    } catch (error) {
      if (!undidItself(error)) throw error
    }
  }
  return em.transactional(async tx => {
    const taken = new Set((await rows<{ key: string }>(tx, taking)).map(({ key }) => key))
    const free = wanted.filter(({ key }) => taken.has(key))
    await accept(tx, free, clock)
    return free.map(({ key }) => key)
  })
}

/** Adds those whose key is free and whose account may; answers the ids of the new ones by key. */
async function insert(em: Em, placed: readonly Placed[], now: Date): Promise<ReadonlyMap<string, string>> {
  const inserted = await rows<{ id: string; key: string }>(em, sql`${insertion(placed, now)} ${ENDED}`)
  return new Map(inserted.map(({ id, key }) => [key, id]))
}

/** Up to its condition, which may be added to with `and`; `ENDED` ends it. */
const insertion = (placed: readonly Placed[], now: Date): RawBuilder<unknown> => sql`
  insert into kernel.intent (key, role, subject, chain, account, "to", data, value, gas_limit, not_after_block,
    confirmations, finality, trace_id, max_fee_per_gas, blob_count, content, state, created_at, updated_at)
  select w.key, w.role, w.subject, w.chain, w.account, w."to", w.data, w.value, w.gas_limit, w.not_after_block,
    w.confirmations, w.finality, w.trace_id, w.max_fee, w.blob_count, w.content, 'queued', ${now}::timestamptz,
    ${now}::timestamptz
  from ${table(placed)} left join kernel.account a on a.chain = w.chain and a.name = w.account
  where case when a.name is not null then w.value <= coalesce(a.daily_budget_wei, w.value)
    else not exists (select from kernel.account) end`

const ENDED = sql`order by w.place on conflict (key) do nothing returning id::text, key`

function table(placed: readonly Placed[]): RawBuilder<unknown> {
  const column = <T>(of: (one: Placed) => T): T[] => placed.map(of)
  const text = (value: bigint | null | undefined): string | null => value?.toString() ?? null
  return sql`unnest(${column(w => w.key)}::text[], ${column(w => w.role)}::text[], ${column(w => w.subject)}::text[],
    ${column(w => w.chain)}::text[], ${column(w => w.account)}::text[], ${column(w => w.to)}::text[],
    ${column(w => w.data)}::text[], ${column(w => w.value.toString())}::numeric[],
    ${column(w => text(w.gasLimit))}::bigint[], ${column(w => text(w.notAfterBlock))}::bigint[],
    ${column(w => w.confirmations)}::int[], ${column(w => w.finality ?? null)}::text[], ${column(w => w.traceId)}::text[],
    ${column(w => text(w.maxFeePerGas))}::numeric[], ${column(w => w.blobs?.length ?? 0)}::int[],
    ${column(w => w.content)}::text[]) with ordinality as w(key, role, subject, chain, account, "to", data, value,
    gas_limit, not_after_block, confirmations, finality, trace_id, max_fee, blob_count, content, place)`
}

async function insertBlobs(em: Em, placed: readonly Placed[], added: ReadonlyMap<string, string>): Promise<void> {
  const blobs = placed.flatMap(({ key, blobs: all = [] }) =>
    all.flatMap((data, place) => {
      const id = added.get(key)
      return id === undefined ? [] : [{ id, place, data: data.toLowerCase() }]
    }),
  )
  if (blobs.length === 0) return
  await sql`insert into kernel.intent_blob (intent_id, place, data)
    select * from unnest(${blobs.map(blob => blob.id)}::bigint[], ${blobs.map(blob => blob.place)}::int[],
      ${blobs.map(blob => blob.data)}::text[])`.execute(em.getKysely())
}

/** Why a wish was not stored although its key is free. */
async function refusal(em: Em, { key, chain, account, value }: Placed): Promise<Error> {
  const known = await rows<{ name: string; budget: string | null }>(
    em,
    sql`select name, daily_budget_wei::text as budget from kernel.account where chain = ${chain} order by name`,
  )
  const facts = { key, chain, account }
  const budget = known.find(({ name }) => name === account)?.budget
  if (budget === undefined) {
    const names = known.map(({ name }) => name).join(', ')
    return new UnknownAccountError(`no daemon has the account ${account} on ${chain}`, { facts: { ...facts, names } })
  }
  return new OverBudgetError(`the wish ${key} is worth more than ${account} may spend in a day`, {
    facts: { ...facts, valueWei: value.toString(), dailyBudgetWei: budget },
  })
}

/** Two wishes of one key must be the same wish, whatever was edited since. Addresses and data mean the same in any case. */
function refuseOther(known: Intent | Placed, wanted: Placed): void {
  if (known.content === wanted.content) return
  const fields = ['chain', 'account', 'to', 'data', 'value'] as const
  const plain = (value: unknown): string => String(value).toLowerCase()
  const other = fields.find(field => plain(known[field]) !== plain(wanted[field]))
  if (known.content === null && other === undefined) return
  const field = other ?? 'content'
  throw new WishConflictError(`the key ${wanted.key} already stands for a transaction with another ${field}`, {
    facts: { key: wanted.key, field },
  })
}

/** What makes two wishes the same one. */
function contentOf({ chain, account, to, data, value, blobs = [] }: Wish): string {
  const accounts = typeof account === 'string' ? account : [...account].sort().join(',')
  const parts = [chain, accounts, to.toLowerCase(), data.toLowerCase(), value.toString()]
  const hash = createHash('sha256').update(JSON.stringify(parts))
  for (const blob of blobs) hash.update(blob.toLowerCase())
  return hash.digest('hex')
}
