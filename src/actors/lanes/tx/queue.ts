/**
 * From accepted wishes to broadcast transactions: read, check, price, sign, commit (T3), send. The hot path; besides
 * the sending itself it asks the chain nothing, except to simulate when nothing of this account is in flight.
 */
import type { Em } from '../../../entities/orm.ts'
import { budgetedRoles, leftToday, lockBudgets } from './budget.ts'
import { commitAttempts, type NewAttempt } from './commit.ts'
import { endWithoutNonce, lateEnding, park, tooLate, waits, type Parking } from './endings.ts'
import { quote, rulesFor, mostOf, type Fees, type Market } from './fees.ts'
import { byBudget, byMode } from './gate.ts'
import { holdBack } from './held.ts'
import { policyOf, reach, sayOnce, unsay, type Head, type Lane } from './lane.ts'
import { nextNonce } from './nonce.ts'
import { outgoing, type Outgoing } from './outgoing.ts'
import { prepare, type Ready } from './prepare.ts'
import { GROUP_LIMIT, readQueue, type QueuedIntent, type QueueView } from './queued.ts'
import { reactTo } from './react.ts'
import { sendAll } from './send.ts'
import { sidecarFor } from './intent-blobs.ts'
import { sign, signInTime } from './sign.ts'

const ROUNDS = 20

/**
 * Sends what is queued, in the order it was accepted, as far as limits, market and funds allow; the rest says why not.
 * Answers what it saw last.
 */
export async function sendQueued(lane: Lane): Promise<QueueView> {
  const line = outgoing()
  try {
    return await sendRounds(lane, line)
  } finally {
    await line.ended()
  }
}

async function sendRounds(lane: Lane, line: Outgoing): Promise<QueueView> {
  const until = lane.clock.now() + lane.args.leaseMs / 3
  for (let round = 1; ; round += 1) {
    const view = await readQueue(lane)
    await reach(lane, 'queue-read')
    lane.args.metrics?.inFlight.set(view.inFlight, { chain: lane.args.chain, account: lane.args.account })
    if (view.queued.length === 0 || (await sendGroup(lane, line, view)) === 'done') return view
    if (round < ROUNDS && lane.clock.now() < until) continue
    lane.again(0) // blocks and pokes have a turn first
    return view
  }
}

/** `again` when the rows had changed under us, or when something was settled and the next may be tried. */
async function sendGroup(lane: Lane, line: Outgoing, view: QueueView): Promise<'done' | 'again'> {
  const { head, market } = lane
  if (!head || !market) return 'done'
  const late = view.queued.filter(intent => tooLate(intent, head))
  if (late.length > 0) {
    await endWithoutNonce(
      lane,
      late.map(intent => lateEnding(intent, head)),
    )
    return 'again'
  }
  const held = view.queued.filter(intent => byMode(policyOf(lane), intent).do === 'park')
  if (held.length > 0 && (await holdBack(lane, view, held))) return 'again'
  const free = view.queued.filter(intent => !held.includes(intent))
  if (free.length === 0) return 'done'
  return sendFree(lane, line, view, free, { head, market })
}

async function sendFree(
  lane: Lane,
  line: Outgoing,
  view: QueueView,
  queued: readonly QueuedIntent[],
  { head, market }: { readonly head: Head; readonly market: Market },
): Promise<'done' | 'again'> {
  const room = lane.args.limits.maxInFlight - view.inFlight
  if (room <= 0) return waits(lane, queued, `${view.inFlight} transactions are in flight, the most allowed`)
  if (lane.hold) return waits(lane, queued, lane.hold.because)
  const alike = sameKind(view, queued)
  if (alike.length === 0) return waits(lane, queued, OTHER_KIND)
  const blobs = (alike[0]?.blobCount ?? 0) > 0
  lane.wantsBlobs = blobs
  if (blobs && market.blobBaseFee === undefined) return waits(lane, queued, 'the price of blob gas is not known yet')
  const asked = { market, best: null, versions: 0, blocksLeft: blocksLeft(alike, head), blobs }
  const offer = quote({ ...asked, rules: lane.args.limits })
  if (offer.do === 'wait') return tooDear(lane, queued, offer.because)
  unsay(lane, 'too-dear')
  const affordable: Priced[] = []
  for (const intent of alike.slice(0, room)) {
    if (intent.maxFeePerGas === null) {
      affordable.push({ intent, fees: offer.fees })
      continue
    }
    const own = quote({ ...asked, rules: rulesFor(lane.args.limits, intent.maxFeePerGas) })
    if (own.do === 'pay') affordable.push({ intent, fees: own.fees })
    else await waits(lane, [intent], own.because)
  }
  return affordable.length === 0 ? 'done' : sendPriced(lane, line, view, affordable)
}

interface Priced {
  readonly intent: QueuedIntent
  readonly fees: Fees
}

const OTHER_KIND =
  'blobs and other transactions of one account exclude each other: waits until those in flight are mined'

/** Nodes refuse a blob transaction beside others of the account, and others beside it. */
function sameKind(view: QueueView, queued: readonly QueuedIntent[]): QueuedIntent[] {
  const carries = (queued[0]?.blobCount ?? 0) > 0
  if (view.inFlight > 0 && carries !== view.inFlightBlobs > 0) return []
  const other = queued.findIndex(intent => intent.blobCount > 0 !== carries)
  return queued.slice(0, other < 0 ? queued.length : other)
}

