/**
 * T4: what the evidence says becomes rows, in one commit under the lane's fence; then the roles are told to look.
 * Telling is a poke; the outbox is the row itself, which stays untold until the role acknowledges it.
 */
import { sql } from 'kysely'
import type { Address, Hex } from 'viem'
import { SETTLED_STATES, type IntentState } from '../../../entities/kernel/intent.ts'
import type { Em } from '../../../entities/orm.ts'
import { forkOf, reach, type Lane } from './lane.ts'
import { fenced } from './commit.ts'
import type { OpenIntent } from './ledger.ts'
import { rows } from './rows.ts'
import { settle, type Evidence, type Outcome, type Receipt } from './settle.ts'
import { replay } from './simulate.ts'

interface Change {
  readonly intent: OpenIntent
  readonly outcome: Outcome
  readonly because: string | null
}

/** Decides, stores and tells. Answers the intents as they now are, without those that settled or lost their nonce. */
export async function applyEvidence(
  lane: Lane,
  open: readonly OpenIntent[],
  evidence: ReadonlyMap<string, Evidence>,
): Promise<OpenIntent[]> {
  const outcomes = new Map<string, Outcome>()
  for (const intent of open) {
    const known = evidence.get(intent.id)
    if (known) outcomes.set(intent.id, settle(intent, known))
  }
  const changed = open.filter(intent => changes(intent, outcomes.get(intent.id)))
  if (changed.length > 0) await store(lane, await withReasons(lane, changed, outcomes))
  return open.flatMap(intent => stillOpen(intent, outcomes.get(intent.id)))
}

function changes(intent: OpenIntent, outcome: Outcome | undefined): boolean {
  if (!outcome) return false
  if (outcome.state === 'sent' || outcome.state === 'cancelling') {
    return outcome.state !== intent.state || (outcome.because !== null && outcome.because !== intent.because)
  }
  if (outcome.state !== 'mined' || intent.state !== 'mined') return true
  const before = intent.attempts.find(attempt => attempt.state === 'mined')
  return before?.id !== outcome.by.id || before.minedBlockHash !== outcome.by.receipt.blockHash
}

async function withReasons(
  lane: Lane,
  changed: readonly OpenIntent[],
  outcomes: ReadonlyMap<string, Outcome>,
): Promise<Change[]> {
  const all: Change[] = []
  for (const intent of changed) {
    const outcome = outcomes.get(intent.id)
    if (outcome) all.push({ intent, outcome, because: await reasonOf(lane, intent, outcome) })
  }
  return all
}

async function reasonOf(lane: Lane, intent: OpenIntent, outcome: Outcome): Promise<string | null> {
  if ('because' in outcome) return outcome.because
  if (outcome.state === 'cancelled') return intent.cancelBecause
  if (outcome.state !== 'reverted') return null
  const [call] = await rows<{ to: Address; data: Hex; value: string }>(
    forkOf(lane),
    sql`select "to", data, value::text from kernel.intent where id = ${intent.id}`,
  )
  if (!call) return null
  return replay(lane, { ...call, value: BigInt(call.value) }, outcome.by.receipt.block)
}

const isSettled = (state: IntentState): boolean => SETTLED_STATES.some(settled => settled === state)
type Mined = Receipt & { readonly attempt: string; readonly effect: boolean }
const minedBy = (outcome: Outcome): Mined | null =>
  'by' in outcome && outcome.by
    ? { ...outcome.by.receipt, attempt: outcome.by.id, effect: outcome.by.purpose === 'effect' }
    : null

async function store(lane: Lane, list: readonly Change[]): Promise<void> {
  await reach(lane, 'evidence-read')
  const now = new Date(lane.clock.now())
  const stored = await fenced(lane, async em => {
    const valid = await stillWanted(em, list)
    await storeLosers(em, valid)
    await storeMined(em, valid, now)
    await storeIntents(em, valid, now)
    return valid
  })
  await reach(lane, 'outcomes-committed')
  if (stored.length < list.length) lane.again(100)
  report(lane, stored)
  const settled = stored.filter(change => isSettled(change.outcome.state))
  tell(lane, new Set(settled.map(change => change.intent.role)))
  await reach(lane, 'roles-told')
}

/** Without those that would get another nonce and were taken back since they were read: the next look ends them. */
async function stillWanted(em: Em, list: readonly Change[]): Promise<readonly Change[]> {
  const again = list.filter(({ outcome }) => outcome.state === 'queued').map(({ intent }) => intent.id)
  if (again.length === 0) return list
  const found = await rows<{ id: string }>(
    em,
    sql`select id::text from kernel.intent where id = any(${again}::bigint[]) and cancel_because is null for update`,
  )
  const wanted = new Set(found.map(({ id }) => id))
  return list.filter(({ intent, outcome }) => outcome.state !== 'queued' || wanted.has(intent.id))
}

