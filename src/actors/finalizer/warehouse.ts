/**
 * `finalizer/warehouse` reads the predecessor's database: new rows at every look, and now and then those since the oldest
 * open session once more, because the indexer fills gaps late. Facts and cursor are written together; a warehouse that is
 * down is waited out, and what cannot be read is said once and left out.
 */
import { sql } from 'kysely'
import { WarehouseCursor } from '../../entities/finalizer/session.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import { WarehouseDownError, WarehouseGapError, WarehouseSchemaError } from './errors.ts'
import { storeFacts } from './facts.ts'
import type { FamilyPlan } from './families.ts'
import { coordinator, type Look } from './messages.ts'
import type { FinalizerMeters } from './meters.ts'
import type { Warehouse } from './warehouse-db.ts'
import { readLogRows, readViewRows, type ReadRows } from './warehouse-rows.ts'

export interface WarehouseArgs {
  readonly db: () => Orm
  readonly open: () => Promise<Warehouse>
  readonly chain: string
  readonly schema: string
  readonly plans: readonly FamilyPlan[]
  /** -1: the family's floor. */
  readonly startAfter: bigint
  readonly pollMs: number
  readonly gapPatienceMs: number
  readonly meters: FinalizerMeters
}

interface State {
  readonly args: WarehouseArgs
  readonly warehouse: Warehouse
  /** Told already; the newest thousand. */
  readonly said: Set<string>
  rescannedAt: number
}

type Ctx = Context<Look>

/** Rows of one query: what it costs in memory. */
const PAGE = 2_000
const RESCAN_EVERY_MS = 60_000
const SAID_AT_MOST = 1_000

export const warehouseActor = defineActor<WarehouseArgs, Look, State>({
  kind: 'finalizer/warehouse',
  mailbox: { capacity: 4, overflow: 'coalesce' },
  deadlineMs: 600_000,
  async start(args, ctx) {
    const warehouse = await args.open()
    ctx.own(() => warehouse.close())
    ctx.every(args.pollMs, { type: 'look' })
    ctx.send(ctx.self, { type: 'look' })
    return { args, warehouse, said: new Set(), rescannedAt: Number.NEGATIVE_INFINITY }
  },
  async receive(state, _message, ctx) {
    const rescan = ctx.clock.now() - state.rescannedAt >= RESCAN_EVERY_MS
    for (const plan of state.args.plans) await readFamily(state, plan, rescan, ctx)
    if (rescan) state.rescannedAt = ctx.clock.now()
    return state
  },
})

export const cursorName = (schema: string, plan: Pick<FamilyPlan, 'family'>): string => `${schema}/${plan.family}`

async function readFamily(state: State, plan: FamilyPlan, rescan: boolean, ctx: Ctx): Promise<void> {
  const { args } = state
  try {
    const cursor = await onDatabase(() => loadCursor(args, plan))
    let after = rescan ? await onDatabase(() => oldestOpen(args, plan, cursor)) : cursor
    for (;;) {
      const page = await state.warehouse.read(plan, after, PAGE)
      if (page.from === 'views' && !rescan && after === cursor) {
        after = await onDatabase(() => oldestOpen(args, plan, cursor)) // only there is the end of a session told
        if (after < cursor) continue
      }
      const read = page.from === 'logs' ? readLogRows(plan, page.rows) : readViewRows(plan, page.rows)
      await store(state, plan, read, ctx)
      if (read.last === null || page.rows.length < PAGE) return
      after = read.last
    }
  } catch (error) {
    if (error instanceof WarehouseDownError) args.meters.warehouse('outage', 1)
    if (!(error instanceof WarehouseSchemaError)) throw error
    say(state, error.message, () =>
      ctx.log.error('the warehouse cannot be read; the role goes on without', {
        because: error.message,
        code: error.code,
        hint: error.hint,
      }),
    )
    await onDatabase(() => note(args, plan, error.message, ctx))
  }
}

async function loadCursor(args: WarehouseArgs, plan: FamilyPlan): Promise<bigint> {
  const row = await args
    .db()
    .em.fork()
    .findOne(WarehouseCursor, { source: cursorName(args.schema, plan) })
  if (row) return row.blockId
  const floor = plan.blockIdFloor > 0n ? plan.blockIdFloor - 1n : 0n
  return args.startAfter > floor ? args.startAfter : floor
}

