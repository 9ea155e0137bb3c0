/**
 * What may be sent without a person, decided in this one place: the mode of the role, and the budgets of role, account
 * and day. Pure.
 */
import type { TxMode } from '../../../config/core.ts'
import { aboutWei } from '../../../config/units.ts'
import type { ParkedFor } from '../../../entities/kernel/intent.ts'

/** What the configuration allows. */
export interface SpendingPolicy {
  readonly modeOf: (role: string) => TxMode
  /** Wei a day (UTC); null for no limit. */
  readonly accountBudgetWei: bigint | null
  readonly roleBudgetWei: (role: string) => bigint | null
}

/** Everything is sent, nothing is counted. */
export const UNLIMITED: SpendingPolicy = {
  modeOf: () => 'live',
  accountBudgetWei: null,
  roleBudgetWei: () => null,
}

/** What of a wish bears on whether it may go. */
export interface Candidate {
  readonly role: string
  readonly approved: boolean
  readonly overBudget: boolean
}

export type Passage =
  | { readonly do: 'send' }
  | { readonly do: 'park'; readonly for: ParkedFor; readonly because: string }

const SEND: Passage = { do: 'send' }

/** Whether the role's mode lets it go. */
export function byMode(policy: SpendingPolicy, { role, approved }: Candidate): Passage {
  switch (policy.modeOf(role)) {
    case 'live':
      return SEND
    case 'oversight':
      return approved ? SEND : { do: 'park', for: 'approval', because: `${role} is in oversight: approve or reject it` }
    case 'dry-run':
      return { do: 'park', for: 'dry-run', because: `${role} is in a dry run: nothing is sent` }
  }
}

/** What is left of today's budgets, wei; null for no limit. */
export interface Left {
  account: bigint | null
  readonly roles: Map<string, bigint | null>
}

/** Whether today's budgets hold its cost at most; then it is taken from them. */
export function byBudget(left: Left, { role, overBudget }: Candidate, costWei: bigint): Passage {
  const ofRole = left.roles.get(role) ?? null
  const tight = [
    { whose: 'the account', wei: left.account },
    { whose: role, wei: ofRole },
  ].find(({ wei }) => wei !== null && costWei > wei)
  if (tight && !overBudget) {
    const has = aboutWei(tight.wei !== null && tight.wei > 0n ? tight.wei : 0n)
    const because = `it may cost ${aboutWei(costWei)}, today's budget of ${tight.whose} has ${has} left`
    return { do: 'park', for: 'budget', because: `${because}; it goes on tomorrow (UTC), or when it is approved` }
  }
  if (left.account !== null) left.account -= costWei
  if (ofRole !== null) left.roles.set(role, ofRole - costWei)
  return SEND
}
