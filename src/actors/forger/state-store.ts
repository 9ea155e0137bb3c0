/**
 * The rollup's accounts in the database: a folded base, plus the changes of every live batch above it. From the two the
 * state after any live batch can be loaded again.
 */
import type { Clock } from '../../clock.ts'
import { sql } from 'kysely'
import { Batch, LIVE_BATCH_STATES, type StoredAccount } from '../../entities/forger/batch.ts'
import type { Em } from '../../entities/orm.ts'
import type { HashedAccount } from './rollup/state.ts'
import { INITIAL_LAST_IDX, type Hex } from './rollup/types.ts'

/** A state is named by the batch that made it and its root. */
export interface Checkpoint {
  readonly batchNum: number
  readonly root: bigint
}

export interface StateBase extends Checkpoint {
  readonly lastIdx: number
}

export interface LoadedState extends StateBase {
  readonly accounts: readonly HashedAccount[]
}

const GENESIS: StateBase = { batchNum: 0, root: 0n, lastIdx: INITIAL_LAST_IDX }

/** Read at every look, so a row and not an entity. */
export async function loadBase(em: Em): Promise<StateBase> {
  const [row] = await em.execute<{ batch_num: number; root: string; last_idx: string }[]>(
    `select batch_num, root::text, last_idx::text from forger.folded_state where name = 'base'`,
  )
  return row ? { batchNum: row.batch_num, root: BigInt(row.root), lastIdx: Number(row.last_idx) } : GENESIS
}

/** The state after a live batch (or of the base itself); null when the live batches do not lead there. */
export async function loadState(em: Em, at: Checkpoint): Promise<LoadedState | null> {
  const base = await loadBase(em)
  const accounts = new Map<string, HashedAccount>()
  const { rows } = await FOLDED.execute(em.getKysely())
  for (const row of rows) accounts.set(row.idx, leafOf(row, row.batch_num))
  let last: StateBase = base
  const above = await em.find(
    Batch,
    { num: { $gt: base.batchNum, $lte: at.batchNum }, state: { $in: [...LIVE_BATCH_STATES] } },
    { orderBy: { num: 'asc' }, populate: ['accounts'] },
  )
  for (const batch of above) {
    if (batch.oldRoot !== last.root || batch.num !== last.batchNum + 1) return null
    for (const account of batch.accounts ?? []) accounts.set(account.idx, leafOf(account, batch.num))
    last = { batchNum: batch.num, root: batch.newRoot, lastIdx: Number(batch.newLastIdx) }
  }
  if (last.batchNum !== at.batchNum || last.root !== at.root) return null
  return { ...last, accounts: [...accounts.values()] }
}

interface FoldedRow extends StoredAccount {
  readonly batch_num: number
}

/** All folded accounts. They are many: rows as the driver gives them, not entities. */
const FOLDED = sql<FoldedRow>`
  select idx, token_id as "tokenId", nonce, balance, ay, sign, eth_addr as "ethAddr", leaf_hash as "leafHash", branches, batch_num
  from forger.account`

const leafOf = (stored: StoredAccount, batchNum: number): HashedAccount => ({
  idx: Number(stored.idx),
  tokenId: Number(stored.tokenId),
  nonce: Number(stored.nonce),
  balance: BigInt(stored.balance),
  ay: BigInt(stored.ay),
  sign: stored.sign,
  ethAddr: stored.ethAddr as Hex, // written by storedOf from a Hex
  ...(stored.leafHash != null && { leafHash: BigInt(stored.leafHash) }),
  ...(stored.branches != null && { branches: stored.branches }),
  batchNum,
})

export const storedOf = (leaf: HashedAccount): StoredAccount => ({
  idx: String(leaf.idx),
  tokenId: String(leaf.tokenId),
  nonce: String(leaf.nonce),
  balance: String(leaf.balance),
  ay: String(leaf.ay),
  sign: leaf.sign,
  ethAddr: leaf.ethAddr,
  ...(leaf.leafHash !== undefined && { leafHash: String(leaf.leafHash) }),
  ...(leaf.branches !== undefined && { branches: leaf.branches }),
})

/**
 * Makes final batches part of the base and lets go of what only an unfinished batch needs. They are the first ones above
 * the base, all of them up to the last.
 */
export async function fold(em: Em, batchIds: readonly bigint[], clock: Clock): Promise<void> {
  if (batchIds.length === 0) return
  await em.execute(
    `with done as (
       select id, num, new_root, new_last_idx, accounts from forger.batch where id in (?)
     ), leaves as (
       insert into forger.account (idx, token_id, nonce, balance, ay, sign, eth_addr, leaf_hash, branches, batch_num)
       select distinct on (a.idx) a.idx, a."tokenId", a.nonce, a.balance, a.ay, a.sign, a."ethAddr", a."leafHash", a.branches, b.num
       from done b, jsonb_to_recordset(b.accounts) as a(idx bigint, "tokenId" bigint, nonce bigint, balance numeric,
         ay numeric, sign int, "ethAddr" text, "leafHash" numeric, branches text)
       order by a.idx, b.num desc
       on conflict (idx) do update set nonce = excluded.nonce, balance = excluded.balance,
         batch_num = excluded.batch_num, token_id = excluded.token_id, ay = excluded.ay, sign = excluded.sign,
         eth_addr = excluded.eth_addr, leaf_hash = excluded.leaf_hash,
         branches = excluded.branches
     ), base as (
       insert into forger.folded_state (name, batch_num, root, last_idx)
       select 'base', num, new_root, new_last_idx from done order by num desc limit 1
       on conflict (name) do update set batch_num = excluded.batch_num, root = excluded.root,
         last_idx = excluded.last_idx
     )
     update forger.batch b set state = 'final', final_at = ?, accounts = null, prover_input = null, because = null
     from done where b.id = done.id`,
    [[...batchIds], new Date(clock.now())],
  )
}

/** Forgets the base: every batch is applied again from what the chain says. */
export async function forgetBase(em: Em): Promise<void> {
  await em.execute('delete from forger.account')
  await em.execute('delete from forger.folded_state')
  await em.execute(
    `update forger.batch set state = 'discarded', because = 'reorg below finality: derived again from the chain'
     where state in ('built','proving','proven','sent','mined','final')`,
  )
}
