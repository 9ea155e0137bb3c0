/**
 * Who owns what, as of the newest batch that is under way: the folded base from the database, and over it the changes of
 * every live batch. What the API says and checks is therefore what the next batch will be built on, or a moment older.
 */
import type { Clock } from '../../../clock.ts'
import { Account, LIVE_BATCH_STATES, type StoredAccount } from '../../../entities/forger/batch.ts'
import type { Em, Orm } from '../../../entities/orm.ts'
import { compressKey } from '../rollup/bjj.ts'
import type { AccountLeaf, BjjKey, Hex } from '../rollup/types.ts'
import { gather } from './gather.ts'

/** Answers are ordered by index, smallest first. */
export interface AccountLookup {
  byIdx(idx: number): Promise<AccountLeaf | null>
  byEthAddr(ethAddr: Hex): Promise<readonly AccountLeaf[]>
  byKey(key: BjjKey): Promise<readonly AccountLeaf[]>
}

/** How old the list of live batches may be. */
const FRESH_MS = 100

export function databaseAccounts(orm: () => Orm, clock: Clock): AccountLookup {
  const overlay = createOverlay(orm, clock)
  const folded = gather(async (idxs: readonly number[]) => {
    const wanted = [...new Set(idxs)].map(BigInt)
    const rows = await orm()
      .em.fork()
      .find(Account, { idx: { $in: wanted } }, { disableIdentityMap: true })
    const found = new Map(rows.map(row => [Number(row.idx), leafOfRow(row)]))
    return idxs.map(idx => found.get(idx) ?? null)
  })
  const find = async (where: object, matches: (leaf: AccountLeaf) => boolean): Promise<AccountLeaf[]> => {
    const changed = await overlay.read()
    const found = new Map<number, AccountLeaf>()
    for (const row of await orm().em.fork().find(Account, where)) found.set(Number(row.idx), leafOfRow(row))
    for (const leaf of changed.values()) if (matches(leaf)) found.set(leaf.idx, leaf)
    // an account keeps its owner for ever, so that a change can replace what was found but never take it away
    return [...found.values()].map(leaf => changed.get(leaf.idx) ?? leaf).sort((a, b) => a.idx - b.idx)
  }
  return {
    byIdx: async idx => (await overlay.read()).get(idx) ?? folded(idx),
    byEthAddr: ethAddr => find({ ethAddr }, leaf => leaf.ethAddr === ethAddr),
    byKey: key => find({ ay: key.ay, sign: key.sign }, leaf => leaf.ay === key.ay && leaf.sign === key.sign),
  }
}

type Changes = ReadonlyMap<number, AccountLeaf>

/** The changes of the live batches, read again when it is time; a batch's changes never change, so each is read once. */
function createOverlay(orm: () => Orm, clock: Clock): { read(): Promise<Changes> } {
  let byBatch = new Map<bigint, readonly AccountLeaf[]>()
  let merged: Changes = new Map()
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<Changes> | null = null

  const refresh = async (): Promise<Changes> => {
    const startedAt = clock.now()
    const em = orm().em.fork()
    const live = await liveBatches(em)
    const unknown = live.filter(id => !byBatch.has(id))
    if (unknown.length > 0 || live.length !== byBatch.size) {
      const read = await readChanges(em, unknown)
      byBatch = new Map(live.map(id => [id, byBatch.get(id) ?? read.get(id) ?? []]))
      merged = new Map([...byBatch.values()].flat().map(leaf => [leaf.idx, leaf]))
    }
    readAt = startedAt
    return merged
  }
  return {
    read() {
      if (clock.now() - readAt < FRESH_MS) return Promise.resolve(merged)
      reading ??= refresh().finally(() => {
        reading = null
      })
      return reading
    },
  }
}

/** Ids of the live batches above the base, in the order they apply. */
async function liveBatches(em: Em): Promise<bigint[]> {
  const rows = await em.execute<{ id: string }[]>(
    `select id::text from forger.batch where state in (?)
       and num > coalesce((select max(batch_num) from forger.folded_state where name = 'base'), 0) order by num`,
    [[...LIVE_BATCH_STATES]],
  )
  return rows.map(({ id }) => BigInt(id))
}

async function readChanges(em: Em, ids: readonly bigint[]): Promise<Map<bigint, readonly AccountLeaf[]>> {
  if (ids.length === 0) return new Map()
  const rows = await em.execute<{ id: string; accounts: readonly StoredAccount[] | null }[]>(
    'select id::text, accounts from forger.batch where id in (?)',
    [[...ids]],
  )
  return new Map(rows.map(({ id, accounts }) => [BigInt(id), (accounts ?? []).map(leafOfStored)]))
}

const leafOfRow = (row: Account): AccountLeaf => ({
  idx: Number(row.idx),
  tokenId: Number(row.tokenId),
  nonce: Number(row.nonce),
  balance: row.balance,
  ay: row.ay,
  sign: row.sign === 1 ? 1 : 0,
  ethAddr: row.ethAddr as Hex, // folded from what leafOfStored reads
})

const leafOfStored = (stored: StoredAccount): AccountLeaf => ({
  idx: Number(stored.idx),
  tokenId: Number(stored.tokenId),
  nonce: Number(stored.nonce),
  balance: BigInt(stored.balance),
  ay: BigInt(stored.ay),
  sign: stored.sign,
  ethAddr: stored.ethAddr as Hex, // written by the builder from a Hex
})

/** The compressed key of an account. */
export const keyOfLeaf = (leaf: AccountLeaf): Hex => compressKey(leaf)
