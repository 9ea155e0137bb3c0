/**
 * One session against a sequence of answers. What the contract says is met in the dry run, before anything is signed; all
 * else is the lane's: its error table, its settling by receipts, its nonces and its replacements decide here as they do
 * in the daemon.
 */
import { Type, type Static } from 'typebox'
import { trialOf } from '../../../src/actors/finalizer/dry-run.ts'
import { classifyRevert } from '../../../src/actors/finalizer/revert.ts'
import { classify, foreign, reactionTo, type Reaction } from '../../../src/actors/lanes/tx/classify.ts'
import { quote, type FeeRules, type Fees } from '../../../src/actors/lanes/tx/fees.ts'
import { nextNonce } from '../../../src/actors/lanes/tx/nonce.ts'
import { settle, type Evidence } from '../../../src/actors/lanes/tx/settle.ts'
import type { CaseOutcome } from '../index.ts'
import { eachCase, type CaseFile } from './case-files.ts'
import { decideOne } from './rules.ts'

const Answer = Type.Union([
  Type.Literal('ok'),
  Type.Literal('revert'),
  Type.Literal('timeout'),
  Type.Object({ sendError: Type.Object({ code: Type.Integer(), message: Type.String() }) }),
])
const Case = Type.Object({
  rpc: Type.Array(Answer, { minItems: 1 }),
  chainNonces: Type.Array(Type.Integer({ minimum: 0 }), { minItems: 1 }),
  required: Type.Object({
    session: Type.String(),
    nonceAfter: Type.Optional(Type.Integer()),
    note: Type.Optional(Type.String()),
  }),
})
type Case = Static<typeof Case>

export const sendOutcomes = (file: CaseFile): AsyncIterable<CaseOutcome> =>
  eachCase(file, Case, one => {
    const run = replay(one)
    const { session, nonceAfter } = one.required
    const known = REQUIREMENTS.find(([words]) => words.test(session))
    if (known === undefined) return `the requirement "${session}" is not one that can be checked`
    if (nonceAfter !== undefined && run.nonceAfter !== nonceAfter)
      return `the nonce after is ${run.nonceAfter}, expected ${nonceAfter}`
    const broken = LAWS.find(law => !law.holds(run))
    if (broken !== undefined) return `${broken.says}: found ${JSON.stringify(run)}`
    return known[1](run) ? null : `required: ${session}; found ${JSON.stringify(run)}`
  })

interface Run {
  /** What the contract's answer made the finalizer decide in the dry run; null when it lets the call through. */
  readonly decided: string | null
  readonly steps: readonly Step[]
  readonly nonceAfter: number
}

interface Step {
  readonly met: string
  /** What the lane does about a refused broadcast; null when there was none. */
  readonly reaction: Reaction | null
  /** What then became of the wish. */
  readonly state: string
  readonly nonce: number
  /** In percent of the attempt before; null when nothing was replaced. */
  readonly price: number | null
}

function replay({ rpc, chainNonces }: Case): Run {
  const [first = 0] = chainNonces
  const decided = dryRun(rpc[0])
  if (decided !== null) return { decided, steps: [], nonceAfter: first }
  const steps: Step[] = []
  const metTimeout = (): boolean => steps.some(step => step.met === 'timeout' && step.nonce === nonce)
  let nonce = nextNonce(null, first)
  let fees = offer(null)
  let refreshed = 0
  for (const answer of rpc) {
    const step = { met: typeof answer === 'string' ? answer : answer.sendError.message, nonce }
    if (answer === 'ok' || answer === 'revert') {
      steps.push({ ...step, reaction: null, state: settled(nonce, answer === 'ok'), price: null })
      return { decided, steps, nonceAfter: nextNonce(nonce, nonce + 1) }
    }
    const reaction = answer === 'timeout' ? null : reactionTo(classify(foreign(errorOf(answer))))
    if (reaction === 'look') {
      refreshed += 1
      const count = chainNonces[refreshed] ?? nonce + 1 // the nonce was used, so the count is beyond it
      // by the one that was sent and had no receipt yet, if there is one; else by somebody else
      const found = metTimeout() ? evidence(nonce, true, false) : evidence(nonce, null, true)
      const { state } = settle(standing(nonce), found)
      steps.push({ ...step, reaction, state, price: null })
      if (state === 'confirmed') return { decided, steps, nonceAfter: nextNonce(nonce, nonce + 1) }
      nonce = nextNonce(null, count)
    } else if (reaction === null || reaction === 'reprice') {
      const raised = offer(fees)
      steps.push({
        ...step,
        reaction,
        state: 'sent',
        price: Number((raised.maxFeePerGas * 1000n) / fees.maxFeePerGas) / 10,
      })
      fees = raised
    } else {
      const { state } = settle(standing(nonce), evidence(nonce, null, false))
      steps.push({ ...step, reaction, state, price: null })
      if (reaction === 'accepted') return { decided, steps, nonceAfter: nonce + 1 }
    }
  }
  return { decided, steps, nonceAfter: nonce }
}

/** A node that refuses the raw transaction with the contract's words answers the same to the call before it. */
function dryRun(answer: Case['rpc'][number] | undefined): string | null {
  if (answer === undefined || typeof answer === 'string') return null
  const { message } = answer.sendError
  if (classifyRevert(message) === 'unknownRevert' && !/revert/i.test(message)) return null
  return decideOne(100n, 101n, trialOf(errorOf(answer)))?.do ?? null
}

const errorOf = ({ sendError }: Exclude<Case['rpc'][number], string>): Error =>
  Object.assign(new Error(sendError.message), { code: sendError.code })

