/**
 * How long an account's money lasts: balance and pace, told to everybody (kernel.account, metrics) and, before it runs
 * dry, to the operator. Also what makes the accounts of this daemon known to those who wish.
 */
import { sql } from 'kysely'
import { aboutWei, formatDuration } from '../../../config/units.ts'
import { quote } from './fees.ts'
import { forkOf, sayOnce, unsay, type Lane } from './lane.ts'
import { rows } from './rows.ts'

const LOOK_EVERY_MS = 15_000
/** All transactions of a day are read for it. */
const PACE_EVERY_MS = 60_000
const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const ETHER = 1e18

/** Stores which accounts this daemon has; those it no longer has are not known any more. */
export async function registerAccounts(lane: Lane): Promise<void> {
  const { accounts, holder } = lane.args
  if (accounts === undefined) return
  await forkOf(lane).transactional(async em => {
    await sql`insert into kernel.account as a (chain, name, address, signer, daily_budget_wei, holder)
      select n.*, ${holder} from unnest(${accounts.map(one => one.chain)}::text[], ${accounts.map(one => one.name)}::text[],
        ${accounts.map(one => one.address)}::text[], ${accounts.map(one => one.signer)}::text[],
        ${accounts.map(one => one.dailyBudgetWei?.toString() ?? null)}::numeric[]) n
      order by 1, 2
      on conflict (chain, name) do update set address = excluded.address, signer = excluded.signer,
        daily_budget_wei = excluded.daily_budget_wei, holder = excluded.holder
        where (a.address, a.signer, a.holder) is distinct from (excluded.address, excluded.signer, excluded.holder)
          or a.daily_budget_wei is distinct from excluded.daily_budget_wei`.execute(em.getKysely())
    await sql`delete from kernel.account a where a.holder = ${holder} and not exists (
        select from unnest(${accounts.map(one => one.chain)}::text[], ${accounts.map(one => one.name)}::text[]) n(chain, name)
        where n.chain = a.chain and n.name = a.name)`.execute(em.getKysely())
  })
}

/** Looks at balance and pace now and then, and when the account has spent something. Does nothing while the chain does not answer. */
export async function lookAtFunds(lane: Lane): Promise<void> {
  const now = lane.clock.now()
  if (lane.said.has('chain-down')) return
  if (now - lane.fundsAt < LOOK_EVERY_MS && lane.fundsNonce === lane.latestCount) return
  lane.fundsAt = now
  lane.fundsNonce = lane.latestCount
  const { client } = lane.args.rpc
  const balance = await client.getBalance({ address: lane.args.signer.address }).catch(() => null) // looks again later
  if (balance === null) return
  if (lane.pace === null || now - lane.pace.at >= PACE_EVERY_MS) lane.pace = await pace(lane, now)
  const perHour = lane.pace?.perHour ?? null
  await store(lane, balance, perHour, now)
  show(lane, balance, perHour)
  warn(lane, balance, perHour)
}

/** Milliseconds that the balance lasts; null without spending. */
export const runwayMs = (balanceWei: bigint, perHourWei: bigint | null): number | null =>
  perHourWei === null || perHourWei === 0n ? null : (Number(balanceWei) / Number(perHourWei)) * HOUR_MS

/** Wei an hour over the last day, or since the first transaction when that is younger; null when nothing was spent. */
async function pace(lane: Lane, now: number): Promise<Lane['pace']> {
  const { chain, account } = lane.args
  const [found] = await rows<{ wei: string | null; first_ms: number | null }>(
    forkOf(lane),
    sql`select trunc(sum(spent_wei))::text as wei, (extract(epoch from min(sent_at)) * 1000)::float8 as first_ms
      from kernel.intent where chain = ${chain} and account = ${account} and sent_at >= ${new Date(now - DAY_MS)}`,
  )
  if (found?.wei === undefined || found.wei === null || found.first_ms === null) return null
  const spanMs = Math.min(DAY_MS, Math.max(HOUR_MS, now - found.first_ms))
  return { perHour: (BigInt(found.wei) * BigInt(HOUR_MS)) / BigInt(Math.round(spanMs)), at: now }
}

async function store(lane: Lane, balance: bigint, perHour: bigint | null, now: number): Promise<void> {
  const { chain, account, limits } = lane.args
  const { market } = lane
  const offer = market && quote({ market, rules: limits, best: null, blocksLeft: null, versions: 0, blobs: false })
  const price = offer?.do === 'pay' ? offer.fees.maxFeePerGas : limits.maxFeePerGasWei
  await sql`update kernel.account set balance_wei = ${balance.toString()}::numeric, chain_nonce = ${lane.latestCount},
      gas_price_wei = ${price.toString()}::numeric, spent_per_hour_wei = ${perHour?.toString() ?? null}::numeric,
      looked_at = ${new Date(now)} where chain = ${chain} and name = ${account}`.execute(forkOf(lane).getKysely())
}

function show(lane: Lane, balance: bigint, perHour: bigint | null): void {
  const { chain, account, metrics } = lane.args
  metrics?.balance.set(Number(balance) / ETHER, { chain, account })
  const lasts = runwayMs(balance, perHour)
  if (lasts === null) metrics?.runway.forget({ chain, account })
  else metrics?.runway.set(lasts / 1000, { chain, account })
}

/** Once, until there is enough again. */
function warn(lane: Lane, balance: bigint, perHour: bigint | null): void {
  const { funds, account, chain } = lane.args
  if (funds === undefined) return
  const lasts = runwayMs(balance, perHour)
  const short = lasts !== null && lasts < funds.runwayWarningMs
  const low = balance < funds.minBalanceWei
  if (!short && !low) return unsay(lane, 'runway')
  const runway = lasts === null ? null : formatDuration(Math.floor(lasts / 60_000) * 60_000)
  sayOnce(lane, 'runway', () =>
    lane.log.warn('an account runs dry soon', { account, chain, balance: aboutWei(balance), runway }),
  )
}
