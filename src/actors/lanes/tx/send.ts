/**
 * Hands committed bytes to the endpoints and notes what was said. What is said decides how soon it is tried again,
 * never what became of the intent: that is for the receipts.
 */
import { sql } from 'kysely'
import type { Hex } from 'viem'
import { WrongChainError } from '../errors.ts'
import { classify, foreign, reactionTo, type Reaction } from './classify.ts'
import type { ErrorClass } from './error-table.ts'
import { forkOf, reach, type Lane } from './lane.ts'

export interface Sendable {
  readonly hash: Hex
  readonly raw: Hex
  readonly nonce: number
}

/** What was said to one transaction. */
export interface Verdict {
  readonly hash: Hex
  readonly nonce: number
  readonly reaction: Reaction
  readonly class: ErrorClass | null
  /** What was said when no endpoint took it. */
  readonly error: string | null
}

/**
 * Sends in order, `sendWindow` at a time without waiting for the answers in between; then marks the rows. Throws
 * WrongChainError when the answer is that these bytes are for another chain.
 */
export async function sendAll(lane: Lane, sendables: readonly Sendable[], everywhere = false): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  const window = Math.max(1, lane.args.sendWindow)
  for (let at = 0; at < sendables.length; at += window) {
    const group = sendables.slice(at, at + window)
    verdicts.push(...(await sendTogether(lane, group, everywhere)))
    if (at === 0) await reach(lane, 'one-sent')
  }
  if (verdicts.length > 0) {
    await reach(lane, 'all-sent')
    await markSent(lane, verdicts)
    await reach(lane, 'sent-marked')
  }
  stopOnWrongChain(lane, verdicts)
  return verdicts
}

/**
 * At once, in one request where the endpoint takes it. What is not answered in time has perhaps been sent: the text is
 * classified as not known.
 */
async function sendTogether(lane: Lane, group: readonly Sendable[], everywhere: boolean): Promise<Verdict[]> {
  const done = new AbortController()
  const { sendTimeoutMs } = lane.args
  const late = lane.clock.sleep(sendTimeoutMs, AbortSignal.any([done.signal, lane.signal()])).then(() => {
    throw new Error(`no answer in ${sendTimeoutMs} ms`)
  })
  try {
    return await Promise.all(group.map(sendable => sendOne(lane, sendable, everywhere, late)))
  } finally {
    done.abort()
    late.catch(() => {}) // aborted on purpose
  }
}

async function sendOne(
  lane: Lane,
  { hash, nonce, raw }: Sendable,
  everywhere: boolean,
  late: Promise<never>,
): Promise<Verdict> {
  try {
    await Promise.race([lane.args.rpc.sendRaw(raw, everywhere), late])
    return { hash, nonce, reaction: 'accepted', class: null, error: null }
  } catch (error) {
    const said = foreign(error)
    const found = classify(said)
    const { chain, account, metrics } = lane.args
    if (found !== 'KNOWN') metrics?.refused.add(1, { chain, account, class: found })
    return { hash, nonce, reaction: reactionTo(found), class: found, error: said.text.slice(0, 500) }
  }
}

async function markSent(lane: Lane, verdicts: readonly Verdict[]): Promise<void> {
  const now = new Date(lane.clock.now())
  for (const verdict of verdicts) {
    if (verdict.reaction === 'accepted') lane.sentAt.set(verdict.nonce, lane.head?.number ?? 0n)
  }
  await sql`
    update kernel.attempt a set error = n.error,
      state = case when n.accepted and a.state = 'signed' then 'broadcast' else a.state end,
      broadcast_at = case when n.accepted then coalesce(a.broadcast_at, ${now}) else a.broadcast_at end
    from unnest(${verdicts.map(v => v.hash)}::text[], ${verdicts.map(v => v.reaction === 'accepted')}::boolean[],
      ${verdicts.map(v => v.error)}::text[]) as n(hash, accepted, error)
    where a.hash = n.hash and a.state in ('signed', 'broadcast', 'replaced')`.execute(forkOf(lane).getKysely())
}

function stopOnWrongChain(lane: Lane, verdicts: readonly Verdict[]): void {
  const stop = verdicts.find(verdict => verdict.reaction === 'stop')
  if (!stop) return
  throw new WrongChainError(`the nodes of ${lane.args.chain} refuse chain id ${lane.args.chainId}`, {
    facts: { chain: lane.args.chain, chainId: lane.args.chainId, said: stop.error },
  })
}
