/**
 * From accepted wishes to broadcast transactions: read, check, price, sign, commit (T3), send. The hot path; besides
 * the sending itself it asks the chain nothing, except to simulate when nothing of this account is in flight.
 */
import { sql } from 'kysely'
import { whenChainAnswers } from './chain-look.ts'
import { quote, type Fees } from './fees.ts'
import { reach, sayOnce, unsay, type Head, type Lane } from './lane.ts'
import { commitAttempts, fenced, type NewAttempt } from './commit.ts'
import { GROUP_LIMIT, readQueue, type QueuedIntent, type QueueView } from './ledger.ts'
import { nextNonce } from './nonce.ts'
import { reactTo } from './react.ts'
import { sendAll } from './send.ts'
import { sign } from './sign.ts'
import { simulate, withMargin } from './simulate.ts'
import { tell } from './outcomes.ts'

const ROUNDS = 20

/**
 * Sends what is queued, in the order it was accepted, as far as limits, market and funds allow; the rest says why not.
 * Answers what it saw last.
 */
export async function sendQueued(lane: Lane): Promise<QueueView> {
  for (let round = 1; ; round += 1) {
    const view = await readQueue(lane)
    await reach(lane, 'queue-read')
    lane.args.metrics?.inFlight.set(view.inFlight, { chain: lane.args.chain, account: lane.args.account })
    if (view.queued.length === 0 || (await sendGroup(lane, view)) === 'done') return view
    if (round < ROUNDS) continue
    lane.again(0) // blocks and pokes have a turn first
    return view
  }
}

/** `again` when the rows had changed under us, or when something was settled and the next may be tried. */
async function sendGroup(lane: Lane, view: QueueView): Promise<'done' | 'again'> {
  const { head, market } = lane
  if (!head || !market) return 'done'
  const late = view.queued.filter(intent => tooLate(intent, head))
  if (late.length > 0) {
    await endWithoutNonce(
      lane,
      late.map(intent => ({ intent, state: 'cancelled', because: lateReason(intent, head) })),
    )
    return 'again'
  }
  const room = lane.args.limits.maxInFlight - view.inFlight
  if (room <= 0) return waits(lane, view.queued, `${view.inFlight} transactions are in flight, the most allowed`)
  if (lane.hold) return waits(lane, view.queued, lane.hold.because)
  const offer = quote({ market, rules: lane.args.limits, best: null, urgent: urgent(view.queued, head) })
  if (offer.do === 'wait') return tooDear(lane, view.queued, offer.because)
  unsay(lane, 'too-dear')
  return sendPriced(lane, view, view.queued.slice(0, room), offer.fees)
}

async function sendPriced(
  lane: Lane,
  view: QueueView,
  intents: readonly QueuedIntent[],
  fees: Fees,
): Promise<'done' | 'again'> {
  const first = nextNonce(view.highestNonce, lane.latestCount)
  const prepared = await prepare(lane, view.inFlight, intents, first)
  if (prepared.ended) return 'again'
  const signed: NewAttempt[] = []
  for (const [index, { intent, gasLimit }] of prepared.ready.entries()) {
    const draft = { nonce: first + index, to: intent.to, data: intent.data, value: intent.value, gasLimit, fees }
    signed.push({ ...(await sign(lane, draft)), intentId: intent.id, purpose: 'effect' })
  }
  if (signed.length === 0) return 'done'
  await reach(lane, 'attempts-signed')
  if (!(await commitAttempts(lane, signed, 'queued'))) return 'again'
  await reach(lane, 'attempts-committed')
  const verdicts = await sendAll(lane, signed)
  measure(lane, prepared.ready)
  await reactTo(lane, verdicts)
  const more = view.queued.length === GROUP_LIMIT && prepared.ready.length === intents.length
  return more ? 'again' : 'done' // what is wished from now on comes with a poke of its own
}

interface Ready {
  readonly intent: QueuedIntent
  readonly gasLimit: bigint
}

