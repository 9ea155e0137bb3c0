/**
 * From the database to the job for the builder: whether a batch should be built now, on which state, with what in it.
 * Every "not now" is stored with its reason.
 */
import type { Clock } from '../../clock.ts'
import type { BatchState } from '../../entities/forger/batch.ts'
import { L1Tx, type ChainView } from '../../entities/forger/chain-facts.ts'
import type { DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em } from '../../entities/orm.ts'
import { PREPARED } from '../../entities/prepared.ts'
import { l1UserTxOf } from './adopt.ts'
import type { BuildJob } from './builder/jobs.ts'
import { l1Digest } from './l1-digest.ts'
import { LINE_END } from './line.ts'
import { decideKeep, decideOpen, type ForgeRules, type ForgeView } from './policy/forge.ts'
import { decideL1, type L1Choice } from './policy/l1.ts'
import type { Decided } from './policy/rules.ts'
import { slotOf } from './policy/slots.ts'
import { loadPool } from './pool-view.ts'
import type { FeeAccount } from './rollup/selection-types.ts'
import type { Circuit } from './rollup/types.ts'
import type { Checkpoint } from './state-store.ts'
import type { TokenValues } from './token-values.ts'

export interface PlanRules extends ForgeRules {
  readonly circuit: Circuit
  readonly chainId: number
  readonly l1BatchTimeoutPart: number
  /** Batches that may be built or proving at a time: the provers and a few ahead. */
  readonly maxUnproven: number
  readonly feeAccount: FeeAccount
  readonly selectionWindow: number
  readonly verifierIdx: number
  /** To compare fees in different tokens. */
  readonly tokenValues: TokenValues
}

export interface BatchPlan {
  readonly epoch: number
  readonly num: number
  readonly from: Checkpoint
  readonly l1Queue: bigint | null
  readonly l1UserTxs: number
  /** Of what the queue holds; null for an L2 batch. */
  readonly l1Digest: string | null
  readonly startBlock: bigint
  readonly verifierIdx: number
  readonly job: BuildJob
  /** Transactions of the pool the job was given at most. */
  readonly window: number
  /** Why an empty batch is not wanted, in case nothing is selected, and which rule says so. */
  readonly emptyBecause: string
  readonly emptyRule: string
}

interface Standing {
  readonly epoch: number
  readonly chain: ChainView
  readonly head: bigint
  /** Who paused the role and why; null when nobody did. */
  readonly pausedBecause: string | null
  readonly from: Checkpoint
  readonly unproven: number
  /** Whether a queue that is not forged yet holds anything. */
  readonly l1Waits: boolean
  /** L1 batches of ours that the contract view does not know yet. */
  readonly scheduled: readonly { readonly block: bigint; readonly queue: bigint }[]
  /** When the newest batch of this run was built, milliseconds since the epoch; null before the first. */
  readonly lastForgedMs: number | null
  readonly lastSlot: bigint | null
}

/**
 * What to build next; null when nothing should be, and then the reason is stored. `broken`: a batch has failed and the
 * coordinator has to end this run first.
 */
export async function planBatch(
  em: Em,
  rules: PlanRules,
  book: DecisionBook,
  clock: Clock,
): Promise<BatchPlan | 'broken' | null> {
  const standing = await loadStanding(em)
  if (standing === null || standing === 'broken') return standing
  const num = standing.from.batchNum + 1
  const wait: Wait = async (because, rule) => {
    await book.record(em, { role: 'forger', subject: `batch/${num}`, choice: 'wait', because, details: { rule } })
    return null
  }
  if (standing.pausedBecause !== null) return wait(standing.pausedBecause, 'not_paused')
  if (standing.unproven >= rules.maxUnproven)
    return wait(`${rules.maxUnproven} batches are waiting for provers already`, 'provers.lookahead')
  const view = forgeView(standing, clock)
  const mayOpen = decideOpen(view, rules)
  if (mayOpen.do === 'skip') return wait(withoutSeconds(mayOpen.because), mayOpen.rule)
  const choice = decideL1(standing, rules.l1BatchTimeoutPart)
  return assemble(em, rules, standing, view, choice, wait)
}

/** Notes why nothing is built now, and which rule says so. */
type Wait = (because: string, rule: string) => Promise<null>

/** Reasons are compared to keep one row for one wait; a countdown would make each look another. */
const withoutSeconds = (because: string): string => because.replace(/: \d+ s left$/, ' is not over')

