/**
 * Replacements at the same nonce: a better price for what waits too long, and no-ops that take a nonce back.
 * Every replacement is a row before it is sent; the older versions stay evidence, any of them may be the one mined.
 */
import { sql } from 'kysely'
import type { Address, Hex } from 'viem'
import { leftToday } from './budget.ts'
import { fitsMarket, mostOf, quote, rulesFor, type Fees, type Quote } from './fees.ts'
import { byBudget } from './gate.ts'
import { sidecarOf } from './intent-blobs.ts'
import { forkOf, reach, sayOnce, unsay, type Lane } from './lane.ts'
import { commitAttempts, fenced, type NewAttempt } from './commit.ts'
import type { OpenAttempt, OpenIntent } from './ledger.ts'
import { reactTo } from './react.ts'
import { rows } from './rows.ts'
import { sendAll } from './send.ts'
import { sign, signInTime } from './sign.ts'
import { simulate, withMargin, type Call } from './simulate.ts'

/**
 * Signs and sends what is due: a no-op for each one that is taken back, and a bump for what waits longer than
 * `bumpAfterMs`, that a node finds too cheap, or that a person named. What the ceiling forbids waits and says so.
 */
export async function replaceWhereDue(lane: Lane, open: readonly OpenIntent[], forced?: string): Promise<void> {
  const pending = open.filter(intent => intent.state !== 'mined' && intent.nonce >= lane.latestCount)
  const lowest = pending[0]
  const due = pending.filter(intent => intent.key === forced || isDue(lane, intent, intent === lowest))
  if (due.length === 0) return
  const affordable: { readonly intent: OpenIntent; readonly fees: Fees }[] = []
  for (const intent of due) {
    const fees = await affordableFees(lane, intent)
    if (fees) affordable.push({ intent, fees })
  }
  const { signed, late, down } = await signInTime(lane, affordable, ({ intent, fees }) =>
    signReplacement(lane, intent, fees),
  )
  await commitAndSend(
    lane,
    signed.filter(attempt => attempt.purpose === 'effect'),
    'sent',
  )
  await commitAndSend(
    lane,
    signed.filter(attempt => attempt.purpose === 'cancel'),
    'cancelling',
  )
  if (late) lane.again(0)
  if (down) throw down
}

function isDue(lane: Lane, intent: OpenIntent, lowest: boolean): boolean {
  const newest = intent.attempts.at(-1)
  if (!newest || !lane.market) return false
  if (intent.cancelBecause !== null && newest.purpose === 'effect') return true
  if (lane.hold) return false // a better price does not help against missing funds or a full pool
  if (lane.reprice.has(intent.nonce)) return true
  const waited = lane.clock.now() - newest.signedAt
  return waited >= lane.args.limits.bumpAfterMs && (lowest || !fitsMarket(newest.fees, lane.market))
}

async function affordableFees(lane: Lane, intent: OpenIntent): Promise<Fees | null> {
  if (intent.blobCount > 0) lane.wantsBlobs = true
  if (!lane.market || !lane.head) return null
  const offer = await withinBudget(
    lane,
    intent,
    quote({
      market: lane.market,
      rules: rulesFor(lane.args.limits, intent.maxFeePerGas),
      best: nobodyHas(intent) ? null : bestFees(intent.attempts),
      blocksLeft: intent.notAfterBlock === null ? null : Number(intent.notAfterBlock - lane.head.number),
      versions: intent.attempts.length,
      blobs: intent.blobCount > 0,
    }),
  )
  if (offer.do === 'pay') {
    unsay(lane, 'replacement')
    return offer.fees
  }
  sayOnce(lane, 'replacement', () =>
    lane.log.warn('a transaction waits in the pool, its price cannot be raised', {
      intent: intent.key,
      because: offer.because,
    }),
  )
  if (intent.because !== offer.because) await noteWhy(lane, intent, offer.because)
  return null
}

/**
 * Taken back before any node took it: its no-op replaces nothing, so that a version at the ceiling can be taken back. Only
 * the first no-op may think so; when a node has something after all, the next one offers more.
 */
