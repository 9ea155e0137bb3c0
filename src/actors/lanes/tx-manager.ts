/**
 * The one sender of a (chain, account): turns wishes (wish.ts) into transactions that happen once, whatever dies.
 *
 * Wakes on `look`, on blocks, on reorganisations and on its own slow timer. Holds the lane's lease; a second daemon with
 * the same account stays passive and says who is sending. All state is rows: see tx/lane.ts for what is kept in memory.
 */
import { DatabaseDownError } from '../../entities/errors.ts'
import { isOutage } from '../../entities/outage.ts'
import { defineActor, type Context } from '../kit/actor.ts'
import { FencedOffError, SignerDownError } from './errors.ts'
import type { TxManagerMessage } from './tx-manager-messages.ts'
import { foreign } from './tx/classify.ts'
import { forkOf, laneName, reach, sayOnce, unsay, type Lane, type TxManagerArgs } from './tx/lane.ts'
import { fenced } from './tx/commit.ts'
import { lookAtFunds, registerAccounts } from './tx/funds.ts'
import { releaseLease, takeLease } from './tx/lease.ts'
import { tellUntold } from './tx/outcomes.ts'
import { bumpNow, pass, sendNow } from './tx/pass.ts'

export const txManager = defineActor<TxManagerArgs, TxManagerMessage, Lane>({
  kind: 'tx-manager',
  mailbox: {
    capacity: 256,
    overflow: 'coalesce',
    key: message => (message.type === 'bump' ? `bump ${message.intentKey}` : message.type),
  },
  deadlineMs: 120_000,
  start(args, ctx) {
    ctx.every(Math.min(args.tickMs, Math.ceil(args.leaseMs / 3)), { type: 'tick' })
    ctx.send(ctx.self, { type: 'tick' })
    return laneFor(args, ctx)
  },
  async receive(lane, message) {
    try {
      if (await holdsLane(lane)) await handle(lane, message)
    } catch (error) {
      waitOut(lane, error)
    }
    return lane
  },
  async stop(lane) {
    if (lane.fence !== null) await releaseLease(forkOf(lane), laneName(lane.args), lane.args.holder, lane.fence)
  },
})

async function handle(lane: Lane, message: TxManagerMessage): Promise<void> {
  switch (message.type) {
    case 'look':
      return sendNow(lane)
    case 'SyncBlock':
      return pass(lane)
    case 'Reorg':
      lane.recheck = true
      return pass(lane)
    case 'tick':
      await fenced(lane, async () => {}) // extends the lease
      await pass(lane)
      await lookAtFunds(lane)
      return tellUntold(lane)
    case 'bump':
      return bumpNow(lane, message.intentKey)
  }
}

/** True when this daemon may send. A lane that was just taken forgets all it knew: others have written since. */
async function holdsLane(lane: Lane): Promise<boolean> {
  if (lane.fence !== null) return true
  const { holder, leaseMs } = lane.args
  const answer = await takeLease(forkOf(lane), laneName(lane.args), holder, leaseMs)
  if (answer.held) {
    forget(lane)
    await registerAccounts(lane)
    lane.fence = answer.fence
    unsay(lane, 'passive')
    lane.log.debug('sends for this account', { fence: answer.fence.toString() })
    await reach(lane, 'lease-taken')
    return true
  }
  sayOnce(lane, 'passive', () => lane.log.warn('another daemon sends for this account', { holder: answer.holder }))
  lane.again(answer.freeInMs + 50)
  return false
}

function forget(lane: Lane): void {
  Object.assign(lane, freshMemory())
  for (const memory of [lane.reprice, lane.gapSince, lane.sentAt]) memory.clear()
}

/** An outage is waited out here without losing the place; everything else is for the supervisor. */
function waitOut(lane: Lane, error: unknown): void {
  if (error instanceof FencedOffError) {
    lane.fence = null
    lane.again(1_000)
    return sayOnce(lane, 'passive', () => lane.log.warn('lost the lane to another daemon', error.facts))
  }
  if (error instanceof SignerDownError) {
    lane.again(2_000)
    return lane.log.warn('the signer does not answer', { because: foreign(error.cause).text })
  }
  if (isOutage(error)) throw new DatabaseDownError('the database does not answer', { cause: error })
  throw error
}

type Forgettable =
  | 'head'
  | 'latestCount'
  | 'market'
  | 'scanned'
  | 'hold'
  | 'lagging'
  | 'recheck'
  | 'wantsBlobs'
  | 'fundsAt'
  | 'fundsNonce'
  | 'pace'
  | 'parkedAt'

const freshMemory = (): Pick<Lane, Forgettable> => ({
  head: null,
  latestCount: 0,
  market: null,
  scanned: null,
  hold: null,
  lagging: 0,
  wantsBlobs: false,
  fundsAt: 0,
  fundsNonce: -1,
  pace: null,
  parkedAt: 0,
  recheck: true, // nothing in memory is proof that mined ones still stand
})

function laneFor(args: TxManagerArgs, ctx: Context<TxManagerMessage>): Lane {
  return {
    ...freshMemory(),
    args,
    log: ctx.log,
    clock: ctx.clock,
    signal: () => ctx.signal,
    send: (to, message) => ctx.send(to, message),
    again: planner(ctx),
    fence: null,
    reprice: new Set(),
    gapSince: new Map(),
    sentAt: new Map(),
    signerChecked: false,
    said: new Set(),
  }
}

const noTimer = (): void => {}

/** A successor takes over within two seconds of the lease's end: no wait is stretched by more than a part of that. */
const MOST_JITTER_MS = 1_000

/** Plans one `tick`, the soonest that was asked for, a little jittered. */
function planner(ctx: Context<TxManagerMessage>): (ms: number) => void {
  let due: number | null = null
  let cancel = noTimer
  return ms => {
    const at = ctx.clock.now() + ms
    if (due !== null && due > ctx.clock.now() && due <= at) return
    cancel()
    due = at
    cancel = ctx.after(ms + ctx.random() * Math.min(ms / 5, MOST_JITTER_MS), { type: 'tick' })
  }
}
