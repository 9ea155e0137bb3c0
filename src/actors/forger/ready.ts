/**
 * What the sender looks at: the batches that may be next in line with all that their transactions need, and the chain
 * as our facts show it. One query, because it stands between a proof and its broadcast; most looks find nothing.
 */
import type { Batch, BatchState, StoredProof } from '../../entities/forger/batch.ts'
import type { ChainView } from '../../entities/forger/chain-facts.ts'
import type { Em } from '../../entities/orm.ts'
import { PREPARED } from '../../entities/prepared.ts'
import { L1_CHANGED } from './l1-digest.ts'
import { ABOVE_BASE, BASE, LIVE, nextInLine, RUN, type Standing } from './line.ts'
import type { Checkpoint } from './state-store.ts'

/** Arguments of `forgeBatch` but for the proof, and what its gas is estimated from. */
export type ForgeArguments = Pick<
  Batch,
  | 'newLastIdx'
  | 'newRoot'
  | 'newExitRoot'
  | 'encodedL1CoordinatorTx'
  | 'l1L2TxsData'
  | 'feeIdxCoordinator'
  | 'verifierIdx'
  | 'l1UserTxs'
  | 'l1CoordinatorTxs'
  | 'l2Txs'
> & {
  /** The queue it consumes; null for an L2 batch. */
  readonly l1Queue: bigint | null
}

/** A proven batch that is next in line. */
export interface ReadyBatch extends ForgeArguments {
  readonly id: bigint
  readonly num: number
  readonly proof: StoredProof
  readonly traceId: string | null
}

export interface Ready {
  /** Ascending, at least one. */
  readonly batches: readonly ReadyBatch[]
  readonly head: bigint
  readonly chain: ChainView
  /** The block for which the newest L1 batch in flight was sent; 0 when none is. */
  readonly lastSentL1Block: bigint
}

interface Row {
  readonly base_num: number
  readonly base_root: string
  readonly head: string
  readonly view: ChainView
  readonly last_l1: string | null
  readonly id: string
  readonly num: number
  readonly state: BatchState
  readonly handed_on: boolean
  readonly l1_changed: boolean
  readonly old_root: string
  readonly new_root: string
  readonly new_exit_root: string
  readonly new_last_idx: string
  readonly l1_queue: string | null
  readonly l1_user_txs: number
  readonly l1_coordinator_txs: number
  readonly l2_txs: number
  readonly encoded_l1_coordinator_tx: string
  readonly l1_l2_txs_data: string
  readonly fee_idx_coordinator: string
  readonly verifier_idx: number
  readonly proof: StoredProof | null
  readonly trace_id: string | null
}

/** From the last batch that was handed on (or the base) to the first that is not proven; no row unless one may be ready. */
const READY = `${PREPARED}
  with base as (${BASE}), run as (${RUN}), waiting as (
    select b.num, b.state from forger.batch b, base, run
    where ${ABOVE_BASE} and ((b.state in ('built', 'proving', 'proven') and b.intent_key is null)
      or (b.state = 'failed' and b.epoch = run.epoch))
  ), span as materialized (
    select min(num) as first, min(num) filter (where state <> 'proven') as until from waiting
  )
  select base.num as base_num, base.root::text as base_root, h.block_number::text as head, h.view,
    (select send_block::text from forger.batch b where ${ABOVE_BASE} and l1_queue is not null and send_block is not null
      and state in ('proven', 'sent', 'mined') order by num desc limit 1) as last_l1,
    b.id::text, b.num, b.state, b.intent_key is not null or b.state in ('sent', 'mined', 'final') as handed_on,
    ${L1_CHANGED} as l1_changed, b.old_root::text, b.new_root::text, b.new_exit_root::text, b.new_last_idx::text,
    b.l1_queue::text, b.l1_user_txs, b.l1_coordinator_txs, b.l2_txs, b.encoded_l1_coordinator_tx, b.l1_l2_txs_data,
    b.fee_idx_coordinator, b.verifier_idx, b.proof, b.trace_id
  from base cross join run cross join span
  join forger.head_view h on h.name = 'head'
  join forger.batch b on ${ABOVE_BASE} and b.num >= span.first - 1 and (span.until is null or b.num < span.until)
    and (b.state in (${LIVE}) or (b.state = 'failed' and b.epoch = run.epoch))
  where span.until is null or span.until > span.first
  order by b.num`

/** The batches whose turn it is; null when there is none, or when no block has been read yet. */
export async function loadReady(em: Em): Promise<Ready | null> {
  const rows = await em.execute<Row[]>(READY)
  const [first] = rows
  if (!first) return null
  const found = rows.map(row => ({ ...standingOf(row), row }))
  const before = found[0]?.handedOn ? found.shift() : undefined
  const base: Checkpoint = before ?? { batchNum: first.base_num, root: BigInt(first.base_root) }
  const ready = nextInLine(base, found)
  if (ready.length === 0) return null
  return {
    batches: ready.map(({ row }) => readyOf(row)),
    head: BigInt(first.head),
    chain: first.view,
    lastSentL1Block: BigInt(first.last_l1 ?? 0),
  }
}

const standingOf = (row: Row): Standing => ({
  batchNum: row.num,
  root: BigInt(row.new_root),
  oldRoot: BigInt(row.old_root),
  state: row.state,
  handedOn: row.handed_on,
  l1Changed: row.l1_changed,
})

function readyOf(row: Row): ReadyBatch {
  if (!row.proof) throw new Error(`batch ${row.num} is proven but has no proof`)
  return {
    id: BigInt(row.id),
    num: row.num,
    proof: row.proof,
    traceId: row.trace_id,
    newLastIdx: BigInt(row.new_last_idx),
    newRoot: BigInt(row.new_root),
    newExitRoot: BigInt(row.new_exit_root),
    encodedL1CoordinatorTx: row.encoded_l1_coordinator_tx,
    l1L2TxsData: row.l1_l2_txs_data,
    feeIdxCoordinator: row.fee_idx_coordinator,
    verifierIdx: row.verifier_idx,
    l1Queue: row.l1_queue === null ? null : BigInt(row.l1_queue),
    l1UserTxs: row.l1_user_txs,
    l1CoordinatorTxs: row.l1_coordinator_txs,
    l2Txs: row.l2_txs,
  }
}
