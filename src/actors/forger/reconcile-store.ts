/**
 * Loads what reconcile() looks at, and carries out what it decided, in one transaction.
 */
import { sql } from 'kysely'
import type { Clock } from '../../clock.ts'
import { Batch, LIVE_BATCH_STATES, type BatchState } from '../../entities/forger/batch.ts'
import { ForgedBatch } from '../../entities/forger/chain-facts.ts'
import type { IntentState } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import { cancel } from '../lanes/wish.ts'
import { L1_CHANGED } from './l1-digest.ts'
import type { Change, LiveBatch, ReconcileView } from './policy/reconcile.ts'
import { doneForging } from './pool-store.ts'
import { fold, loadBase } from './state-store.ts'

/** At most this many forged batches are looked at in one go; the rest in the next. */
const FORGED_AT_ONCE = 500

export async function loadReconcileView(em: Em, synced: bigint, confirmBlocks: number): Promise<ReconcileView> {
  const base = await loadBase(em)
  const onBase = base.batchNum === 0 ? null : await em.findOne(ForgedBatch, { batchNum: base.batchNum })
  const forged = await em.find(
    ForgedBatch,
    { batchNum: { $gt: base.batchNum } },
    { orderBy: { batchNum: 'asc' }, limit: FORGED_AT_ONCE, exclude: ['encodedL1CoordinatorTx', 'feeIdxCoordinator'] },
  )
  return {
    base,
    baseOnChain: onBase ? { root: onBase.stateRoot } : null,
    forged,
    batches: await liveBatches(em, base.batchNum),
    synced,
    confirmBlocks,
  }
}

/** A live batch and the state of its wish in one row; numbers wider than 53 bits as text. */
interface LineRow {
  readonly id: string
  readonly num: number
  readonly epoch: number
  readonly state: BatchState
  readonly because: string | null
  readonly old_root: string
  readonly new_root: string
  readonly new_exit_root: string
  readonly l1: boolean
  readonly l1_changed: boolean
  readonly l1_l2_txs_data: string
  readonly mine_block: string | null
  readonly eth_tx_hash: string | null
  readonly intent_state: IntentState | null
  readonly intent_because: string | null
  readonly intent_signed: boolean
  readonly intent_mined_block: string | null
}

/**
 * Live batches above a number with the state of their wishes, and the failed ones of the run that is still open. Rows,
 * not entities: it is read at every look and may be hundreds long.
 */
export async function liveBatches(em: Em, above: number): Promise<LiveBatch[]> {
  const rows = await em.execute<LineRow[]>(
    `select b.id::text, b.num, b.epoch, b.state, b.because, b.old_root::text, b.new_root::text, b.new_exit_root::text,
       b.l1_queue is not null as l1, ${L1_CHANGED} as l1_changed, b.l1_l2_txs_data, b.mine_block::text, b.eth_tx_hash, i.state as intent_state, i.because as intent_because,
       i.nonce is not null as intent_signed, i.mined_block::text as intent_mined_block
     from forger.batch b left join kernel.intent i on i.key = b.intent_key
     where b.num > ? and (b.state in (?)
       or (b.state = 'failed' and b.epoch in (select number from forger.epoch where stopped_at is null)))
     order by b.num`,
    [above, [...LIVE_BATCH_STATES]],
  )
  return rows.map(liveBatchOf)
}

const liveBatchOf = (row: LineRow): LiveBatch => ({
  id: BigInt(row.id),
  num: row.num,
  epoch: row.epoch,
  state: row.state,
  because: row.because,
  oldRoot: BigInt(row.old_root),
  newRoot: BigInt(row.new_root),
  newExitRoot: BigInt(row.new_exit_root),
  l1: row.l1,
  l1Changed: row.l1_changed,
  l1L2TxsData: row.l1_l2_txs_data,
  mineBlock: row.mine_block === null ? null : BigInt(row.mine_block),
  ethTxHash: row.eth_tx_hash,
  intent: row.intent_state && {
    state: row.intent_state,
    because: row.intent_because,
    signed: row.intent_signed,
    minedBlock: row.intent_mined_block === null ? null : BigInt(row.intent_mined_block),
  },
})

/**
 * Carries out the changes; answers whether the lane has to take a transaction back. A dropped batch's open proof is
 * cancelled by the prover pool, which finds it by itself.
 */
export async function applyChanges(em: Em, changes: readonly Change[], clock: Clock): Promise<boolean> {
  await advance(em, changes.filter(isAdvance), clock)
  let cancelled = false
  for (const change of changes) if (change.do === 'drop') cancelled = (await drop(em, change, clock)) || cancelled
  return cancelled
}

type Advance = Exclude<Change, { do: 'drop' }>
type Landed = Extract<Change, { do: 'mined' | 'final' }>
const isAdvance = (change: Change): change is Advance => change.do !== 'drop'
const isLanded = (change: Change): change is Landed => change.do === 'mined' || change.do === 'final'

/** A statement for each step and not for each batch: whoever hands batches on waits for this to end. */
async function advance(em: Em, changes: readonly Advance[], clock: Clock): Promise<void> {
  if (changes.length === 0) return
  const now = new Date(clock.now())
  await markSent(
    em,
    changes.filter(change => change.do === 'sent'),
    now,
  )
  const landed = changes.filter(isLanded)
  await markMined(
    em,
    landed.filter(({ do: step, batch }) => step === 'mined' || batch.state !== 'mined'),
    now,
  )
  await fold(
    em,
    landed.filter(({ do: step }) => step === 'final').map(({ batch }) => batch.id),
    clock,
  )
  // Later states have been through this one.
  const fresh = changes.filter(({ batch }) => !['sent', 'mined', 'final'].includes(batch.state))
  if (fresh.length > 0)
    await doneForging(
      em,
      fresh.map(({ batch }) => batch.num),
    )
}

async function markSent(em: Em, sent: readonly Extract<Change, { do: 'sent' }>[], now: Date): Promise<void> {
  if (sent.length === 0) return
  const ids = sent.map(({ batch }) => String(batch.id))
  const reasons = sent.map(({ because }) => because)
  await sql`update forger.batch b set state = 'sent', because = s.because, sent_at = ${now}, mine_block = null,
      mined_at = null, eth_tx_hash = null
    from unnest(${ids}::bigint[], ${reasons}::text[]) as s (id, because) where b.id = s.id`.execute(em.getKysely())
}

async function markMined(em: Em, landed: readonly Landed[], now: Date): Promise<void> {
  if (landed.length === 0) return
  const ids = landed.map(({ batch }) => String(batch.id))
  const blocks = landed.map(({ fact }) => String(fact.blockNumber))
  const hashes = landed.map(({ fact }) => fact.ethTxHash)
  await sql`update forger.batch b set state = 'mined', because = null, mined_at = ${now}, mine_block = m.block,
      eth_tx_hash = m.hash
    from unnest(${ids}::bigint[], ${blocks}::bigint[], ${hashes}::text[]) as m (id, block, hash)
    where b.id = m.id`.execute(em.getKysely())
}

async function drop(em: Em, change: Extract<Change, { do: 'drop' }>, clock: Clock): Promise<boolean> {
  const { batch, as, because } = change
  const settled = { state: as, because, proverInput: null, accounts: null } as const
  await em.nativeUpdate(Batch, { id: batch.id }, settled)
  if (!batch.intent) return false
  const row = await em.findOneOrFail(Batch, { id: batch.id }, { fields: ['intentKey'] })
  if (row.intentKey) await cancel(em, row.intentKey, because, clock)
  return true
}