const standing = (nonce: number) => ({ nonce, confirmations: 1, finality: null, cancelBecause: null })

function evidence(nonce: number, succeeded: boolean | null, stranger: boolean): Evidence {
  const receipt = succeeded === null ? null : { block: 1n, blockHash: '0x', succeeded, gasUsed: 90_000n }
  return {
    head: 10n,
    tagged: new Map(),
    strangerBlock: stranger ? 1n : null,
    attempts: [{ id: '1', purpose: 'effect', nonce, receipt }],
  }
}

const settled = (nonce: number, succeeded: boolean): string =>
  settle(standing(nonce), evidence(nonce, succeeded, false)).state

const GWEI = 10n ** 9n
const FEES: FeeRules = {
  maxFeePerGasWei: 100n * GWEI,
  maxPriorityFeePerGasWei: 50n * GWEI,
  minPriorityFeePerGasWei: GWEI / 10n,
  maxFeePerBlobGasWei: GWEI,
  bumpPercent: 12,
}

/** The fees of the next version, or those of before when the ceiling is reached. */
function offer(best: Fees | null): Fees {
  const market = { nextBaseFee: GWEI, suggested: GWEI }
  const quoted = quote({ market, rules: FEES, best, blocksLeft: null, versions: 1, blobs: false })
  if (quoted.do === 'pay') return quoted.fees
  if (best === null) throw new Error(quoted.because)
  return best
}

/** How often a transaction is replaced before the ceiling ends it; it says why it waits then. */
function replacements(): { readonly times: number; readonly because: string } {
  let best: Fees | null = null
  for (let times = 0; times < 1_000; times += 1) {
    const market = { nextBaseFee: GWEI, suggested: GWEI }
    const quoted = quote({ market, rules: FEES, best, blocksLeft: null, versions: times, blobs: false })
    if (quoted.do === 'wait') return { times, because: quoted.because }
    best = quoted.fees
  }
  return { times: Number.POSITIVE_INFINITY, because: '' }
}

const last = ({ steps }: Run): Step | undefined => steps.at(-1)
const errors = ({ steps }: Run): readonly Step[] => steps.filter(({ reaction }) => reaction !== null)
/** Nothing takes another nonce without the proof that its own was used by somebody else. */
const keepsItsNonce = ({ steps }: Run): boolean =>
  steps.every((step, at) => at === 0 || step.nonce === steps[at - 1]?.nonce || steps[at - 1]?.state === 'queued')

/** What holds of every case, whatever its own requirement says (reference 3.5). */
const LAWS: readonly { readonly says: string; readonly holds: (run: Run) => boolean }[] = [
  { says: 'a nonce changed without the proof that somebody else used it', holds: run => keepsItsNonce(run) },
  { says: 'a stuck transaction was not replaced for at least 10 percent more', holds: run => everyReplaced(run) },
  { says: 'an error got another reaction than the reference wants', holds: run => run.steps.every(reactsRightly) },
]

/** The reactions that the reference names; of the rest it wants no more than that nothing is lost. */
const REACTIONS: readonly (readonly [RegExp, Reaction])[] = [
  [/nonce too low/i, 'look'],
  [/already known/i, 'accepted'],
  [/replacement transaction underpriced/i, 'reprice'],
  [/insufficient funds/i, 'hold'],
]

function reactsRightly({ met, reaction }: Step): boolean {
  const named = REACTIONS.find(([words]) => words.test(met))
  return named === undefined || reaction === named[1]
}

const confirmed = (run: Run): boolean => last(run)?.state === 'confirmed'
/** It may still be sent: no state that ends it, and its bytes or its turn are kept. */
const kept = (run: Run): boolean =>
  run.decided === null && run.steps.every(({ state }) => state !== 'cancelled' && state !== 'reverted')

/** The first whose words are in the requirement says what is checked. */
const REQUIREMENTS: readonly (readonly [RegExp, (run: Run) => boolean])[] = [
  [/already finalized|by (someone|somebody) else/, run => run.decided === 'concede'],
  [/\bdropped\b/, run => run.decided === 'drop'],
  [/not past|deadline|(next|later) (observer )?block/, run => run.decided === 'wait'],
  [/\bclassif|reclassif/, run => last(run)?.state === 'reverted'],
  [/wait for the receipt/, run => last(run)?.reaction === 'accepted' && last(run)?.state === 'sent'],
  [/receipt/, confirmed],
  [/bounded replacements/, () => replacements().times < 100 && replacements().because !== ''],
  [/bounded/, kept],
  [/paused/, run => kept(run) && errors(run).length > 0 && errors(run).every(({ reaction }) => reaction === 'hold')],
  [
    /refresh/,
    run => {
      const looks = errors(run).filter(({ reaction }) => reaction === 'look')
      return looks.length > 0 && looks.every(({ state }) => state === 'queued') && (confirmed(run) || !endsWell(run))
    },
  ],
  [/replac|10 percent|same nonce/, run => prices(run).length > 0 && (confirmed(run) || !endsWell(run))],
  [/^sent\b/, confirmed],
  [/back.?off|queued|\bretr/, run => run.decided === 'retry' || kept(run)],
]

const prices = ({ steps }: Run): readonly Step[] => steps.filter(({ price }) => price !== null)
/** The last answer of the case is a mined transaction. */
const endsWell = (run: Run): boolean => last(run)?.met === 'ok'

const everyReplaced = ({ steps }: Run): boolean =>
  steps.every(({ met, price, reaction }) =>
    met === 'timeout' || reaction === 'reprice' ? price !== null && price >= 110 : true,
  )