/** Finds every gas limit. The first is simulated when nothing is in flight: nothing else can change its outcome then. */
async function prepare(
  lane: Lane,
  inFlight: number,
  intents: readonly QueuedIntent[],
  nonce: number,
): Promise<{ readonly ready: readonly Ready[]; readonly ended: boolean }> {
  const ready: Ready[] = []
  for (const intent of intents) {
    if (inFlight > 0 || ready.length > 0) {
      if (intent.gasLimit === null) {
        await waits(lane, [intent], 'its gas can be estimated when the earlier transactions of this account are mined')
        break
      }
      ready.push({ intent, gasLimit: intent.gasLimit })
      continue
    }
    const gasLimit = await simulated(lane, intent, nonce)
    if (gasLimit === 'ended') return { ready: [], ended: true }
    if (gasLimit === null) break
    ready.push({ intent, gasLimit })
  }
  return { ready, ended: false }
}

/** Its gas with the margin; `ended` when it reverts and was settled so, null when it must wait. */
async function simulated(lane: Lane, intent: QueuedIntent, nonce: number): Promise<bigint | 'ended' | null> {
  const result = await simulate(lane, intent)
  switch (result.does) {
    case 'run':
      return withMargin(lane, result.gas)
    case 'revert': {
      const { client } = lane.args.rpc
      const { address } = lane.args.signer
      const count = await whenChainAnswers(lane, () => client.getTransactionCount({ address }))
      if (count !== nonce) {
        lane.again(1_000) // the chain is not where we think: a reorganisation, or an endpoint that lags
        await waits(lane, [intent], `simulation: ${result.reason}; waits for the chain to agree with itself`)
        return null
      }
      await endWithoutNonce(lane, [{ intent, state: 'reverted', because: `simulation: ${result.reason}` }])
      return 'ended'
    }
    case 'fail':
      if (intent.gasLimit !== null && result.class === 'AMBIG') return intent.gasLimit
      lane.again(1_000)
      await waits(lane, [intent], `cannot be simulated: ${result.because}`)
      return null
  }
}

const tooLate = (intent: QueuedIntent, head: Head): boolean =>
  intent.notAfterBlock !== null && head.number + 1n > intent.notAfterBlock
const lateReason = (intent: QueuedIntent, head: Head): string =>
  `too late: the next block is ${head.number + 1n}, it had to land by ${intent.notAfterBlock}`

const URGENT_BLOCKS = 3n
const urgent = (intents: readonly QueuedIntent[], head: Head): boolean =>
  intents.some(intent => intent.notAfterBlock !== null && intent.notAfterBlock - head.number <= URGENT_BLOCKS)

interface Ending {
  readonly intent: QueuedIntent
  readonly state: 'cancelled' | 'reverted'
  readonly because: string
}

/** Settles wishes that never had a nonce, and tells their roles. */
async function endWithoutNonce(lane: Lane, endings: readonly Ending[]): Promise<void> {
  const now = new Date(lane.clock.now())
  await fenced(lane, em =>
    sql`update kernel.intent i set state = n.state, because = n.because, settled_at = ${now}, updated_at = ${now}
      from unnest(${endings.map(end => end.intent.id)}::bigint[], ${endings.map(end => end.state)}::text[],
        ${endings.map(end => end.because)}::text[]) as n(id, state, because)
      where i.id = n.id and i.state = 'queued'`.execute(em.getKysely()),
  )
  const { chain, account, metrics } = lane.args
  for (const { intent, state, because } of endings) {
    metrics?.settled.add(1, { chain, account, outcome: state })
    lane.log.info('a wish ended without a transaction', { intent: intent.key, state, because })
  }
  tell(lane, new Set(endings.map(end => end.intent.role)))
}

async function tooDear(lane: Lane, queued: readonly QueuedIntent[], because: string): Promise<'done'> {
  sayOnce(lane, 'too-dear', () => lane.log.warn('waits for cheaper gas', { because }))
  return waits(lane, queued, because)
}

/** Stores the reason with every wish that waits, once. */
async function waits(lane: Lane, queued: readonly QueuedIntent[], because: string): Promise<'done'> {
  await fenced(lane, em =>
    sql`update kernel.intent set because = ${because}, updated_at = ${new Date(lane.clock.now())}
      where id = any(${queued.map(intent => intent.id)}::bigint[]) and state = 'queued'
        and because is distinct from ${because}`.execute(em.getKysely()),
  )
  return 'done'
}

function measure(lane: Lane, sent: readonly Ready[]): void {
  const { chain, account, metrics } = lane.args
  metrics?.sent.add(sent.length, { chain, account })
  const now = lane.clock.now()
  for (const { intent } of sent) {
    metrics?.broadcastSeconds.observe(Math.max(0, now - intent.createdAt) / 1000, { chain, account })
  }
}
