/**
 * Decides, for every open session, whether to close it now; each wait carries its reason. Pure: the rules of the reference
 * (3.5, 4) and nothing else.
 *
 * A session that nothing keeps waiting is first tried on the chain without a transaction (`try`); the same rules with the
 * answer as `trial` then say what follows.
 */
import { formatGwei } from 'viem'
import type { Family, SessionState } from '../../entities/finalizer/session.ts'
import { classifyRevert } from './revert.ts'

export interface SessionView {
  readonly id: bigint
  readonly family: Family
  readonly originChainId: bigint
  readonly originHeight: bigint
  /** Null when its start is not known. */
  readonly deadline: bigint | null
  readonly state: SessionState
  /** Null when the source does not tell of submissions. */
  readonly submissions: number | null
  readonly closed: boolean
  /** Milliseconds since the epoch; null when it failed for good. */
  readonly nextAttemptAt: number | null
  readonly attempts: number
  readonly because: string | null
}

/** What the contract answers when the call is made without a transaction. */
export type Trial =
  | { readonly does: 'run'; readonly gas: bigint }
  | { readonly does: 'revert'; readonly reason: string | null }
  /** The node could not say. */
  | { readonly does: 'fail'; readonly because: string }

export interface View {
  /** The newest block whose facts are in the database, and the newest of the chain. */
  readonly head: bigint
  readonly tip: bigint
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Uniform in [0, 1), for the spread of retries. */
  readonly jitter: number
  readonly paused: string | null
  /** Why a family's contract cannot be used. */
  readonly unusable: ReadonlyMap<Family, string>
  /** Sessions whose transaction is under way. */
  readonly inFlight: number
  /** Wei of the account and the price per unit of gas; null when nobody knows, and nobody is kept from trying. */
  readonly funds: { readonly balance: bigint; readonly gasPrice: bigint } | null
  readonly trials: ReadonlyMap<bigint, Trial>
}

export interface Rules {
  readonly graceBlocks: number
  readonly maxPerPass: number
  readonly maxInFlight: number
  readonly gasLimit: bigint
  readonly gasMarginPercent: number
  readonly maxGasPrice: bigint | null
  readonly minGasPrice: bigint
  /** Empty: all. */
  readonly originChains: ReadonlySet<bigint>
  readonly heightFloor: Readonly<Record<Family, bigint>>
  readonly requireSubmission: boolean
  readonly retryMinMs: number
  readonly retryMaxMs: number
  readonly maxAttempts: number
}

export type Decision = { readonly session: SessionView } & (
  | {
      readonly do: 'wait'
      readonly because: string
      /** Rule that holds it, without numbers that change by themselves. */ readonly rule: string
    }
  | { readonly do: 'try' }
  | { readonly do: 'finalize'; readonly gasLimit: bigint; readonly because: string }
  /** Somebody else closed it. */
  | { readonly do: 'concede'; readonly because: string }
  | { readonly do: 'drop'; readonly because: string }
  /** Tried in vain; `at` is null when that was the last time. */
  | { readonly do: 'retry'; readonly because: string; readonly at: number | null }
)

/** Blocks the facts may lag behind the chain before nothing is decided on them. */
const MAX_LAG = 8n

/** The decisions in the order of `sessions`, which is the order in which they get what is scarce. */
export function decide(sessions: readonly SessionView[], view: View, rules: Rules): Decision[] {
  let room = Math.min(rules.maxPerPass, Math.max(0, rules.maxInFlight - view.inFlight))
  const paid = affordable(view.funds, rules)
  let calls = paid === null ? null : paid - BigInt(view.inFlight) // what is under way is not spent yet
  return sessions.map((session): Decision => {
    const held = heldBy(session, view, rules)
    if (held !== null) return { do: 'wait', session, ...held }
    const trial = view.trials.get(session.id)
    if (trial !== undefined && trial.does !== 'run') return afterTrial(session, trial, view, rules)
    if (trial !== undefined && trial.gas > rules.gasLimit) {
      const because = `it needs ${trial.gas} gas, more than finalizer.gas_limit ${rules.gasLimit} allows`
      return { do: 'wait', session, because, rule: 'over finalizer.gas_limit' }
    }
    const scarce = scarcity(room, calls, view, rules)
    if (scarce !== null) return { do: 'wait', session, ...scarce }
    room -= 1
    if (calls !== null) calls -= 1n
    return trial === undefined ? { do: 'try', session } : finalize(session, trial.gas, rules)
  })
}

interface Held {
  readonly because: string
  readonly rule: string
}

const held = (because: string, rule = because): Held => ({ because, rule })

