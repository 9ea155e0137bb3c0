/**
 * What happens next with a session, when, and what is missing: `session/CHAIN:HEIGHT`, of either family or both.
 */
import { Closing, Session, Submission } from '../../entities/finalizer/session.ts'
import { Attempt, Intent } from '../../entities/kernel/intent.ts'
import type { Em } from '../../entities/orm.ts'
import type { Explanation, RoleContext } from '../../role.ts'
import type { FinalizerConfig } from './config.ts'
import { becauseOf, nextOf, outlook } from './outlook.ts'
import { count, groupsOf, INITIAL_RULES } from './quorum.ts'
import { closerRules } from './rules.ts'

type Ctx = RoleContext<FinalizerConfig>

const SUBJECT = /^session\/(\d{1,20}):(\d{1,20})(?:[:/](specimen|result))?$/

/** Null for anything that is not spelled as a session, and for sessions nobody has seen. */
export async function explainFinalizer(context: Ctx, subject: string): Promise<Explanation | null> {
  const [, chain, height, family] = SUBJECT.exec(subject) ?? []
  if (chain === undefined || height === undefined) return null
  const em = context.orm().em.fork()
  const found = await em.find(
    Session,
    {
      chain: context.config.chain,
      originChainId: BigInt(chain),
      originHeight: BigInt(height),
      ...(family !== undefined && { family: family as Session['family'] }), // one of the two by the pattern
    },
    { orderBy: { family: 'desc' } },
  )
  const told = await outlook(context, em)
  const decisions = told.decide(found)
  const { confirmations } = closerRules(context)
  const each = await Promise.all(
    found.map(async session => {
      const decision = decisions.get(session.id)
      return {
        family: session.family,
        state: session.state,
        next: nextOf(session, decision, told.heads, confirmations),
        because: becauseOf(session, decision),
        ...(await detailsOf(em.fork(), session, context.config.generation)),
      }
    }),
  )
  const [first, second] = each
  if (first === undefined) return null
  const all = (text: (one: (typeof each)[number]) => string | null): string | null =>
    second === undefined ? text(first) : each.map(one => `${one.family}: ${text(one) ?? '-'}`).join(' · ')
  return {
    subject,
    state: all(one => one.state) ?? first.state,
    next: all(one => one.next) ?? first.next,
    because: all(one => one.because),
    details: { head: told.heads === null ? null : String(told.heads.head), sessions: each },
  }
}

async function detailsOf(em: Em, session: Session, generation: string): Promise<Record<string, unknown>> {
  const { chain, family, originChainId, originHeight } = session
  const key = { chain, family, originChainId, originHeight }
  const submissions = await em.find(Submission, key, { orderBy: { blockNumber: 'asc', logIndex: 'asc' }, limit: 1_000 })
  const closings = await em.find(Closing, key, { orderBy: { blockNumber: 'asc', logIndex: 'asc' } })
  const agreement = count(groupsOf(submissions), { ...INITIAL_RULES, inclusive: generation === '2024' })
  return {
    contract: session.contract,
    deadline: text(session.deadline),
    startBlock: text(session.startBlock),
    startTx: session.startTx ?? null,
    submissions: session.submissions,
    agreement:
      agreement.leading === null
        ? null
        : { ...agreement.leading, of: agreement.submissions, reachesQuorum: agreement.reached },
    attempts: session.attempts,
    nextAttemptAt: session.nextAttemptAt?.toISOString() ?? null,
    closings: closings.map(({ event, outcome, agreedHash, txHash, blockNumber }) => ({
      event,
      outcome: outcome ?? null,
      agreedHash: agreedHash ?? null,
      txHash,
      block: text(blockNumber),
    })),
    transaction: session.intentKey == null ? null : await transactionOf(em, session.intentKey),
  }
}

async function transactionOf(em: Em, key: string): Promise<Record<string, unknown> | null> {
  const intent = await em.findOne(Intent, { key })
  if (intent === null) return null
  const attempts = await em.find(Attempt, { intent: intent.id }, { orderBy: { id: 'asc' } })
  const { state, because, nonce, minedHash } = intent
  return {
    key,
    state,
    because: because ?? null,
    nonce: nonce ?? null,
    hashes: attempts.map(({ hash }) => hash),
    minedHash: minedHash ?? null,
    minedBlock: text(intent.minedBlock),
  }
}

const text = (value: bigint | null | undefined): string | null => (value == null ? null : String(value))
