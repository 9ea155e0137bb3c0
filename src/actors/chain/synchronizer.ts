/**
 * `synchronizer:NAME` follows the head of a chain. It keeps recent headers; when the chain's history has changed it finds
 * the fork, rolls facts and cursors back in one transaction, and only then passes on what happened.
 */
import type { Hash } from 'viem'
import { onDatabase } from '../../entities/outage.ts'
import type { Em, Orm } from '../../entities/orm.ts'
import type { Metrics } from '../../metrics.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import { chainMetrics, type ChainMeters } from './chain-metrics.ts'
import { EndpointBehindError, ReorgTooDeepError, RpcAnswerError } from './errors.ts'
import { readHeader, type Header } from './headers.ts'
import { appendHeaders, loadPlaces, loadTip, lockHead } from './ledger.ts'
import { scannerOf, type Look } from './messages.ts'
import { findFork, linked, missing, type Place } from './reorg.ts'
import { rollBack } from './rollback.ts'
import type { Rpc } from './rpc.ts'
import type { FactSource } from './source.ts'

export interface SynchronizerArgs {
  readonly chain: string
  readonly rpc: Rpc
  readonly db: () => Orm
  /** Every source that the scanner of this chain reads. */
  readonly sources: readonly FactSource[]
  /** Milliseconds between looks at the head, jittered; five times as long while heads are announced. */
  readonly pollMs: number
  /** Deepest reorganisation that is followed. */
  readonly reorgLimit: number
  readonly metrics?: Metrics
}

/** `tick` comes from the timer, `look` from whoever knows that there is something to see. */
export type SynchronizerMessage = Look | { readonly type: 'tick' }

interface State {
  readonly args: SynchronizerArgs
  readonly meters: ChainMeters
  /** The head in the database; undefined until it is read. */
  tip: Place | null | undefined
  lookedAt: number
}

type Ctx = Context<SynchronizerMessage>

const ANNOUNCED_FACTOR = 5
const HEADERS_AT_A_TIME = 100

export const synchronizer = defineActor<SynchronizerArgs, SynchronizerMessage, State>({
  kind: 'chain/synchronizer',
  mailbox: { capacity: 16, overflow: 'coalesce' },
  deadlineMs: 300_000,
  start: (args, ctx) => {
    ctx.send(ctx.self, { type: 'look' })
    ctx.every(args.pollMs, { type: 'tick' })
    args.rpc.onHead(() => ctx.send(ctx.self, { type: 'look' }))
    return { args, meters: chainMetrics(args.metrics, args.chain), tip: undefined, lookedAt: 0 }
  },
  receive: async (state, message, ctx) => {
    const { rpc, pollMs } = state.args
    const soon = ctx.clock.now() - state.lookedAt < pollMs * ANNOUNCED_FACTOR
    if (message.type === 'tick' && rpc.announced && soon) return state
    await follow(state, ctx)
    state.lookedAt = ctx.clock.now()
    return state
  },
  stop: ({ args }) => args.rpc.onHead(null),
})

async function follow(state: State, ctx: Ctx): Promise<void> {
  const { chain, rpc } = state.args
  state.tip ??= await onDatabase(() => loadTip(em(state), chain))
  const { tip } = state
  const head = await rpc.latest(tip?.number ?? null)
  state.meters.head(head.number)
  if (head.hash === tip?.hash) return
  ctx.signal.throwIfAborted()
  const above = await headersAbove(state, tip, head)
  if (above === null) return // the chain moved while it was read: the next look sees more
  if (tip === null || (await extends_(state, tip, head, above))) return grow(state, ctx, tip, above)
  await reorganise(state, ctx, tip, head)
}

/** The headers from above `from` (but no more than are kept) to the head; null when they do not fit together. */
async function headersAbove({ args }: State, from: Place | null, head: Header): Promise<Header[] | null> {
  const range = missing(from?.number ?? null, head.number, args.reorgLimit)
  const headers: Header[] = []
  for (let at = range.from; at < range.to; at += BigInt(HEADERS_AT_A_TIME)) {
    const count = Number(range.to - at)
    const numbers = Array.from({ length: Math.min(count, HEADERS_AT_A_TIME) }, (_, ahead) => at + BigInt(ahead))
    for (const header of await headersAt(args.rpc, numbers)) {
      if (header === null) return null
      headers.push(header)
    }
  }
  if (range.from <= range.to) headers.push(head)
  return linked(headers, null) ? headers : null
}

