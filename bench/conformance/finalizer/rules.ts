/**
 * The policy's rules: when a session may be sent, and what the contract's answers mean.
 */
import { Type } from 'typebox'
import { trialOf } from '../../../src/actors/finalizer/dry-run.ts'
import {
  decide,
  past,
  type Decision,
  type Rules,
  type SessionView,
  type Trial,
  type View,
} from '../../../src/actors/finalizer/policy.ts'
import { classifyRevert, reasonIn } from '../../../src/actors/finalizer/revert.ts'
import type { CaseOutcome } from '../index.ts'
import { Decimal, difference, eachCase, Hex, type CaseFile } from './case-files.ts'

/** As configured by default, but that every case is small. */
export const policyRules: Rules = {
  graceBlocks: 0,
  maxPerPass: 10,
  maxInFlight: 10,
  gasLimit: 300_000n,
  gasMarginPercent: 20,
  maxGasPrice: null,
  minGasPrice: 0n,
  originChains: new Set(),
  heightFloor: { specimen: 0n, result: 0n },
  requireSubmission: true,
  retryMinMs: 1_000,
  retryMaxMs: 60_000,
  maxAttempts: 8,
}

const SESSION: SessionView = {
  id: 1n,
  family: 'specimen',
  originChainId: 1n,
  originHeight: 10n,
  deadline: 100n,
  state: 'waiting',
  submissions: null,
  closed: false,
  nextAttemptAt: 0,
  attempts: 0,
  because: null,
}

/** What the policy decides about one session at this block, with the contract's answer if one was had. */
export function decideOne(deadline: bigint, head: bigint, trial?: Trial): Decision | undefined {
  const view: View = {
    head,
    tip: head,
    now: 1,
    jitter: 0,
    paused: null,
    unusable: new Map(),
    inFlight: 0,
    funds: null,
    trials: new Map(trial === undefined ? [] : [[SESSION.id, trial]]),
  }
  return decide([{ ...SESSION, deadline }], view, policyRules)[0]
}

const Readiness = Type.Object({ deadline: Decimal, observerHeight: Decimal, ready: Type.Boolean() })

export const readiness = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  eachCase(file, Readiness, ({ deadline, observerHeight, ready }) => {
    const [due, head] = [BigInt(deadline), BigInt(observerHeight)]
    return difference([past(due, head), decideOne(due, head)?.do === 'try'], [ready, ready])
  })

const Revert = Type.Object({
  revertData: Hex,
  reason: Type.Union([Type.String(), Type.Null()]),
  expectedClass: Type.String(),
})

const DOES: Readonly<Record<string, Decision['do']>> = {
  wait: 'wait',
  alreadyFinalized: 'concede',
  notStarted: 'drop',
  unknownRevert: 'retry',
}

export const revertClassification = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  eachCase(file, Revert, ({ revertData, reason, expectedClass }) => {
    const data = revertData as `0x${string}`
    // as a node answers it: the data beside the message
    const trial = trialOf(Object.assign(new Error('execution reverted'), { code: 3, data }))
    const said = trial.does === 'revert' ? trial.reason : trial.because
    // without a reason people are told what else the data say: a panic, an error of the contract's own
    const reasons = [reasonIn(data), reason === null ? null : said]
    const found = [...reasons, classifyRevert(said), decideOne(100n, 101n, trial)?.do]
    return difference(found, [reason, reason, expectedClass, DOES[expectedClass]])
  })
