/**
 * `scanner:NAME` turns the logs of a chain into facts, for every source up to the head that the synchronizer has stored,
 * and tells the subscribers when their facts are in the database. Everything it knows is a row: it may die anywhere.
 */
import { onDatabase } from '../../entities/outage.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import type { Metrics } from '../../metrics.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import type { Ref } from '../kit/ref.ts'
import { chainMetrics, type ChainMeters } from './chain-metrics.ts'
import { loadCursors, markTold, type Cursors } from './ledger.ts'
import type { ChainNews, Look } from './messages.ts'
import { progressed, type Progress } from './progress.ts'
import type { Place } from './reorg.ts'
import type { Rpc } from './rpc.ts'
import type { FactSource, RawLog } from './source.ts'
import { createReader, type SourceReader } from './source-reader.ts'

export interface ScannerArgs {
  readonly chain: string
  readonly rpc: Rpc
  readonly db: () => Orm
  readonly sources: readonly FactSource[]
  readonly subscribers: readonly Ref<ChainNews>[]
  /** First block that is worth reading; sources may start later. */
  readonly startBlock: bigint
  /** Most blocks in one request for logs. */
  readonly logRange: number
  readonly metrics?: Metrics
}

export type ScannerMessage = ChainNews | Look

interface State {
  readonly args: ScannerArgs
  readonly meters: ChainMeters
  readonly readers: readonly SourceReader[]
  /** The last block the subscribers were told. */
  told: { readonly at: Place; readonly head: bigint } | null
  progress: Progress | null
}

type Ctx = Context<ScannerMessage>

/** Between looks without being told: a lost message is only this delay. */
const LOOK_MS = 2_000
/** Before the next look when the branch changed under us. */
const AGAIN_MS = 100

export const scanner = defineActor<ScannerArgs, ScannerMessage, State>({
  kind: 'chain/scanner',
  mailbox: { capacity: 16, overflow: 'coalesce', key: () => 'look' },
  deadlineMs: 600_000,
  start: (args, ctx) => {
    refuseTwins(args.sources)
    ctx.send(ctx.self, { type: 'look' })
    ctx.every(LOOK_MS, { type: 'look' })
    const meters = chainMetrics(args.metrics, args.chain)
    const readers = args.sources.map(source => readerOf(args, source, meters, ctx))
    return { args, meters, readers, told: null, progress: null }
  },
  receive: async (state, _message, ctx) => {
    const cursors = await tellReorg(state, ctx)
    if (cursors.head === null) return state
    await advance(state, cursors, cursors.head, ctx)
    return state
  },
})

function refuseTwins(sources: readonly FactSource[]): void {
  const names = sources.map(source => source.name)
  const twin = names.find((name, at) => names.indexOf(name) !== at)
  if (twin !== undefined) throw new Error(`two fact sources are named ${twin}; names are unique on a chain`)
}

function readerOf(args: ScannerArgs, source: FactSource, meters: ChainMeters, ctx: Ctx): SourceReader {
  const { chain, rpc, startBlock, logRange } = args
  const fields = { chain, source: source.name }
  return createReader({
    chain,
    rpc,
    source,
    startBlock,
    logRange,
    em: () => em(args),
    now: () => ctx.clock.now(),
    onSkip: (log, because) => {
      meters.skipped(source.name)
      ctx.log.warn('a log could not be read and is left out', { ...fields, ...placeOf(log), because })
    },
    onStray: block =>
      ctx.log.info('facts of a dead branch are gone; reading again', { ...fields, above: String(block) }),
    onNarrowed: (blocks, because) => ctx.log.debug('fewer blocks at a time', { ...fields, blocks, because }),
  })
}

const placeOf = (log: RawLog): Record<string, unknown> => ({
  block: String(log.blockNumber),
  transaction: log.transactionHash,
  log: log.logIndex,
})

/** A rollback is told before anything newer, and noted as told after: a crash between means twice, never not at all. */
async function tellReorg({ args, told }: State, ctx: Ctx): Promise<Cursors> {
  const cursors = await onDatabase(() => loadCursors(em(args), args.chain))
  const { untold } = cursors
  if (untold === null) return cursors
  for (const to of args.subscribers) ctx.send(to, { type: 'Reorg', chain: args.chain, ...untold })
  ctx.log.debug('reorganisation told', { fork: String(untold.fork), told: String(told?.at.number) })
  await onDatabase(() => markTold(em(args), args.chain))
  return cursors
}

/** One range of every source, all at the same time; then the news, and another round if more is left. */
async function advance(state: State, cursors: Cursors, head: Place, ctx: Ctx): Promise<void> {
  const steps = await Promise.allSettled(state.readers.map(reader => reader.step(cursors, head)))
  const now = await onDatabase(() => loadCursors(em(state.args), state.args.chain))
  const newest = now.head ?? head
  const behind = now.untold !== null || tellBlock(state, now, newest, ctx)
  const failed = steps.find(step => step.status === 'rejected')
  if (failed) throw failed.reason
  const moved = steps.some(step => step.status === 'fulfilled' && step.value === 'moved')
  if (moved) ctx.after(AGAIN_MS, { type: 'look' })
  else if (behind) ctx.send(ctx.self, { type: 'look' })
}

/** Tells the subscribers how far the facts of all sources are; true when that is behind the head. */
function tellBlock(state: State, cursors: Cursors, head: Place, ctx: Ctx): boolean {
  const { chain, subscribers } = state.args
  const at = state.readers
    .map(reader => reader.position(cursors, head))
    .reduce((least, place) => (place.number < least.number ? place : least), head)
  state.meters.lag(head.number - at.number)
  tellProgress(state, at.number, head.number, ctx)
  const behind = at.number < head.number
  const { told } = state
  if (at.hash === '' || (told?.at.hash === at.hash && told.head === head.number)) return behind
  state.told = { at, head: head.number }
  for (const to of subscribers)
    ctx.send(to, { type: 'SyncBlock', chain, number: at.number, hash: at.hash, head: head.number })
  return behind
}

function tellProgress(state: State, at: bigint, head: bigint, ctx: Ctx): void {
  const { progress, line } = progressed(state.progress, at, head, ctx.clock.now())
  state.progress = progress
  if (line) ctx.log.info('reading the chain', { chain: state.args.chain, at: String(at), head: String(head), ...line })
}

const em = (args: ScannerArgs): Em => args.db().em.fork()