/** Whether the new headers continue the tip; across a gap the chain is asked whether it still has the tip. */
async function extends_({ args }: State, tip: Place, head: Header, above: readonly Header[]): Promise<boolean> {
  const [first] = above
  if (first === undefined) return false
  if (first.number === tip.number + 1n) return first.parentHash === tip.hash
  return (await hashAt(args.rpc, tip.number, head)) === tip.hash
}

async function grow(state: State, ctx: Ctx, tip: Place | null, headers: readonly Header[]): Promise<void> {
  const { chain, reorgLimit } = state.args
  const stored = await transaction(state, async inside => {
    const current = await lockHead(inside, chain, 'update')
    if (current?.hash !== tip?.hash) return false
    await appendHeaders(inside, chain, headers, reorgLimit, ctx.clock.now())
    return true
  })
  if (stored) arrive(state, ctx, headers.at(-1) ?? tip)
  else state.tip = undefined
}

/** Rolls back and takes up the new branch in one transaction, so that nobody sees the fork as the head. */
async function reorganise(state: State, ctx: Ctx, tip: Place, head: Header): Promise<void> {
  const { chain, rpc, sources, reorgLimit } = state.args
  const places = await onDatabase(() => loadPlaces(em(state), chain))
  const fork = await findFork(places, number => hashAt(rpc, number, head))
  if (fork === null || tip.number - fork.number > BigInt(reorgLimit)) throw tooDeep(chain, tip, head, places)
  const branch = await headersAbove(state, fork, head)
  if (branch === null || !linked(branch, branch[0]?.number === fork.number + 1n ? fork : null)) return
  const now = ctx.clock.now()
  const done = await transaction(state, async inside => {
    if (!(await rollBack(inside, { chain, fork, before: tip, sources, now }))) return false
    await appendHeaders(inside, chain, branch, reorgLimit, now)
    return true
  })
  state.tip = undefined
  if (!done) return
  const depth = Number(tip.number - fork.number)
  state.meters.reorg(depth)
  ctx.log.info('the chain was reorganised', { chain, fork: String(fork.number), depth, head: String(head.number) })
  ctx.send(scannerOf(chain), { type: 'Reorg', chain, fork: fork.number, depth })
  arrive(state, ctx, branch.at(-1) ?? fork)
}

function arrive(state: State, ctx: Ctx, head: Place | null): void {
  if (head === null) return
  const { chain } = state.args
  const { number, hash } = head
  state.tip = head
  ctx.log.debug('new head', { chain, number: String(number) })
  ctx.send(scannerOf(chain), { type: 'SyncBlock', chain, number, hash, head: number })
}

const transaction = (state: State, work: (inside: Em) => Promise<boolean>): Promise<boolean> =>
  onDatabase(() => em(state).transactional(work))

function tooDeep(chain: string, tip: Place, head: Header, places: readonly Place[]): ReorgTooDeepError {
  const oldest = places[0]?.number ?? tip.number
  const message = `the history of ${chain} changed below block ${oldest}, the oldest that is kept`
  return new ReorgTooDeepError(message, {
    facts: { chain, oldest: String(oldest), known: String(tip.number), head: String(head.number) },
  })
}

/** What the chain has at this height, below `head`. An endpoint that shows the head and not what is below it lags. */
async function hashAt(rpc: Rpc, number: bigint, head: Header): Promise<Hash | null> {
  if (number > head.number) return null
  if (number === head.number) return head.hash
  const [header] = await headersAt(rpc, [number])
  if (header) return header.hash
  throw new EndpointBehindError(`an endpoint of ${rpc.name} shows block ${head.number} but not block ${number}`)
}

async function headersAt(rpc: Rpc, numbers: readonly bigint[]): Promise<(Header | null)[]> {
  const calls = numbers.map(number => ({ method: 'eth_getBlockByNumber', params: [`0x${number.toString(16)}`, false] }))
  const answers = await rpc.batch(calls)
  return answers.map(answer => {
    if ('result' in answer) return readHeader(answer.result)
    throw new RpcAnswerError(`the node does not tell a block: ${answer.error.message}`)
  })
}

const em = ({ args }: State): Em => args.db().em.fork()