/** Attempts that are not (any more) the mined one: dead for good when the intent ended or lost its nonce. */
async function storeLosers(em: Em, list: readonly Change[]): Promise<void> {
  const ended = list.map(({ outcome }) => isSettled(outcome.state) || outcome.state === 'queued')
  await sql`
    update kernel.attempt a
    set state = case when n.ended then 'dead' when a.state = 'mined' then 'broadcast' else a.state end,
      mined_block = null, mined_block_hash = null, succeeded = null
    from unnest(${list.map(change => change.intent.id)}::bigint[],
      ${list.map(change => minedBy(change.outcome)?.attempt ?? null)}::bigint[], ${ended}::boolean[])
      as n(id, by, ended)
    where a.intent_id = n.id and a.id is distinct from n.by and a.state <> 'dead'`.execute(em.getKysely())
}

async function storeMined(em: Em, list: readonly Change[], now: Date): Promise<void> {
  const mined = list.map(change => minedBy(change.outcome)).filter(by => by !== null)
  if (mined.length === 0) return
  await sql`
    update kernel.attempt a
    set state = 'mined', error = null, mined_block = n.block, mined_block_hash = n.hash, succeeded = n.ok,
      broadcast_at = coalesce(a.broadcast_at, ${now})
    from unnest(${mined.map(by => by.attempt)}::bigint[], ${mined.map(by => by.block.toString())}::bigint[],
      ${mined.map(by => by.blockHash)}::text[], ${mined.map(by => by.succeeded)}::boolean[]) as n(id, block, hash, ok)
    where a.id = n.id`.execute(em.getKysely())
}

async function storeIntents(em: Em, list: readonly Change[], now: Date): Promise<void> {
  const column = <T>(of: (change: Change, by: Mined | null) => T): T[] =>
    list.map(change => of(change, minedBy(change.outcome)))
  await sql`
    update kernel.intent i
    set state = n.state, because = n.because, updated_at = ${now},
      nonce = case when n.state = 'queued' then null else i.nonce end,
      sent_at = case when n.state = 'queued' then null else i.sent_at end,
      reserved_wei = case when n.by is null and (n.settled or n.state = 'queued') then null else i.reserved_wei end,
      spent_wei = case when n.by is null then null
        else coalesce(n.fee + case when n.does then i.value else 0 end, i.spent_wei) end,
      mined_hash = (select a.hash from kernel.attempt a where a.id = n.by), mined_block = n.block, gas_used = n.gas,
      settled_at = case when n.settled then ${now}::timestamptz end
    from unnest(${column(({ intent }) => intent.id)}::bigint[], ${column(({ outcome }) => outcome.state)}::text[],
      ${column(({ because }) => because)}::text[], ${column((_, by) => by?.attempt ?? null)}::bigint[],
      ${column((_, by) => by?.block.toString() ?? null)}::bigint[],
      ${column((_, by) => by?.gasUsed.toString() ?? null)}::bigint[],
      ${column((_, by) => by?.feeWei?.toString() ?? null)}::numeric[],
      ${column((_, by) => by !== null && by.effect && by.succeeded)}::boolean[],
      ${column(({ outcome }) => isSettled(outcome.state))}::boolean[])
      as n(id, state, because, by, block, gas, fee, does, settled)
    where i.id = n.id and i.state not in ('confirmed', 'reverted', 'cancelled')`.execute(em.getKysely())
}

function report(lane: Lane, list: readonly Change[]): void {
  const { chain, account, metrics } = lane.args
  for (const { intent, outcome, because } of list) {
    const fields = { intent: intent.key, nonce: intent.nonce, because }
    if (isSettled(outcome.state)) metrics?.settled.add(1, { chain, account, outcome: outcome.state })
    if (outcome.state === 'reverted') lane.log.warn('a transaction reverted', fields)
    else if (outcome.state === 'queued') lane.log.error('a foreign transaction took a nonce of this account', fields)
    else if (intent.state === 'mined' && outcome.state !== 'mined' && !isSettled(outcome.state)) {
      metrics?.reorganised.add(1, { chain, account })
      lane.log.warn('a mined transaction came back to pending', fields)
    } else lane.log.debug(`transaction ${outcome.state}`, fields)
  }
}

/** Pokes the listeners of these roles. */
export function tell(lane: Lane, roles: Iterable<string>): void {
  for (const role of roles) {
    const listener = lane.args.listener(role)
    if (listener) lane.send(listener, { type: 'look' })
  }
}

/** Pokes every role that has an outcome of this lane it did not acknowledge: a lost poke costs one slow look. */
export async function tellUntold(lane: Lane): Promise<void> {
  const found = await rows<{ role: string }>(
    forkOf(lane),
    sql`select distinct role from kernel.intent where settled_at is not null and acknowledged_at is null
      and chain = ${lane.args.chain} and account = ${lane.args.account}`,
  )
  tell(
    lane,
    found.map(row => row.role),
  )
}

function stillOpen(intent: OpenIntent, outcome: Outcome | undefined): OpenIntent[] {
  if (!outcome) return [intent]
  if (isSettled(outcome.state) || outcome.state === 'queued') return []
  const by = minedBy(outcome)
  const attempts = intent.attempts.map(attempt => {
    if (attempt.id === by?.attempt) return { ...attempt, state: 'mined' as const, minedBlock: by.block }
    return attempt.state === 'mined' ? { ...attempt, state: 'broadcast' as const, minedBlock: null } : attempt
  })
  return [{ ...intent, state: outcome.state, minedBlock: by?.block ?? null, attempts }]
}
