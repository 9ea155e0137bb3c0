/**
 * The signing accounts as people and programs read them: money, how long it lasts, nonces, work, and who sends.
 */
import type { Em } from '../orm.ts'

export interface AccountView {
  readonly name: string
  readonly chain: string
  readonly address: string
  /** Where its key is: `privateKey`, `remote`, `kms`. */
  readonly signer: string
  /** As last seen; null before that. Wei. */
  readonly balanceWei: string | null
  /** Hours that the balance lasts at the pace of the last day; null without spending or before a look. */
  readonly runwayHours: number | null
  readonly spentPerHourWei: string | null
  /** Spent and reserved since midnight, UTC. */
  readonly spentTodayWei: string
  readonly dailyBudgetWei: string | null
  /** Transactions of the account in the latest block. */
  readonly nonce: number | null
  /** The nonce of the next new transaction, as far as the rows say; null before the first. */
  readonly nextNonce: number | null
  readonly queued: number
  readonly inFlight: number
  /** Mined and not deep enough. */
  readonly settling: number
  readonly parked: number
  /** The daemon that sends for it, and whether its lease still counts. */
  readonly holder: string | null
  readonly holderAlive: boolean
  /** Why the oldest one that waits does so. */
  readonly because: string | null
  readonly lookedAt: string | null
}

/** All accounts, by chain and name. `now` decides which day it is. */
export async function listAccounts(em: Em, now: Date): Promise<AccountView[]> {
  const midnight = new Date(Math.floor(now.getTime() / 86_400_000) * 86_400_000)
  const rows = await em.execute<AccountRow[]>(SELECT, [midnight])
  return rows.map(({ looked_at: lookedAt, ...row }) => ({
    ...row,
    runwayHours: hours(row.balanceWei, row.spentPerHourWei),
    lookedAt: lookedAt === null ? null : new Date(lookedAt).toISOString(),
  }))
}

/** The account of this name; null when no daemon has it. */
export async function findAccount(em: Em, name: string, now: Date): Promise<AccountView | null> {
  return (await listAccounts(em, now)).find(account => account.name === name) ?? null
}

type AccountRow = Omit<AccountView, 'runwayHours' | 'lookedAt'> & { readonly looked_at: string | null }

function hours(balanceWei: string | null, perHourWei: string | null): number | null {
  if (balanceWei === null || perHourWei === null || BigInt(perHourWei) === 0n) return null
  return Math.round((Number(balanceWei) / Number(perHourWei)) * 10) / 10
}

const SELECT = `
  select a.name, a.chain, a.address, a.signer, a.balance_wei::text as "balanceWei",
    a.spent_per_hour_wei::text as "spentPerHourWei", a.daily_budget_wei::text as "dailyBudgetWei",
    a.chain_nonce as nonce, a.looked_at,
    (select coalesce(sum(coalesce(i.spent_wei, i.reserved_wei, 0)), 0)::text from kernel.intent i
      where i.chain = a.chain and i.account = a.name and i.sent_at >= ?) as "spentTodayWei",
    (select max(t.nonce) + 1 from kernel.attempt t where t.chain = a.chain and t.account = a.name) as "nextNonce",
    coalesce(o.queued, 0) as queued, coalesce(o.in_flight, 0) as "inFlight", coalesce(o.settling, 0) as settling,
    coalesce(o.parked, 0) as parked, o.because, l.holder, coalesce(l.expires_at > clock_timestamp(), false) as "holderAlive"
  from kernel.account a
  left join kernel.lease l on l.name = 'tx-manager:' || a.chain || '/' || a.name
  left join lateral (
    select count(*) filter (where state = 'queued')::int as queued,
      count(*) filter (where state in ('sent', 'cancelling'))::int as in_flight,
      count(*) filter (where state = 'mined')::int as settling,
      count(*) filter (where state = 'parked')::int as parked,
      (array_agg(because order by id) filter (where because is not null))[1] as because
    from kernel.intent where chain = a.chain and account = a.name and settled_at is null) o on true
  order by a.chain, a.name`
