/**
 * The line of batches: the base, and the live ones above it in order. Narrow rows in one query, because it may be
 * hundreds long; who only adds to it reads its end.
 */
import { LIVE_BATCH_STATES, type BatchState } from '../../entities/forger/batch.ts'
import type { Em } from '../../entities/orm.ts'
import { PREPARED } from '../../entities/prepared.ts'
import { L1_CHANGED } from './l1-digest.ts'
import { INITIAL_LAST_IDX } from './rollup/types.ts'
import type { Checkpoint, StateBase } from './state-store.ts'

export interface LineBatch extends Checkpoint {
  readonly id: bigint
  readonly state: BatchState
  readonly oldRoot: bigint
  /** Whether the tx-manager has a wish for it, or the chain has the batch. */
  readonly handedOn: boolean
  readonly l1Batch: boolean
  /** It is not sent yet, and its queue holds something else than when it was built. */
  readonly l1Changed: boolean
  /** The block it was sent for; null before. */
  readonly sendBlock: bigint | null
}

export interface Line {
  /** The run that is open; null when the pipeline is stopped. */
  readonly epoch: number | null
  readonly base: StateBase
  /** Live batches above the base and the failed ones of the open run, ascending. */
  readonly batches: readonly LineBatch[]
}

interface Row {
  readonly epoch: number | null
  readonly base_num: number
  readonly base_root: string
  readonly base_last_idx: string
  readonly id: string | null
  readonly num: number
  readonly state: BatchState
  readonly old_root: string
  readonly new_root: string
  readonly has_wish: boolean
  readonly l1_batch: boolean
  readonly l1_changed: boolean
  readonly send_block: string | null
}

/** SQL of the states of live batches, for `in (…)`. */
export const LIVE = LIVE_BATCH_STATES.map(state => `'${state}'`).join(', ')

/** SQL of one row each: the base (`num`, `root`, `last_idx`) and the run that is open (`epoch`, null for none). */
export const BASE = `select coalesce(max(batch_num), 0) as num, coalesce(max(root), 0) as root,
  coalesce(max(last_idx), ${INITIAL_LAST_IDX}) as last_idx from forger.folded_state where name = 'base'`
export const RUN = 'select max(number) as epoch from forger.epoch where stopped_at is null'
/**
 * SQL: whether batch `b` is above the row `base`. No line is a million long: without an upper bound the planner, which
 * does not know the base, takes this to be a third of all batches there ever were, and reads them all.
 */
export const ABOVE_BASE = 'b.num > base.num and b.num < base.num + 1000000'

const LINE = `
  with base as (${BASE}), run as (${RUN})
  select run.epoch, base.num as base_num, base.root::text as base_root, base.last_idx::text as base_last_idx,
    b.id::text, b.num, b.state, b.old_root::text, b.new_root::text, b.intent_key is not null as has_wish,
    b.l1_queue is not null as l1_batch, ${L1_CHANGED} as l1_changed, b.send_block::text
  from base cross join run
  left join forger.batch b on ${ABOVE_BASE} and (b.state in (${LIVE}) or (b.state = 'failed' and b.epoch = run.epoch))
  order by b.num`

export async function loadLine(em: Em): Promise<Line> {
  const rows = await em.execute<Row[]>(LINE)
  const [first] = rows
  if (!first) throw new Error('the base is one row, whatever is in the tables')
  return {
    epoch: first.epoch,
    base: { batchNum: first.base_num, root: BigInt(first.base_root), lastIdx: Number(first.base_last_idx) },
    batches: first.id === null ? [] : rows.map(batchOf),
  }
}

const ON_CHAIN: ReadonlySet<BatchState> = new Set(['sent', 'mined', 'final'])

const batchOf = (row: Row): LineBatch => ({
  id: BigInt(row.id ?? 0),
  batchNum: row.num,
  state: row.state,
  oldRoot: BigInt(row.old_root),
  root: BigInt(row.new_root),
  handedOn: row.has_wish || ON_CHAIN.has(row.state),
  l1Batch: row.l1_batch,
  l1Changed: row.l1_changed,
  sendBlock: row.send_block === null ? null : BigInt(row.send_block),
})

/** Where the next batch goes on: the newest batch that has not failed, or the base. */
export const endOf = ({ base, batches }: Line): Checkpoint => {
  const last = batches.findLast(({ state }) => state !== 'failed')
  return last ? { batchNum: last.batchNum, root: last.root } : base
}

/** The end of the line without the line: all that matters to whoever adds to it. */
export interface LineEnd extends Checkpoint {
  /** The run that is open; null when the pipeline is stopped. */
  readonly epoch: number | null
  /** A batch of the open run has failed. */
  readonly broken: boolean
}

/** SQL of one row: `base` (its number), `epoch`, `broken`, and the end as `num` and `root`. */
export const LINE_END = `
  select base.num as base, run.epoch, coalesce(n.num, base.num) as num, coalesce(n.new_root, base.root)::text as root,
    exists (select from forger.batch b where ${ABOVE_BASE} and b.state = 'failed' and b.epoch = run.epoch) as broken
  from (${BASE}) base cross join (${RUN}) run
    left join lateral (
      select num, new_root from forger.batch b where ${ABOVE_BASE} and state in (${LIVE}) order by num desc limit 1
    ) n on true`

export async function loadLineEnd(em: Em): Promise<LineEnd> {
  const [row] = await em.execute<{ epoch: number | null; num: number; root: string; broken: boolean }[]>(
    PREPARED + LINE_END,
  )
  if (!row) throw new Error('the end is one row, whatever is in the tables')
  return { epoch: row.epoch, batchNum: row.num, root: BigInt(row.root), broken: row.broken }
}

/** What of a batch decides whether it is its turn. */
export type Standing = Pick<LineBatch, 'batchNum' | 'root' | 'oldRoot' | 'state' | 'handedOn' | 'l1Changed'>

/**
 * Proven batches without a wish whose predecessors all have one or are on the chain, ascending. A batch that failed or is
 * missing, or was built on a queue that has changed, blocks all after it, also before the coordinator has seen that.
 */
export function nextInLine<B extends Standing>(base: Checkpoint, batches: readonly B[]): B[] {
  const ready: B[] = []
  let last: Checkpoint = base
  for (const batch of batches) {
    if (batch.state === 'failed' || batch.batchNum !== last.batchNum + 1 || batch.oldRoot !== last.root) break
    if (!batch.handedOn && (batch.state !== 'proven' || batch.l1Changed)) break
    if (!batch.handedOn) ready.push(batch)
    last = batch
  }
  return ready
}
