/**
 * One step of one source: the next range of logs becomes facts, stored together with the cursor (T1). A cursor that is
 * found on a dead branch is moved back first, its facts with it.
 */
import { onDatabase } from '../../entities/outage.ts'
import type { Em } from '../../entities/orm.ts'
import { isTransient } from '../../errors.ts'
import { LogsRefusedError, ReorgTooDeepError } from './errors.ts'
import { keptAt, lockCursor, lockHead, moveCursor, STALE, type Cursors, type SourceCursor } from './ledger.ts'
import { canonicalHash, readRange } from './log-reader.ts'
import { accepted, firstSpan, nextRange, refused, type Span } from './ranges.ts'
import type { Place } from './reorg.ts'
import type { Rpc } from './rpc.ts'
import type { FactSource, Range, RawLog } from './source.ts'

export interface ReaderOptions {
  readonly chain: string
  readonly rpc: Rpc
  readonly em: () => Em
  readonly now: () => number
  readonly source: FactSource
  /** The first block of the chain that is worth reading. */
  readonly startBlock: bigint
  /** Most blocks in one request. */
  readonly logRange: number
  readonly onSkip: (log: RawLog, because: string) => void
  readonly onNarrowed: (span: number, because: string) => void
  /** Its cursor was on a dead branch and now stands on this block. */
  readonly onStray: (block: bigint) => void
}

/** `done`: at the head. `read`: moved on, more may be left. `moved`: nothing stored, the branch changed under us. */
export type Step = 'done' | 'read' | 'moved'

export interface SourceReader {
  readonly name: string
  /** Throws transient errors for outages, ReorgTooDeepError when its place is gone from the chain for good. */
  step(cursors: Cursors, head: Place): Promise<Step>
  /** How far it is, by these cursors: the head itself when nothing below it is worth reading. */
  position(cursors: Cursors, head: Place): Place
}

export function createReader(options: ReaderOptions): SourceReader {
  const { chain, rpc, source, logRange } = options
  const first = source.fromBlock > options.startBlock ? source.fromBlock : options.startBlock
  let span = firstSpan(logRange)
  let known = false // its place has been seen on this chain

  async function step(cursors: Cursors, head: Place): Promise<Step> {
    const cursor = cursors.sources.get(source.name) ?? null
    if (cursor !== null && (await stray(cursor, head))) return 'moved'
    known = true
    const from = cursor === null || cursor.number < first - 1n ? first - 1n : cursor.number
    const range = nextRange(from, head.number, spanFor(head.number - from))
    return range === null ? 'done' : readOne(range, cursor, head)
  }

  /** A source without logs has nothing to read along the way. */
  const spanFor = (left: bigint): Span =>
    source.events.length > 0 || left <= 0n ? span : { blocks: Number(left), good: 0 }

  async function readOne(range: { from: bigint; to: bigint }, cursor: Place | null, head: Place): Promise<Step> {
    const toHash = range.to === head.number ? head.hash : (await inDatabase(em => keptAt(em, chain, range.to))).hash
    const reading = await readRange(rpc, source, { ...range, toHash })
    if (reading.is === 'moved') return 'moved'
    if (reading.is === 'less') return narrow(range, reading)
    const whole: Range = { chain, ...range, toHash: reading.toHash, atHead: range.to === head.number }
    const gathered = await gather(reading.logs, whole)
    if (gathered === null || (await canonicalHash(rpc, whole.to)) !== whole.toHash) return 'moved'
    const { facts } = gathered
    span = accepted(span, logRange)
    return (await inDatabase(em => em.transactional(inside => commit(inside, facts, whole, cursor)))) ? 'read' : 'moved'
  }

  /** Null when reading failed because the branch is gone: then it is no fault of the source. */
  async function gather(logs: readonly RawLog[], range: Range): Promise<{ readonly facts: unknown } | null> {
    try {
      return { facts: await source.gather(logs, range, rpc.client, options.onSkip) }
    } catch (error) {
      if (isTransient(error) || (await canonicalHash(rpc, range.to)) === range.toHash) throw error
      return null
    }
  }

  function narrow(range: { from: bigint; to: bigint }, less: { offered: number | null; because: string }): Step {
    const asked = Number(range.to - range.from) + 1
    if (asked === 1) {
      throw new LogsRefusedError(`block ${range.from} of ${chain}: ${less.because}`, {
        facts: { chain, source: source.name, block: String(range.from) },
      })
    }
    span = refused({ blocks: Math.min(span.blocks, asked), good: 0 }, less.offered)
    options.onNarrowed(span.blocks, less.because)
    return 'read'
  }

  async function commit(em: Em, facts: unknown, range: Range, cursor: Place | null): Promise<boolean> {
    const head = await lockHead(em, chain, 'share')
    if (head === null || head.number < range.to) return false
    const { hash, lowest } = await keptAt(em, chain, range.to)
    const settled = lowest !== null && range.to < lowest
    if (hash !== range.toHash && !settled) return false
    const current = await lockCursor(em, chain, source.name)
    if (current?.number !== cursor?.number || current?.hash !== cursor?.hash) return false
    await source.store(em, facts, range)
    await em.flush()
    await moveCursor(em, chain, source.name, { number: range.to, hash: range.toHash }, options.now())
    return true
  }

  /** True when the cursor was on a dead branch: its facts are gone and it stands on the chain again, or will. */
  async function stray(cursor: SourceCursor, head: Place): Promise<boolean> {
    if (cursor.hash === STALE) return standOn(cursor, cursor.number < head.number ? cursor.number : head.number)
    if (cursor.kept === cursor.hash) return false
    if (cursor.kept !== null || cursor.number > head.number) {
      // a branch that was followed without this source may have begun anywhere above the oldest header
      const { lowest } = await inDatabase(em => keptAt(em, chain, cursor.number))
      return standOn(cursor, lowest ?? head.number)
    }
    if (known) return false
    const hash = await canonicalHash(rpc, cursor.number)
    if (hash === null) return true // an endpoint that lags; seen again at the next look
    if (hash === cursor.hash) return false
    throw new ReorgTooDeepError(`block ${cursor.number}, where ${source.name} stopped reading ${chain}, is gone`, {
      facts: { chain, source: source.name, block: String(cursor.number) },
    })
  }

  async function standOn(cursor: Place, number: bigint): Promise<true> {
    const hash = await canonicalHash(rpc, number)
    if (hash === null) return true
    const moved = await inDatabase(em =>
      em.transactional(async inside => {
        await lockHead(inside, chain, 'share')
        const current = await lockCursor(inside, chain, source.name)
        if (current?.number !== cursor.number || current.hash !== cursor.hash) return false
        await source.forget(inside, number)
        await inside.flush()
        await moveCursor(inside, chain, source.name, { number, hash }, options.now())
        return true
      }),
    )
    if (moved) options.onStray(number)
    return true
  }

  const inDatabase = <T>(work: (em: Em) => Promise<T>): Promise<T> => onDatabase(() => work(options.em()))

  return {
    name: source.name,
    step,
    position: (cursors, head) => {
      const cursor = cursors.sources.get(source.name)
      if (cursor !== undefined && cursor.number >= first - 1n) return cursor
      return first > head.number ? head : { number: first - 1n, hash: '' }
    },
  }
}
