/**
 * One pass over the sessions: what is due is tried on the chain, what may be closed becomes a wish. Decisions, wishes and
 * states are written together (T2); each wait is stored with its reason once, not at every block.
 */
import type { Address, PublicClient } from 'viem'
import type { Clock } from '../../clock.ts'
import { Session, type Family } from '../../entities/finalizer/session.ts'
import { Decision as DecisionRow } from '../../entities/kernel/decision.ts'
import type { Em } from '../../entities/orm.ts'
import { wishAll, type Wish } from '../lanes/wish.ts'
import { finalizeCall, type Generation } from './contracts.ts'
import { tryAll } from './dry-run.ts'
import type { FamilyPlan } from './families.ts'
import { nameOf, ROLE } from './outcomes.ts'
import { decide, type Decision, type Rules, type SessionView, type Trial, type View } from './policy.ts'
import {
  applyChanges,
  countInFlight,
  familiesThatTell,
  loadDiscovered,
  loadDue,
  type Change,
  type Heads,
} from './session-book.ts'

export interface CloserRules {
  readonly chain: string
  readonly account: string
  readonly from: Address
  readonly generation: Generation
  readonly plans: readonly FamilyPlan[]
  readonly confirmations: number
  readonly policy: Rules
}

export interface PassInput {
  readonly em: Em
  readonly client: PublicClient
  readonly rules: CloserRules
  readonly heads: Heads
  readonly unusable: ReadonlyMap<Family, string>
  readonly paused: string | null
  readonly clock: Clock
  readonly jitter: number
}

export interface Passed {
  readonly decisions: readonly Decision[]
  readonly finalize: number
  /** Whether another pass may find more to do at once. */
  readonly more: boolean
}

/** New sessions described in one pass; a long history is described over several. */
const DISCOVERED_AT_ONCE = 1_000

/** Throws the transient error of an outage, with nothing written that was not also sent on its way. */
export async function closeDue(input: PassInput): Promise<Passed> {
  const { em, client, rules, heads, clock } = input
  const tells = await familiesThatTell(em, rules.chain)
  const usable = rules.plans.map(({ family }) => family).filter(family => !input.unusable.has(family))
  const limit = rules.policy.maxPerPass
  const query = { chain: rules.chain, head: heads.head, now: new Date(clock.now()), usable, tells, limit }
  const due = await loadDue(em, query, rules.policy)
  const fresh = await loadDiscovered(em, rules.chain, tells, DISCOVERED_AT_ONCE)
  const sessions = [...due, ...fresh.filter(({ id }) => due.every(other => other.id !== id))]
  if (sessions.length === 0) return { decisions: [], finalize: 0, more: false }

  const view: View = {
    ...heads,
    now: clock.now(),
    jitter: input.jitter,
    paused: input.paused,
    unusable: input.unusable,
    inFlight: await countInFlight(em, rules.chain),
    funds: due.length === 0 ? null : await readFunds(client, rules.from),
    trials: new Map(),
  }
  const first = decide(sessions, view, rules.policy)
  const trials = await tryDue(client, rules, first)
  const decisions = trials.size === 0 ? first : decide(sessions, { ...view, trials }, rules.policy)
  const finalize = await store(em, rules, decisions, clock)
  const acted = decisions.some(decision => decision.do !== 'wait')
  return { decisions, finalize, more: (acted && due.length >= limit) || fresh.length >= DISCOVERED_AT_ONCE }
}

async function readFunds(client: PublicClient, address: Address): Promise<View['funds']> {
  const [balance, gasPrice] = await Promise.all([client.getBalance({ address }), client.getGasPrice()])
  return { balance, gasPrice }
}

async function tryDue(
  client: PublicClient,
  rules: CloserRules,
  decisions: readonly Decision[],
): Promise<Map<bigint, Trial>> {
  const ready = decisions.flatMap(decision => (decision.do === 'try' ? [decision.session] : []))
  const calls = ready.map(session => callOf(session, rules))
  const answers = await tryAll(client, calls)
  return new Map(answers.flatMap((answer, at) => (ready[at] === undefined ? [] : [[ready[at].id, answer] as const])))
}

