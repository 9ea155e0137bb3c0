/**
 * Keeps the pool full of what is ours: the same bytes again when a node never took them or lost them, and no-ops (or
 * the old bytes) for nonces that nobody holds any more.
 */
import { sql } from 'kysely'
import type { Hex } from 'viem'
import { quote } from './fees.ts'
import { forkOf, sayOnce, unsay, type Lane } from './lane.ts'
import { commitFiller } from './commit.ts'
import { readBytes, type OpenAttempt, type OpenIntent } from './ledger.ts'
import { gaps } from './nonce.ts'
import { reactTo } from './react.ts'
import { rows } from './rows.ts'
import { noop, noopGas } from './replace.ts'
import { sendAll, type Sendable } from './send.ts'
import { sign } from './sign.ts'

const LOOK_FOR_LOST_AFTER = 1n
const MOST_FILLED = 16

/**
 * Sends again, in order of nonce: what no endpoint has taken yet; and everything that is pending when some of it came
 * back from a block (`cameBack`) or when the node does not know the lowest any more.
 */
export async function rebroadcast(lane: Lane, open: readonly OpenIntent[], cameBack: boolean): Promise<void> {
  const pending = open.filter(intent => intent.state !== 'mined' && intent.nonce >= lane.latestCount)
  const all = cameBack || (await lowestIsLost(lane, pending[0]))
  const newest = pending.map(toSend).filter(attempt => attempt !== undefined)
  const again = newest.filter(attempt => all || attempt.state === 'signed')
  await reactTo(lane, await sendAll(lane, await readBytes(lane, again)))
  await sendEverywhere(lane, newest)
}

/** Where sending is private: what waits too long goes to every endpoint, once. */
async function sendEverywhere(lane: Lane, newest: readonly OpenAttempt[]): Promise<void> {
  const { publicAfterMs = null } = lane.args.rpc
  if (publicAfterMs === null) return
  const now = lane.clock.now()
  const due = newest.filter(({ signedAt, hash }) => now - signedAt >= publicAfterMs && !lane.said.has(`public ${hash}`))
  if (due.length === 0) return
  lane.log.info('sends publicly what was not mined privately', { nonces: due.map(({ nonce }) => nonce) })
  for (const { hash } of due) lane.said.add(`public ${hash}`)
  await sendAll(lane, await readBytes(lane, due), true)
}

/** The newest version; nothing for one that is taken back and has no no-op yet: that one comes first. */
function toSend({ attempts, cancelBecause }: OpenIntent): OpenAttempt | undefined {
  const newest = attempts.at(-1)
  return cancelBecause !== null && newest?.purpose === 'effect' ? undefined : newest
}

async function lowestIsLost(lane: Lane, lowest: OpenIntent | undefined): Promise<boolean> {
  const attempt = lowest?.attempts.at(-1)
  const head = lane.head
  if (!attempt || !head || attempt.state === 'signed') return false
  const sentAt = lane.sentAt.get(attempt.nonce)
  if (sentAt !== undefined && head.number < sentAt + LOOK_FOR_LOST_AFTER) return false
  lane.sentAt.set(attempt.nonce, head.number)
  return !(await isKnown(lane, attempt))
}

async function isKnown(lane: Lane, { hash }: OpenAttempt): Promise<boolean> {
  try {
    return (await lane.args.rpc.client.request({ method: 'eth_getTransactionByHash', params: [hash] })) !== null
  } catch {
    return true // not known is an answer; no answer is not
  }
}

/**
 * Fills nonces below our open ones that the chain waits for and nobody holds, once seen in two different blocks. What
 * was mined there and is gone (a reorganisation deeper than finality) is sent again as it was; else a no-op.
 */
export async function fillGaps(lane: Lane, open: readonly OpenIntent[]): Promise<void> {
  const head = lane.head
  if (!head) return
  const missing = gaps(
    lane.latestCount,
    open.map(intent => intent.nonce),
  )
  for (const nonce of lane.gapSince.keys()) if (!missing.includes(nonce)) lane.gapSince.delete(nonce)
  const sure = missing.filter(nonce => (lane.gapSince.get(nonce) ?? head.number) < head.number)
  for (const nonce of missing) if (!lane.gapSince.has(nonce)) lane.gapSince.set(nonce, head.number)
  for (const nonce of sure.slice(0, MOST_FILLED)) await fill(lane, nonce)
}

/**
 * Says loudly that transactions are gone whose outcome was told. What was told stays told, and nothing is sent for that:
 * the same bytes go out once a later transaction needs their nonces.
 */
export async function tellOfLost(lane: Lane): Promise<void> {
  const { chain, account } = lane.args
  const [lost] = await rows<{ nonce: number | null }>(
    forkOf(lane),
    sql`select min(a.nonce) as nonce from kernel.attempt a join kernel.intent i on i.id = a.intent_id
      where a.chain = ${chain} and a.account = ${account} and a.nonce >= ${lane.latestCount} and a.state = 'mined'
        and i.settled_at is not null`,
  )
  if (lost === undefined || lost.nonce === null) return unsay(lane, 'deep')
  sayDeep(lane, lost.nonce)
}

const sayDeep = (lane: Lane, nonce: number): void =>
  sayOnce(lane, 'deep', () =>
    lane.log.error('a final transaction is gone: a reorganisation deeper than its confirmations', { nonce }),
  )

async function fill(lane: Lane, nonce: number): Promise<void> {
  const before = await minedBefore(lane, nonce)
  if (before) {
    sayDeep(lane, nonce)
    return reactTo(lane, await sendAll(lane, [before]))
  }
  if (!lane.market) return
  const { market } = lane
  const offer = quote({ market, rules: lane.args.limits, best: null, blocksLeft: null, versions: 0, blobs: false })
  if (offer.do === 'wait') return
  const signed = await sign(lane, { ...noop(lane), nonce, gasLimit: await noopGas(lane), fees: offer.fees })
  const because = `nonce ${nonce} was missing and held up the later ones`
  await commitFiller(lane, signed, because)
  lane.log.warn('filled a nonce gap', { nonce })
  await reactTo(lane, await sendAll(lane, [signed]))
}

/** The bytes that were final at this nonce. Never those of a dead attempt: their intent may live on elsewhere. */
async function minedBefore(lane: Lane, nonce: number): Promise<Sendable | null> {
  const [found] = await rows<{ hash: Hex; raw: Hex; nonce: number }>(
    forkOf(lane),
    sql`select hash, raw, nonce from kernel.attempt where chain = ${lane.args.chain} and account = ${lane.args.account}
      and nonce = ${nonce} and state = 'mined' order by id desc limit 1`,
  )
  return found ?? null
}