async function assemble(
  em: Em,
  rules: PlanRules,
  standing: Standing,
  view: ForgeView,
  choice: Decided<L1Choice>,
  wait: Wait,
): Promise<BatchPlan | null> {
  const pool = await loadPool(em, rules.selectionWindow, rules.tokenValues)
  const isL1 = choice.kind === 'l1'
  const required = standing.head + 2n >= choice.requiredFrom
  if (choice.kind === 'l2-or-wait' && (required || pool.txs.length === 0)) return wait(choice.because, choice.rule)
  const queued = standing.l1Waits ? await queuedFrom(em, choice.queue) : []
  const current = isL1 ? queued.filter(({ queue }) => queue === choice.queue) : []
  if (current.length > rules.circuit.maxTx) {
    return wait(
      `L1 queue ${choice.queue} holds ${current.length} transactions, the circuit takes ${rules.circuit.maxTx}`,
      'circuit.max_tx',
    )
  }
  const future = isL1 ? queued.filter(({ queue }) => queue !== choice.queue) : queued
  const empty = decideKeep({ ...view, pending: isL1 && current.length + future.length > 0 }, rules)
  if (empty.do === 'skip' && current.length + pool.txs.length === 0)
    return wait(withoutSeconds(empty.because), empty.rule)
  const num = standing.from.batchNum + 1
  return {
    epoch: standing.epoch,
    num,
    from: standing.from,
    l1Queue: isL1 ? choice.queue : null,
    l1UserTxs: current.length,
    l1Digest: isL1 ? l1Digest(current) : null,
    startBlock: standing.head + 1n,
    verifierIdx: rules.verifierIdx,
    emptyBecause: empty.do === 'skip' ? withoutSeconds(empty.because) : '',
    emptyRule: empty.rule,
    window: rules.selectionWindow,
    job: {
      do: 'build',
      hasMore: !pool.isWhole,
      from: standing.from,
      emptyAllowed: empty.do === 'forge',
      selection: {
        batchNum: num,
        circuit: rules.circuit,
        chainId: rules.chainId,
        l1UserTxs: current.map(l1UserTxOf),
        futureL1UserTxs: future.map(l1UserTxOf),
        pool: pool.txs,
        authorisations: pool.authorisations,
        feeAccount: rules.feeAccount,
      },
    },
  }
}

/** What waits in this queue and the later ones, in order. */
const queuedFrom = (em: Em, queue: bigint): Promise<L1Tx[]> =>
  em.find(L1Tx, { queue: { $gte: queue } }, { orderBy: { queue: 'asc', position: 'asc' } })

interface StandingRow {
  readonly epoch: number
  readonly head: string
  readonly view: ChainView
  readonly paused_because: string | null
  readonly newest_ms: number | null
  readonly newest_state: BatchState | null
  readonly newest_start: string | null
  readonly scheduled: readonly { readonly block: string; readonly queue: string }[] | null
  readonly end_num: number
  readonly end_root: string
  readonly broken: boolean
  readonly unproven: number
  readonly l1_waits: boolean
}

/** All that is known of the open run, in one row: it is read at every look. No row: no run, or no block read yet. */
const STANDING = `${PREPARED}
  select e.number as epoch, h.block_number::text as head, h.view,
    'paused by ' || c.by || ': ' || coalesce(c.reason, 'no reason given') as paused_because,
    (extract(epoch from n.created_at) * 1000)::float8 as newest_ms, n.state as newest_state, n.start_block::text as newest_start,
    (select json_agg(json_build_object('block', b.start_block::text, 'queue', b.l1_queue::text) order by b.num)
      from forger.batch b where b.state in ('built', 'proving', 'proven', 'sent', 'mined')
        and b.l1_queue >= (h.view->>'nextL1ToForgeQueue')::bigint) as scheduled,
    l.num as end_num, l.root as end_root, l.broken,
    (select count(*)::int from forger.batch b where b.num > l.base and b.state in ('built', 'proving')) as unproven,
    exists (select from forger.l1_tx t where t.queue >= (h.view->>'nextL1ToForgeQueue')::bigint) as l1_waits
  from (${LINE_END}) l
  join forger.epoch e on e.number = l.epoch
  join forger.head_view h on h.name = 'head'
  left join kernel.role_control c on c.role = 'forger' and c.paused
  left join lateral (
    select created_at, state, start_block from forger.batch where epoch = e.number order by id desc limit 1
  ) n on true`

async function loadStanding(em: Em): Promise<Standing | 'broken' | null> {
  const [row] = await em.execute<StandingRow[]>(STANDING)
  if (!row) return null
  if (row.broken) return 'broken'
  const inSlot = row.newest_start !== null && row.newest_state !== 'discarded'
  return {
    epoch: row.epoch,
    chain: row.view,
    head: BigInt(row.head),
    pausedBecause: row.paused_because,
    from: { batchNum: row.end_num, root: BigInt(row.end_root) },
    unproven: row.unproven,
    l1Waits: row.l1_waits,
    scheduled: (row.scheduled ?? []).map(({ block, queue }) => ({ block: BigInt(block), queue: BigInt(queue) })),
    lastForgedMs: row.newest_ms,
    lastSlot: inSlot ? slotOf(row.view, BigInt(row.newest_start ?? 0)) : null,
  }
}

function forgeView(standing: Standing, clock: Clock): ForgeView {
  const slot = slotOf(standing.chain, standing.head + 1n)
  return {
    slotCommitted: standing.chain.currentSlot?.committed === true || (slot !== null && slot === standing.lastSlot),
    elapsedMs: standing.lastForgedMs === null ? null : clock.now() - standing.lastForgedMs,
  }
}
