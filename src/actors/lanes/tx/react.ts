/**
 * What the lane does after the endpoints answered. None of it decides an outcome; it only chooses what to try next.
 */
import { sql } from 'kysely'
import { sayOnce, unsay, type Lane } from './lane.ts'
import { fenced } from './commit.ts'
import type { Verdict } from './send.ts'

const SOON_MS = 500
const RETRY_MS = 1_000

/** Reacts to every answer: pauses signing, plans another look, marks nonces for a better price, gives nonces back. */
export async function reactTo(lane: Lane, verdicts: readonly Verdict[]): Promise<void> {
  for (const verdict of verdicts) {
    switch (verdict.reaction) {
      case 'accepted':
        lane.reprice.delete(verdict.nonce)
        for (const topic of ['hold', 'refused']) unsay(lane, topic)
        break
      case 'look':
      case 'resend':
        lane.again(RETRY_MS)
        sayOnce(lane, 'refused', () => logRefusal(lane, verdict))
        break
      case 'reprice':
        lane.reprice.add(verdict.nonce)
        lane.again(SOON_MS)
        break
      case 'hold':
        hold(lane, verdict)
        break
      case 'give-back':
        await giveBack(lane, verdict)
        break
      case 'stop':
        break // sendAll throws when there is nothing else to do
    }
  }
}

function hold(lane: Lane, verdict: Verdict): void {
  const because = holdReason(verdict)
  lane.hold = { because, sinceBlock: lane.head?.number ?? 0n }
  lane.again(RETRY_MS)
  sayOnce(lane, 'hold', () =>
    lane.log[verdict.class === 'FUNDS' || verdict.class === 'NODE_CAP' ? 'error' : 'warn']('the lane waits', {
      because,
      nonce: verdict.nonce,
    }),
  )
}

function holdReason({ class: found, error }: Verdict): string {
  if (found === 'FUNDS') return `the account lacks funds: ${error}`
  if (found === 'NODE_CAP') return `the node refuses fees this high: ${error}`
  return `the node takes no more at the moment: ${error}`
}

/** While the lane stops, what it was sending is cut off: that is no news. */
const logRefusal = (lane: Lane, verdict: Verdict): void =>
  lane.log[lane.signal().aborted ? 'debug' : 'warn']('no endpoint took a transaction; the same bytes are sent again', {
    nonce: verdict.nonce,
    class: verdict.class,
    said: verdict.error,
  })

/**
 * These bytes can never be valid, says a node. Its nonce is taken back with a no-op; which of the two lands is decided
 * by receipts, as always.
 */
async function giveBack(lane: Lane, verdict: Verdict): Promise<void> {
  const because = `the node refuses it for good: ${verdict.error}`
  sayOnce(lane, `never ${verdict.hash}`, () =>
    lane.log.error('a transaction can never be valid', { nonce: verdict.nonce, said: verdict.error }),
  )
  await fenced(lane, em =>
    sql`update kernel.intent i set state = 'cancelling', cancel_because = ${because}, because = ${because},
        updated_at = ${new Date(lane.clock.now())}
      from kernel.attempt a
      where a.intent_id = i.id and a.hash = ${verdict.hash} and a.purpose = 'effect' and i.state = 'sent'`.execute(
      em.getKysely(),
    ),
  )
  lane.again(RETRY_MS)
}