function callOf({ family, originChainId, originHeight }: SessionView, { plans, from, generation }: CloserRules) {
  const plan = plans.find(known => known.family === family)
  if (plan === undefined) throw new Error(`there is no contract for ${family} sessions`) // such are never due
  const id = { chainId: originChainId, blockHeight: originHeight }
  return { from, to: plan.contract, data: finalizeCall(family, generation, id) }
}

/** T2. Answers how many wishes were made. */
async function store(em: Em, rules: CloserRules, decisions: readonly Decision[], clock: Clock): Promise<number> {
  const news = decisions.filter(isNews)
  if (news.length === 0) return 0
  const now = new Date(clock.now())
  return em.transactional(async tx => {
    const changed = await applyChanges(tx, news.map(changeOf), now)
    const held = news.filter(({ session }) => changed.has(session.id))
    for (const decision of held) tx.create(DecisionRow, rowOf(decision, now))
    await tx.flush()
    const sent = held.filter(decision => decision.do === 'finalize')
    await submit(tx, rules, sent, clock)
    return sent.length
  })
}

/** A wait that was stored before is no news, and neither is a try that nobody made. */
const isNews = (decision: Decision): boolean =>
  decision.do === 'wait'
    ? decision.session.because !== decision.rule || decision.session.state === 'discovered'
    : decision.do !== 'try'

function changeOf(decision: Decision): Change {
  const { session } = decision
  const { id } = session
  switch (decision.do) {
    case 'wait':
      return { id, state: session.state === 'failed' ? 'failed' : 'waiting', because: decision.rule }
    case 'try':
      return { id, state: 'ready', because: 'ready' }
    case 'finalize':
      return { id, state: 'ready', because: decision.because }
    case 'concede':
      return { id, state: 'finalized-by-other', because: decision.because, nextAttemptAt: null }
    case 'drop':
      return { id, state: 'dropped', because: decision.because, nextAttemptAt: null }
    case 'retry':
      return {
        id,
        state: 'failed',
        because: decision.because,
        attempts: session.attempts + 1,
        nextAttemptAt: decision.at,
      }
  }
}

function rowOf(decision: Decision, at: Date) {
  const { family, deadline } = decision.session
  const because = decision.do === 'wait' ? decision.rule : decision.do === 'try' ? 'ready' : decision.because
  return {
    role: ROLE,
    subject: nameOf(decision.session),
    choice: decision.do,
    because,
    details: { family, deadline: deadline === null ? null : String(deadline) },
    decidedAt: at,
    repeatedAt: at,
    times: 1,
  }
}

/** The wishes of sessions that were ready a moment ago in this transaction. */
async function submit(
  tx: Em,
  rules: CloserRules,
  decisions: readonly Extract<Decision, { do: 'finalize' }>[],
  clock: Clock,
): Promise<void> {
  const ids = decisions.map(({ session }) => session.id)
  const rows = await tx.find(Session, { id: { $in: ids } }, { refresh: true })
  const sessions = new Map(rows.map(session => [session.id, session]))
  const wishes = decisions.flatMap(({ session: seen, gasLimit }): Wish[] => {
    const session = sessions.get(seen.id)
    if (session === undefined) return []
    const wanted = wishFor(seen, session.wishes + 1, gasLimit, rules)
    Object.assign(session, { state: 'submitted', intentKey: wanted.key, wishes: session.wishes + 1 })
    return [wanted]
  })
  await wishAll(tx, wishes, clock)
  await tx.flush()
}

/** The number makes the wish after one that came to nothing another one; the same try is always the same wish. */
function wishFor(session: SessionView, number: number, gasLimit: bigint, rules: CloserRules): Wish {
  const { chain, account, confirmations } = rules
  const { to, data } = callOf(session, rules)
  return {
    key: `${ROLE}/${chain}/${session.family}/${session.originChainId}:${session.originHeight}/${number}`,
    role: ROLE,
    subject: nameOf(session),
    chain,
    account,
    to,
    data,
    value: 0n,
    gasLimit,
    notAfterBlock: null,
    confirmations,
    traceId: null,
    maxFeePerGas: rules.policy.maxGasPrice,
  }
}
