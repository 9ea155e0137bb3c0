/**
 * What is left of the day's budgets: everything whose first version was signed today counts, at its price once it is
 * mined, and before that at the most that it can cost.
 */
import { sql } from 'kysely'
import type { Em } from '../../../entities/orm.ts'
import type { Left } from './gate.ts'
import { forkOf, policyOf, type Lane } from './lane.ts'
import { rows } from './rows.ts'

const DAY_MS = 86_400_000

/** Midnight, UTC. */
export const dayOf = (ms: number): Date => new Date(Math.floor(ms / DAY_MS) * DAY_MS)

/**
 * In the transaction that commits a version: keeps the other accounts from spending of the budgets of these roles until it
 * ends. Does nothing for roles without one; the account's own budget is only spent by its one lane.
 */
export async function lockBudgets(lane: Lane, em: Em, roles: readonly string[]): Promise<void> {
  const names = roles.map(role => `budget ${lane.args.chain} ${role}`).toSorted()
  await sql`select pg_advisory_xact_lock(hashtextextended(name, 0)) from unnest(${names}::text[]) name`.execute(
    em.getKysely(),
  )
}

/** Those of these roles that have a budget of their own, which several accounts may spend. */
export const budgetedRoles = (lane: Lane, roles: Iterable<string>): string[] =>
  [...new Set(roles)].filter(role => policyOf(lane).roleBudgetWei(role) !== null)

/**
 * Today's budgets of the account and of these roles, less what is spent, as `em` sees it. Asks the database only where
 * there is one.
 */
export async function leftToday(lane: Lane, roles: Iterable<string>, em: Em = forkOf(lane)): Promise<Left> {
  const { accountBudgetWei, roleBudgetWei } = policyOf(lane)
  const budgets = new Map([...new Set(roles)].map(role => [role, roleBudgetWei(role)]))
  const limited = [...budgets].filter(([, wei]) => wei !== null).map(([role]) => role)
  if (accountBudgetWei === null && limited.length === 0) return { account: null, roles: budgets }
  const { chain, account } = lane.args
  const spent = await rows<{ role: string; own: boolean; wei: string }>(
    em,
    sql`select role, account = ${account} as own, sum(coalesce(spent_wei, reserved_wei, 0))::text as wei
      from kernel.intent where chain = ${chain} and sent_at >= ${dayOf(lane.clock.now())}
        and (account = ${account} or role = any(${limited}::text[]))
      group by 1, 2`,
  )
  const sum = (counts: (row: { role: string; own: boolean }) => boolean): bigint =>
    spent.filter(counts).reduce((total, { wei }) => total + BigInt(wei), 0n)
  const ofRoles = [...budgets].map(
    ([role, wei]) => [role, wei === null ? null : wei - sum(row => row.role === role)] as const,
  )
  return {
    account: accountBudgetWei === null ? null : accountBudgetWei - sum(row => row.own),
    roles: new Map(ofRoles),
  }
}
