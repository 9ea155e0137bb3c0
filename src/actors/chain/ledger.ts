/**
 * What the database knows of a chain: recent headers, the head, and how far each source has been read.
 *
 * The row of the head is the lock of the chain: whoever stores facts holds it shared, whoever moves the head or rolls
 * back holds it alone. So facts are only ever stored on the branch that the headers describe.
 */
import type { Em } from '../../entities/orm.ts'
import type { Header } from './headers.ts'
import { lowestKept, type Place } from './reorg.ts'

/** Cursors that are not of a source. */
const HEAD = 'head'
/** The fork, and the head before, of a reorganisation that the subscribers have not been told yet. */
const FORK = 'reorg'
const BEFORE = 'reorg-from'
const OURS = [HEAD, FORK, BEFORE]

/** Instead of a hash: the facts above this cursor are on a dead branch, because their source was not there to forget. */
export const STALE = ''

export interface SourceCursor extends Place {
  /** The hash of the header kept at this height; null when none is kept there. */
  readonly kept: string | null
}

export interface Cursors {
  readonly head: Place | null
  readonly untold: { readonly fork: bigint; readonly depth: number } | null
  readonly sources: ReadonlyMap<string, SourceCursor>
}

interface CursorRow {
  source: string
  number: string
  hash: string
  kept: string | null
}

export async function loadCursors(em: Em, chain: string): Promise<Cursors> {
  const rows: CursorRow[] = await em.execute(
    `select c.source, c.number, c.hash, b.hash as kept from kernel.cursor c
     left join kernel.block b on b.chain = c.chain and b.number = c.number where c.chain = ?`,
    [chain],
  )
  const all = new Map(rows.map(({ source, number, hash, kept }) => [source, { number: BigInt(number), hash, kept }]))
  const head = all.get(HEAD) ?? null
  const fork = all.get(FORK)
  const before = all.get(BEFORE)
  const untold = fork && before ? { fork: fork.number, depth: Number(before.number - fork.number) } : null
  for (const name of OURS) all.delete(name)
  return { head, untold, sources: all }
}

/** The header at the head; null before the first. */
export async function loadTip(em: Em, chain: string): Promise<Place | null> {
  return (await loadCursors(em, chain)).head
}

/** The kept headers, ascending. */
export async function loadPlaces(em: Em, chain: string): Promise<Place[]> {
  const rows: { number: string; hash: string }[] = await em.execute(
    'select number, hash from kernel.block where chain = ? order by number',
    [chain],
  )
  return rows.map(({ number, hash }) => ({ number: BigInt(number), hash }))
}

export interface Kept {
  /** The hash of the header kept at this height; null when none is. */
  readonly hash: string | null
  /** The oldest header that is kept; null when none is. */
  readonly lowest: bigint | null
}

export async function keptAt(em: Em, chain: string, number: bigint): Promise<Kept> {
  const [row]: { hash: string | null; lowest: string | null }[] = await em.execute(
    `select (select hash from kernel.block where chain = ? and number = ?) as hash,
            (select min(number) from kernel.block where chain = ?) as lowest`,
    [chain, String(number), chain],
  )
  return { hash: row?.hash ?? null, lowest: row?.lowest == null ? null : BigInt(row.lowest) }
}

/** Takes the chain's lock until the end of the transaction and answers the head. */
export async function lockHead(em: Em, chain: string, mode: 'share' | 'update'): Promise<Place | null> {
  return placeOf(em, chain, HEAD, mode)
}

/** The cursor of a source, locked until the end of the transaction; null when it has not been read yet. */
export const lockCursor = (em: Em, chain: string, source: string): Promise<Place | null> =>
  placeOf(em, chain, source, 'update')

async function placeOf(em: Em, chain: string, source: string, mode: 'share' | 'update'): Promise<Place | null> {
  const [row]: { number: string; hash: string }[] = await em.execute(
    `select number, hash from kernel.cursor where chain = ? and source = ? for ${mode}`,
    [chain, source],
  )
  return row === undefined ? null : { number: BigInt(row.number), hash: row.hash }
}

export async function moveCursor(em: Em, chain: string, source: string, to: Place, now: number): Promise<void> {
  await em.execute(
    `insert into kernel.cursor (chain, source, number, hash, updated_at) values (?, ?, ?, ?, ?)
     on conflict (chain, source) do update
     set number = excluded.number, hash = excluded.hash, updated_at = excluded.updated_at`,
    [chain, source, String(to.number), to.hash, new Date(now).toISOString()],
  )
}

/** Adds headers above the head and moves it; inside a transaction that holds the lock. */
export async function appendHeaders(
  em: Em,
  chain: string,
  headers: readonly Header[],
  limit: number,
  now: number,
): Promise<void> {
  const head = headers.at(-1)
  if (head === undefined) return
  const values = headers.flatMap(({ number, hash, parentHash, timestamp }) => [
    chain,
    String(number),
    hash,
    parentHash,
    String(timestamp),
  ])
  await em.execute(
    `insert into kernel.block (chain, number, hash, parent_hash, timestamp)
     values ${headers.map(() => '(?, ?, ?, ?, ?)').join(', ')}
     on conflict (chain, number) do update
     set hash = excluded.hash, parent_hash = excluded.parent_hash, timestamp = excluded.timestamp`,
    values,
  )
  await em.execute('delete from kernel.block where chain = ? and number < ?', [
    chain,
    String(lowestKept(head.number, limit)),
  ])
  await moveCursor(em, chain, HEAD, head, now)
}

/** Deletes the headers above the fork and moves the head there; notes what is to be told. Holds the lock. */
export async function dropHeaders(em: Em, chain: string, fork: Place, before: Place, now: number): Promise<void> {
  await em.execute('delete from kernel.block where chain = ? and number > ?', [chain, String(fork.number)])
  await moveCursor(em, chain, HEAD, fork, now)
  const { untold } = await loadCursors(em, chain)
  if (untold === null || fork.number < untold.fork) await moveCursor(em, chain, FORK, fork, now)
  if (untold === null || before.number > untold.fork + BigInt(untold.depth))
    await moveCursor(em, chain, BEFORE, before, now)
}

/** The subscribers have been told of everything up to now. */
export async function markTold(em: Em, chain: string): Promise<void> {
  await em.execute('delete from kernel.cursor where chain = ? and source in (?, ?)', [chain, FORK, BEFORE])
}