const nobodyHas = ({ cancelBecause, attempts }: OpenIntent): boolean =>
  cancelBecause !== null && attempts.length === 1 && attempts[0]?.state === 'signed'

/** A better price must fit today's budgets as well; taking a nonce back always may. */
async function withinBudget(lane: Lane, intent: OpenIntent, offer: Quote): Promise<Quote> {
  if (offer.do === 'wait' || intent.cancelBecause !== null) return offer
  const gasLimit = intent.attempts.at(-1)?.gasLimit ?? 0n
  const more = intent.value + mostOf(offer.fees, gasLimit, intent.blobCount) - intent.reservedWei
  if (more <= 0n) return offer
  const { role, overBudget } = intent
  const passage = byBudget(await leftToday(lane, [role]), { role, overBudget, approved: true }, more)
  return passage.do === 'send' ? offer : { do: 'wait', because: `a better price: ${passage.because}` }
}

/** The most that any attempt offers, field by field: a node may hold any of them. */
function bestFees(attempts: readonly OpenAttempt[]): Fees {
  const most = (pick: (fees: Fees) => bigint): bigint =>
    attempts.reduce((best, { fees }) => (pick(fees) > best ? pick(fees) : best), 0n)
  return {
    maxFeePerGas: most(fees => fees.maxFeePerGas),
    maxPriorityFeePerGas: most(fees => fees.maxPriorityFeePerGas),
    maxFeePerBlobGas: most(fees => fees.maxFeePerBlobGas ?? 0n),
  }
}

async function signReplacement(lane: Lane, intent: OpenIntent, fees: Fees): Promise<NewAttempt> {
  const purpose = intent.cancelBecause === null ? 'effect' : 'cancel'
  const call = purpose === 'cancel' ? noop(lane) : await callOf(lane, intent)
  const gasLimit = purpose === 'cancel' ? await noopGas(lane) : (intent.attempts.at(-1)?.gasLimit ?? 21_000n)
  const sidecar = intent.blobCount > 0 ? await sidecarOf(lane, intent.id) : null // nodes refuse to replace blobs by none
  const draft = { ...call, nonce: intent.nonce, gasLimit, fees, sidecar }
  return { ...(await sign(lane, draft)), intentId: intent.id, purpose }
}

/** A transfer of nothing to ourselves. */
export const noop = (lane: Lane): Call => ({ to: lane.args.signer.address, data: '0x', value: 0n })

/** 21000, or what the chain says where that is not enough. */
export async function noopGas(lane: Lane): Promise<bigint> {
  const result = await simulate(lane, noop(lane))
  return result.does === 'run' ? withMargin(lane, result.gas) : 21_000n
}

async function callOf(lane: Lane, intent: OpenIntent): Promise<Call> {
  const [found] = await rows<{ to: Address; data: Hex; value: string }>(
    forkOf(lane),
    sql`select "to", data, value::text from kernel.intent where id = ${intent.id}`,
  )
  if (!found) throw new Error(`intent ${intent.id} is gone`) // rows of the kernel are never deleted while open
  return { ...found, value: BigInt(found.value) }
}

async function commitAndSend(
  lane: Lane,
  signed: readonly NewAttempt[],
  expected: 'sent' | 'cancelling',
): Promise<void> {
  if (signed.length === 0) return
  await reach(lane, 'replacement-signed')
  if (!(await commitAttempts(lane, signed, expected))) return lane.again(100) // changed in between: look again
  await reach(lane, 'replacement-committed')
  const { chain, account, metrics } = lane.args
  metrics?.replaced.add(signed.length, { chain, account })
  lane.log.info('replaced transactions in the pool', { nonces: signed.map(attempt => attempt.nonce), expected })
  for (const attempt of signed) lane.reprice.delete(attempt.nonce)
  await reactTo(lane, await sendAll(lane, signed))
}

async function noteWhy(lane: Lane, intent: OpenIntent, because: string): Promise<void> {
  await fenced(lane, em =>
    sql`update kernel.intent set because = ${because}, updated_at = ${new Date(lane.clock.now())}
      where id = ${intent.id} and settled_at is null`.execute(em.getKysely()),
  )
}