/** Just before the oldest session of the warehouse that is not settled, or the cursor. */
async function oldestOpen(args: WarehouseArgs, plan: FamilyPlan, cursor: bigint): Promise<bigint> {
  const [row]: { oldest: string | null }[] = await args
    .db()
    .em.fork()
    .execute(
      `select min(warehouse_block_id) as oldest from finalizer.session where chain = ? and family = ? and closed_tx is null
       and state in ('discovered', 'waiting', 'ready', 'submitted', 'mined', 'failed')`,
      [args.chain, plan.family],
    )
  const oldest = row?.oldest == null ? cursor : BigInt(row.oldest) - 1n
  return oldest < cursor ? oldest : cursor
}

async function store(state: State, plan: FamilyPlan, read: ReadRows, ctx: Ctx): Promise<void> {
  const { args } = state
  const now = new Date(ctx.clock.now())
  for (const { row, because } of read.unreadable) {
    const text = `${cursorName(args.schema, plan)}: ${row}: ${because}`
    say(state, text, () => {
      args.meters.warehouse('unreadable', 1)
      ctx.log.warn('a row of the warehouse cannot be read and is left out', {
        family: plan.family,
        row,
        because,
        code: 'FIN_007',
      })
    })
  }
  const { starts, closings } = read.facts
  const held = await onDatabase(() =>
    args
      .db()
      .em.fork()
      .transactional(async em => {
        await storeFacts(em, args.chain, read.facts, now)
        return moveCursor(em, args, plan, read, now)
      }),
  )
  if (held !== null) sayGap(state, plan, held, ctx)
  args.meters.warehouse('rows', starts.length + closings.length)
  if (starts.length + closings.length > 0) ctx.send(coordinator, { type: 'look' })
}

interface Held {
  readonly because: string
  readonly givenUp: boolean
}

/** Not past a gap, until patience is over. Answers what holds it, or held it until now. */
async function moveCursor(
  em: Em,
  args: WarehouseArgs,
  plan: FamilyPlan,
  read: ReadRows,
  now: Date,
): Promise<Held | null> {
  if (read.last === null) return null
  const source = cursorName(args.schema, plan)
  const known = await em.findOne(WarehouseCursor, { source })
  const before = known?.blockId ?? -1n
  const since = read.gap === null ? null : (known?.heldSince ?? now)
  const givenUp = since !== null && now.getTime() - since.getTime() >= args.gapPatienceMs
  const reached = read.gap === null || givenUp ? read.last : read.gap.blockId - 1n
  const blockId = reached > before ? reached : before
  const held = read.gap !== null && read.gap.blockId > before
  await sql`insert into finalizer.warehouse_cursor (source, block_id, held_since, because, updated_at)
    values (${source}, ${String(blockId)}::numeric, ${held && !givenUp ? since : null}, ${held && !givenUp ? (read.gap?.because ?? null) : null}, ${now})
    on conflict (source) do update set block_id = excluded.block_id, held_since = excluded.held_since,
      because = excluded.because, updated_at = excluded.updated_at`.execute(em.getKysely())
  return held ? { because: read.gap?.because ?? '', givenUp } : null
}

function sayGap(state: State, plan: FamilyPlan, { because, givenUp }: Held, ctx: Ctx): void {
  const { code, hint } = new WarehouseGapError(because)
  const text = givenUp
    ? 'a gap of the warehouse was not filled in time; reading goes on after it'
    : 'the warehouse has a gap; the cursor waits before it, the rest goes on'
  say(state, `${text} ${because}`, () => {
    state.args.meters.warehouse('gap', 1)
    ctx.log.warn(text, { family: plan.family, because, code, hint })
  })
}

async function note(args: WarehouseArgs, plan: FamilyPlan, because: string, ctx: Ctx): Promise<void> {
  const now = new Date(ctx.clock.now())
  const blockId = await loadCursor(args, plan)
  await args
    .db()
    .em.fork()
    .upsert(WarehouseCursor, {
      source: cursorName(args.schema, plan),
      blockId,
      heldSince: null,
      because,
      updatedAt: now,
    })
}

function say(state: State, text: string, tell: () => void): void {
  if (state.said.has(text)) return
  state.said.add(text)
  for (const oldest of state.said) {
    if (state.said.size <= SAID_AT_MOST) break
    state.said.delete(oldest)
  }
  tell()
}