/** What keeps this session waiting whatever else is going on; null when nothing does. */
export function heldBy(session: SessionView, view: View, rules: Rules): Held | null {
  const { deadline, family } = session
  if (session.closed) return held('it is closed, and waits for the configured confirmations')
  if (deadline === null) return held('its start has not been seen')
  if (rules.originChains.size > 0 && !rules.originChains.has(session.originChainId)) {
    return held(`origin chain ${session.originChainId} is not in finalizer.origin_chains`)
  }
  if (rules.heightFloor[family] > 0n && session.originHeight <= rules.heightFloor[family]) {
    return held(`its height is not above finalizer.${family}_floor ${rules.heightFloor[family]}`)
  }
  const early = beforeTime(deadline, view.head, rules.graceBlocks)
  if (early !== null) return early
  if (rules.requireSubmission && session.submissions === 0) return held('no submission to reward')
  if (session.state === 'failed' && session.nextAttemptAt === null) {
    return held(`given up after ${session.attempts} tries: ${session.because ?? 'no reason'}`)
  }
  if (session.nextAttemptAt !== null && session.nextAttemptAt > view.now) {
    const seconds = Math.ceil((session.nextAttemptAt - view.now) / 1000)
    return held(`next try in ${seconds} s: ${session.because ?? 'it failed'}`, session.because ?? 'it failed')
  }
  const unusable = view.unusable.get(family)
  if (unusable !== undefined) return held(unusable)
  if (view.paused !== null) return held(view.paused)
  if (view.tip - view.head > MAX_LAG) {
    return held(`${view.tip - view.head} blocks of the chain are still to be read`, 'the chain is being read')
  }
  return null
}

/** In the deadline block itself it is still too early. */
export const past = (deadline: bigint, head: bigint): boolean => deadline < head

function beforeTime(deadline: bigint, head: bigint, graceBlocks: number): Held | null {
  if (!past(deadline, head)) {
    const left = deadline - head
    const because = left === 0n ? 'its deadline is this block' : `deadline in ${blocks(left)}`
    return held(because, `before its deadline, block ${deadline}`)
  }
  const due = deadline + BigInt(graceBlocks)
  if (past(due, head)) return null
  return held(`${blocks(due - head + 1n)} of grace left`, `in its grace blocks, up to ${due}`)
}

const blocks = (count: bigint): string => (count === 1n ? '1 block' : `${count} blocks`)

/** How many calls the balance pays for at the most; null when nobody knows. */
export function affordable(funds: View['funds'], rules: Pick<Rules, 'gasLimit' | 'minGasPrice'>): bigint | null {
  if (funds === null) return null
  const price = funds.gasPrice > rules.minGasPrice ? funds.gasPrice : rules.minGasPrice
  return price === 0n ? null : funds.balance / (price * rules.gasLimit)
}

function scarcity(room: number, calls: bigint | null, { funds, inFlight }: View, rules: Rules): Held | null {
  const { maxGasPrice } = rules
  if (funds !== null && maxGasPrice !== null && funds.gasPrice > maxGasPrice) {
    const price = `the gas price of ${formatGwei(funds.gasPrice)} gwei`
    return held(
      `${price} is above finalizer.max_gas_price ${formatGwei(maxGasPrice)} gwei`,
      'the gas price is too high',
    )
  }
  if (calls !== null && calls <= 0n) {
    const left = affordable(funds, rules) ?? 0n
    return left === 0n
      ? held('account has gas for 0 calls')
      : held(`account has gas for ${left} calls, and that many are under way`, 'account has no gas for more calls')
  }
  if (room > 0) return null
  return inFlight >= rules.maxInFlight
    ? held(`${inFlight} transactions are under way, as many as finalizer.max_in_flight allows`, 'enough is under way')
    : held(`over ${rules.maxPerPass} per pass`)
}

/** The limit of the transaction: the estimate with a margin, but never above the configured ceiling. */
function finalize(session: SessionView, gas: bigint, rules: Rules): Decision {
  const padded = (gas * BigInt(100 + rules.gasMarginPercent) + 99n) / 100n
  const gasLimit = padded < rules.gasLimit ? padded : rules.gasLimit
  return { do: 'finalize', session, gasLimit, because: `past its deadline, block ${session.deadline}` }
}

function afterTrial(session: SessionView, trial: Exclude<Trial, { does: 'run' }>, view: View, rules: Rules): Decision {
  if (trial.does === 'fail') {
    return { do: 'wait', session, because: `the node cannot say: ${trial.because}`, rule: 'the node cannot say' }
  }
  switch (classifyRevert(trial.reason)) {
    case 'wait': {
      const because = 'the contract says: Session not past deadline; tried again at the next block'
      return { do: 'wait', session, because, rule: because }
    }
    case 'alreadyFinalized':
      return { do: 'concede', session, because: 'the contract says: Session cannot be finalized; somebody closed it' }
    case 'notStarted':
      return { do: 'drop', session, because: 'the contract says: Session not started' }
    case 'unknownRevert':
      return failed(
        session,
        `the contract says: ${trial.reason ?? 'nothing, it reverts without a reason'}`,
        view,
        rules,
      )
  }
}

/** A failed try: the next one comes later each time, until there is none. */
export function failed(
  session: SessionView,
  because: string,
  { now, jitter }: Pick<View, 'now' | 'jitter'>,
  { retryMinMs, retryMaxMs, maxAttempts }: Pick<Rules, 'retryMinMs' | 'retryMaxMs' | 'maxAttempts'>,
): Decision {
  const tries = session.attempts + 1
  if (tries >= maxAttempts) return { do: 'retry', session, because, at: null }
  const wait = Math.min(retryMaxMs, retryMinMs * 2 ** Math.min(session.attempts, 30))
  return { do: 'retry', session, because, at: now + Math.round(wait * (1 + jitter / 5)) }
}
