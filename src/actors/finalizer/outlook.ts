/**
 * What the policy would say of sessions right now, for people: the same rules as those that decide, on the facts of now.
 */
import type { Session, SessionState } from '../../entities/finalizer/session.ts'
import type { Em } from '../../entities/orm.ts'
import type { RoleContext } from '../../role.ts'
import type { FinalizerConfig } from './config.ts'
import { pausedBy } from './coordinator.ts'
import { readsChain } from './families.ts'
import { decide, type Decision, type View } from './policy.ts'
import { sourceName } from './proof-source.ts'
import { closerRules } from './rules.ts'
import { countInFlight, familiesThatTell, loadHeads, viewOf, type Heads } from './session-book.ts'

type Ctx = RoleContext<FinalizerConfig>

/** How things stand: what every answer to a person needs. */
export interface Outlook {
  readonly heads: Heads | null
  readonly view: View
  /** What is decided about each; null before the first block, and for sessions nothing is decided about any more. */
  decide(sessions: readonly Session[]): Map<bigint, Decision>
}

export async function outlook(context: Ctx, em: Em): Promise<Outlook> {
  const { config, clock } = context
  const rules = closerRules(context)
  const sources = readsChain(config) ? rules.plans.map(({ family, from }) => ({ name: sourceName(family), from })) : []
  const heads = await loadHeads(em, config.chain, sources)
  const tells = await familiesThatTell(em, config.chain)
  const view: View = {
    head: heads?.head ?? 0n,
    tip: heads?.tip ?? 0n,
    now: clock.now(),
    jitter: 0,
    paused: await pausedBy(em),
    unusable: new Map(),
    inFlight: await countInFlight(em, config.chain),
    funds: await funds(context),
    trials: new Map(),
  }
  const decideNow: Outlook['decide'] = sessions => {
    if (heads === null) return new Map()
    const open = sessions.filter(({ state }) => UNSENT.has(state)).map(session => viewOf(session, tells))
    return new Map(decide(open, view, rules.policy).map(decision => [decision.session.id, decision]))
  }
  return { heads, view, decide: decideNow }
}

const UNSENT: ReadonlySet<string> = new Set(['discovered', 'waiting', 'ready', 'failed'])

/** Null when the chain does not answer: then nobody is told a wrong number. */
async function funds({ config, chain, addressOf }: Ctx): Promise<View['funds']> {
  try {
    const { client } = chain(config.chain)
    const address = addressOf(config.account)
    const [balance, gasPrice] = await Promise.all([client.getBalance({ address }), client.getGasPrice()])
    return { balance, gasPrice }
  } catch {
    return null // an outage; readiness says so
  }
}

/** The sentence an operator reads first about a session. */
export function nextOf(
  session: Session,
  decision: Decision | undefined,
  heads: Heads | null,
  confirmations: number,
): string {
  const state: SessionState = session.state
  switch (state) {
    case 'submitted':
      return 'Its transaction is under way.'
    case 'mined': {
      const left = (session.closedBlock ?? 0n) + BigInt(confirmations) - (heads?.head ?? 0n)
      return `Its transaction is mined; it is final in ${left > 0n ? left : 0n} blocks.`
    }
    case 'finalized':
      return 'Nothing: it is closed by a transaction of ours.'
    case 'finalized-by-other':
      return 'Nothing: somebody else closed it.'
    case 'dropped':
      return 'Nothing, unless its start comes back.'
    case 'discovered':
    case 'waiting':
    case 'ready':
    case 'failed':
      return unsentNext(session, decision, heads)
  }
}

function unsentNext(
  { deadline, nextAttemptAt, state }: Session,
  decision: Decision | undefined,
  heads: Heads | null,
): string {
  if (decision?.do === 'try') return 'It is due: it is tried and sent at the next look.'
  if (state === 'failed' && nextAttemptAt == null) return 'Nothing by itself: run-once tries it again.'
  if (deadline == null) return 'Nothing: its start lies before what is read.'
  const early = heads === null || deadline >= heads.head
  return early ? `It is tried in the first block after its deadline, ${deadline}.` : 'It is sent when that is over.'
}

/** Why it stands as it does. */
export const becauseOf = (session: Session, decision: Decision | undefined): string | null =>
  decision?.do === 'wait' ? decision.because : decision === undefined ? (session.because ?? null) : null