async function sendPriced(
  lane: Lane,
  line: Outgoing,
  view: QueueView,
  priced: readonly Priced[],
): Promise<'done' | 'again'> {
  const first = nextNonce(view.highestNonce, lane.latestCount)
  const intents = priced.map(({ intent }) => intent)
  const prepared = await prepare(lane, view.inFlight, intents, first)
  if (prepared.ended) return 'again'
  const fees = new Map(priced.map(one => [one.intent.id, one.fees]))
  const allowed = await withinBudgets(lane, prepared.ready, fees)
  if (allowed.length === 0) return prepared.ready.length > 0 ? 'again' : 'done'
  const { signed, late, down } = await signInTime(lane, allowed, async ({ intent, gasLimit }, index) => {
    const { id, version, to, data, value } = intent
    const price = fees.get(id)
    const sidecar = await sidecarFor(lane, intent)
    if (!price || sidecar === 'none') return null
    const draft = { nonce: first + index, to, data, value, gasLimit, fees: price, sidecar }
    return { ...(await sign(lane, draft)), intentId: id, version, purpose: 'effect' as const }
  })
  const done = allowed.slice(0, signed.length)
  const sent = signed.length > 0 ? await commitAndSend(lane, line, done, signed, budgetGuard(lane, done, fees)) : 'none'
  if (down) throw down
  if (sent !== 'done') return sent === 'none' ? 'done' : 'again'
  const more = view.queued.length === GROUP_LIMIT && signed.length === intents.length
  return more || late ? 'again' : 'done' // what is wished from now on comes with a poke of its own
}

/** `done` when they are committed and on their way, behind the group before; `again` when the rows had changed. */
async function commitAndSend(
  lane: Lane,
  line: Outgoing,
  intents: readonly Ready[],
  signed: readonly NewAttempt[],
  allowed: ReturnType<typeof budgetGuard>,
): Promise<'done' | 'again'> {
  await reach(lane, 'attempts-signed')
  if (!(await commitAttempts(lane, signed, 'queued', allowed))) return 'again'
  await reach(lane, 'attempts-committed')
  await line.next(async () => {
    const verdicts = await sendAll(lane, signed)
    measure(lane, intents)
    await reactTo(lane, verdicts)
  })
  return 'done'
}

/** Where other accounts spend of the same budgets: whether they still hold all of these, with nobody else spending. */
function budgetGuard(
  lane: Lane,
  ready: readonly Ready[],
  fees: ReadonlyMap<string, Fees>,
): ((em: Em) => Promise<boolean>) | undefined {
  const roles = budgetedRoles(
    lane,
    ready.map(({ intent }) => intent.role),
  )
  if (roles.length === 0) return undefined
  return async em => {
    await lockBudgets(lane, em, roles)
    const left = await leftToday(lane, roles, em)
    return ready.every(one => byBudget(left, one.intent, mostFor(one, fees)).do === 'send')
  }
}

const mostFor = ({ intent, gasLimit }: Ready, fees: ReadonlyMap<string, Fees>): bigint => {
  const price = fees.get(intent.id)
  return price ? intent.value + mostOf(price, gasLimit, intent.blobCount) : 0n
}

/** Those that today's budgets hold; the others are parked. */
async function withinBudgets(
  lane: Lane,
  ready: readonly Ready[],
  fees: ReadonlyMap<string, Fees>,
): Promise<readonly Ready[]> {
  const left = await leftToday(lane, new Set(ready.map(({ intent }) => intent.role)))
  const over: Parking[] = []
  const within = ready.filter(one => {
    const { intent, gasLimit } = one
    const cost = mostFor(one, fees)
    const passage = byBudget(left, intent, cost)
    if (passage.do === 'send') return true
    const { number } = lane.head ?? { number: 0n }
    const at = new Date(lane.clock.now()).toISOString()
    const known = { gas: gasLimit.toString(), maxCostWei: cost.toString(), block: number.toString(), at }
    over.push({ ...passage, intent, simulation: { outcome: 'runs', reason: null, ...known } })
    return false
  })
  await park(lane, over)
  return within
}

/** Of the one that is closest to its deadline; null when none has one. */
const blocksLeft = (intents: readonly QueuedIntent[], head: Head): number | null =>
  intents.reduce<number | null>((least, { notAfterBlock }) => {
    if (notAfterBlock === null) return least
    const left = Number(notAfterBlock - head.number)
    return least === null || left < least ? left : least
  }, null)

async function tooDear(lane: Lane, queued: readonly QueuedIntent[], because: string): Promise<'done'> {
  sayOnce(lane, 'too-dear', () => lane.log.warn('waits for cheaper gas', { because }))
  return waits(lane, queued, because)
}

function measure(lane: Lane, sent: readonly Ready[]): void {
  const { chain, account, metrics } = lane.args
  metrics?.sent.add(sent.length, { chain, account })
  const now = lane.clock.now()
  for (const { intent } of sent) {
    metrics?.broadcastSeconds.observe(Math.max(0, now - intent.createdAt) / 1000, { chain, account })
  }
}
