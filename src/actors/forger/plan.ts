/**
 * From the database to the job for the builder: whether a batch should be built now, on which state, with what in it.
 * Every "not now" is stored with its reason.
 */
import type { Clock } from '../../clock.ts'
import { Batch, Epoch } from '../../entities/forger/batch.ts'
import { HeadView, L1Tx, type ChainView } from '../../entities/forger/chain-facts.ts'
import { RoleControl } from '../../entities/kernel/operations.ts'
import type { DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em } from '../../entities/orm.ts'
import { l1UserTxOf } from './adopt.ts'
import type { BuildJob } from './builder/jobs.ts'
import { decideKeep, decideOpen, type ForgeRules, type ForgeView } from './policy/forge.ts'
import { decideL1, type L1Choice } from './policy/l1.ts'
import { slotOf } from './policy/slots.ts'
import { loadPool } from './pool-view.ts'
import { liveBatches } from './reconcile-store.ts'
import type { FeeAccount } from './rollup/selection.ts'
import type { Circuit } from './rollup/types.ts'
import { loadBase, type Checkpoint } from './state-store.ts'

export interface PlanRules extends ForgeRules {
  readonly circuit: Circuit
  readonly chainId: number
  readonly l1BatchTimeoutPart: number
  /** Batches that may be built or proving at a time: the provers and a few ahead. */
  readonly maxUnproven: number
  readonly feeAccount: FeeAccount
  readonly selectionWindow: number
  readonly verifierIdx: number
  /** What a token is worth, to compare fees; by token id. */
  readonly tokenPrice: (tokenId: bigint) => number
}

export interface BatchPlan {
  readonly epoch: number
  readonly num: number
  readonly from: Checkpoint
  readonly l1Queue: bigint | null
  readonly l1UserTxs: number
  readonly startBlock: bigint
  readonly verifierIdx: number
  readonly job: BuildJob
  /** Why an empty batch is not wanted, in case nothing is selected. */
  readonly emptyBecause: string
}

interface Standing {
  readonly epoch: Epoch
  readonly chain: ChainView
  readonly head: bigint
  readonly from: Checkpoint
  readonly unproven: number
  /** L1 batches of ours that the contract view does not know yet. */
  readonly scheduled: readonly { readonly block: bigint; readonly queue: bigint }[]
  readonly lastForgedAt: Date | null
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
  const wait = async (because: string): Promise<null> => {
    await book.record(em, { role: 'forger', subject: `batch/${num}`, choice: 'wait', because })
    return null
  }
  const paused = await em.findOne(RoleControl, { role: 'forger', paused: true })
  if (paused) return wait(`paused by ${paused.by}: ${paused.reason ?? 'no reason given'}`)
  if (standing.unproven >= rules.maxUnproven)
    return wait(`${rules.maxUnproven} batches are waiting for provers already`)
  const view = forgeView(standing, clock)
  const mayOpen = decideOpen(view, rules)
  if (mayOpen.do === 'skip') return wait(withoutSeconds(mayOpen.because))
  const choice = decideL1(standing, rules.l1BatchTimeoutPart)
  return assemble(em, rules, standing, view, choice, wait)
}

/** Reasons are compared to keep one row for one wait; a countdown would make each look another. */
const withoutSeconds = (because: string): string => because.replace(/: \d+ s left$/, ' is not over')

async function assemble(
  em: Em,
  rules: PlanRules,
  standing: Standing,
  view: ForgeView,
  choice: L1Choice,
  wait: (because: string) => Promise<null>,
): Promise<BatchPlan | null> {
  const pool = await loadPool(em, rules.selectionWindow, rules.tokenPrice)
  const isL1 = choice.kind === 'l1'
  const required = standing.head + 2n >= choice.requiredFrom
  if (choice.kind === 'l2-or-wait' && (required || pool.txs.length === 0)) return wait(choice.because)
  const current = isL1 ? await em.find(L1Tx, { queue: choice.queue }, { orderBy: { position: 'asc' } }) : []
  if (current.length > rules.circuit.maxTx) {
    return wait(
      `L1 queue ${choice.queue} holds ${current.length} transactions, the circuit takes ${rules.circuit.maxTx}`,
    )
  }
  const firstFuture = isL1 ? choice.queue + 1n : choice.queue
  const future = await em.find(L1Tx, { queue: { $gte: firstFuture } }, { orderBy: { queue: 'asc', position: 'asc' } })
  const empty = decideKeep({ ...view, pending: isL1 && current.length + future.length > 0 }, rules)
  if (empty.do === 'skip' && current.length + pool.txs.length === 0) return wait(withoutSeconds(empty.because))
  const num = standing.from.batchNum + 1
  return {
    epoch: standing.epoch.number,
    num,
    from: standing.from,
    l1Queue: isL1 ? choice.queue : null,
    l1UserTxs: current.length,
    startBlock: standing.head + 1n,
    verifierIdx: rules.verifierIdx,
    emptyBecause: empty.do === 'skip' ? withoutSeconds(empty.because) : '',
    job: {
      do: 'build',
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

async function loadStanding(em: Em): Promise<Standing | 'broken' | null> {
  const epoch = await em.findOne(Epoch, { stoppedAt: null })
  const row = await em.findOne(HeadView, { name: 'head' })
  if (!epoch || !row) return null
  const base = await loadBase(em)
  const live = await liveBatches(em, base.batchNum)
  if (live.some(batch => batch.state === 'failed')) return 'broken'
  const last = live.at(-1)
  const ours = await em.find(
    Batch,
    {
      num: { $gt: base.batchNum },
      l1Queue: { $gte: BigInt(row.view.nextL1ToForgeQueue) },
      state: { $in: ['built', 'proving', 'proven', 'sent', 'mined'] },
    },
    { orderBy: { num: 'asc' }, fields: ['startBlock', 'l1Queue'] },
  )
  const [newest] = await em.find(
    Batch,
    { epoch: epoch.number },
    { orderBy: { id: 'desc' }, limit: 1, fields: ['createdAt', 'startBlock', 'state'] },
  )
  return {
    epoch,
    chain: row.view,
    head: row.blockNumber,
    from: last ? { batchNum: last.num, root: last.newRoot } : base,
    unproven: live.filter(({ state }) => state === 'built' || state === 'proving').length,
    scheduled: ours.map(batch => ({ block: batch.startBlock, queue: batch.l1Queue ?? 0n })),
    lastForgedAt: newest?.createdAt ?? null,
    lastSlot: newest && newest.state !== 'discarded' ? slotOf(row.view, newest.startBlock) : null,
  }
}

function forgeView(standing: Standing, clock: Clock): ForgeView {
  const slot = slotOf(standing.chain, standing.head + 1n)
  return {
    slotCommitted: standing.chain.currentSlot?.committed === true || (slot !== null && slot === standing.lastSlot),
    elapsedMs: standing.lastForgedAt === null ? null : clock.now() - standing.lastForgedAt.getTime(),
  }
}
