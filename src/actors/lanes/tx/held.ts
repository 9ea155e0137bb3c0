/**
 * Oversight and dry run: what a role may not send by itself is simulated and parked with the outcome, for a person to
 * decide. One that reverts ends as it would if it were live, so that its role learns of it in the same way.
 */
import { quote, rulesFor, type Fees } from './fees.ts'
import { endWithoutNonce, lateEnding, park, tooLate, type Parking } from './endings.ts'
import { byBudget, byMode } from './gate.ts'
import { leftToday } from './budget.ts'
import { fenced } from './commit.ts'
import { sql } from 'kysely'
import { policyOf, type Lane } from './lane.ts'
import { nextNonce } from './nonce.ts'
import { endReverting, stored } from './prepare.ts'
import { readParked, type ParkedIntent, type QueuedIntent, type QueueView } from './queued.ts'
import { simulate } from './simulate.ts'

/** Simulated in one go; the rest has its turn in the next. */
const AT_ONCE = 16
/** A simulation is made again when it is older. */
const STALE_MS = 60_000
/** Parked ones are looked at this often. */
const REVIEW_MS = 2_000

/** Parks these, or ends those that revert while nothing is in flight. True when anything changed. */
export async function holdBack(lane: Lane, view: QueueView, held: readonly QueuedIntent[]): Promise<boolean> {
  const parkings: Parking[] = []
  let ended = 0
  for (const intent of held.slice(0, AT_ONCE)) {
    const passage = byMode(policyOf(lane), intent)
    if (passage.do === 'send') continue
    const result = await simulate(lane, intent)
    if (result.does === 'revert' && view.inFlight === 0) {
      const nonce = nextNonce(view.highestNonce, lane.latestCount)
      if (await endReverting(lane, intent, result.reason, nonce)) ended += 1
      continue
    }
    parkings.push({ ...passage, intent, simulation: stored(lane, intent, result, feesNow(lane, intent)) })
  }
  await park(lane, parkings)
  return parkings.length + ended > 0
}

/**
 * Looks again at what is parked: what is too late ends, what the configuration, the day or a person lets go is queued
 * again, and simulations that people look at are kept fresh.
 */
export async function reviewParked(lane: Lane): Promise<void> {
  const { head } = lane
  const now = lane.clock.now()
  if (!head || now - lane.parkedAt < REVIEW_MS) return
  lane.parkedAt = now
  const parked = await readParked(lane)
  if (parked.length === 0) return
  const late = parked.filter(intent => tooLate(intent, head))
  if (late.length > 0) {
    await endWithoutNonce(
      lane,
      late.map(intent => lateEnding(intent, head)),
    )
  }
  const rest = parked.filter(intent => !late.includes(intent))
  const free = await released(lane, rest)
  await queueAgain(lane, free)
  await refresh(
    lane,
    rest.filter(intent => !free.includes(intent)),
  )
}

/** Those that would be sent if they were wished for now. One that a person parked stays until a person acts. */
async function released(lane: Lane, parked: readonly ParkedIntent[]): Promise<ParkedIntent[]> {
  const left = await leftToday(lane, new Set(parked.map(intent => intent.role)))
  return parked.filter(intent => {
    if (intent.parkedFor === 'person' || byMode(policyOf(lane), intent).do === 'park') return false
    if (intent.parkedFor !== 'budget') return true
    return byBudget(left, intent, BigInt(intent.simulation?.maxCostWei ?? 0)).do === 'send'
  })
}

async function queueAgain(lane: Lane, free: readonly ParkedIntent[]): Promise<void> {
  if (free.length === 0) return
  await fenced(lane, em =>
    sql`update kernel.intent set state = 'queued', parked_for = null, because = null, simulation = null,
        updated_at = ${new Date(lane.clock.now())}
      where id = any(${free.map(intent => intent.id)}::bigint[]) and state = 'parked'`.execute(em.getKysely()),
  )
  lane.log.info('parked wishes go on', { count: free.length })
}

async function refresh(lane: Lane, parked: readonly ParkedIntent[]): Promise<void> {
  const stale = parked.filter(({ parkedFor, simulation }) => {
    const at = simulation === null ? 0 : Date.parse(simulation.at)
    return (parkedFor === 'approval' || parkedFor === 'dry-run') && lane.clock.now() - at >= STALE_MS
  })
  for (const intent of stale.slice(0, AT_ONCE)) {
    const fresh = stored(lane, intent, await simulate(lane, intent), feesNow(lane, intent))
    await fenced(lane, em =>
      sql`update kernel.intent set simulation = ${JSON.stringify(fresh)}::jsonb
        where id = ${intent.id} and state = 'parked'`.execute(em.getKysely()),
    )
  }
}

/** What it would offer now; null when the ceiling forbids it or the chain was not looked at. */
function feesNow(lane: Lane, intent: QueuedIntent): Fees | null {
  if (!lane.market) return null
  const rules = rulesFor(lane.args.limits, intent.maxFeePerGas)
  const blobs = intent.blobCount > 0
  const offer = quote({ market: lane.market, rules, best: null, blocksLeft: null, versions: 0, blobs })
  return offer.do === 'pay' ? offer.fees : null
}
