/**
 * `accounts`: the signing accounts: balance, how long it lasts, nonce, work in flight.
 */
import { formatWei } from '../../config/units.ts'
import { openClient, type ClientOptions } from '../client.ts'
import { remote, runs, type Register } from '../command.ts'
import { show } from '../context.ts'
import { isRecord, listIn, renderList } from '../render.ts'

const COLUMNS = [
  'account',
  'chain',
  'address',
  'balance',
  'runway',
  'spentToday',
  'nonce',
  'inFlight',
  'queued',
  'parked',
  'because',
]

export const accounts: Register = (program, session) => {
  const { io } = session
  const own = remote('accounts', 'list the signing accounts: balance, runway, nonce, in flight')
  runs<ClientOptions>(session, own, async options => {
    const client = await openClient(io, options)
    const answer = await client.get('/v1/accounts')
    show(io, options, answer, () => renderList((listIn(answer) ?? []).map(shown), COLUMNS, io.clock.now()))
    return 0
  })
  program.addCommand(own)
}

/** Amounts with units, runway in hours. */
function shown(account: unknown): unknown {
  if (!isRecord(account)) return account
  const { name, balanceWei, runwayHours, spentTodayWei, dailyBudgetWei } = account
  const budget = dailyBudgetWei === null ? '' : ` of ${wei(dailyBudgetWei)}`
  return {
    ...account,
    account: name,
    balance: wei(balanceWei),
    runway: typeof runwayHours === 'number' ? `${runwayHours} h` : '-',
    spentToday: `${wei(spentTodayWei)}${budget}`,
  }
}

/** In ether with four decimals at most: for people. */
function wei(value: unknown): string {
  if (typeof value !== 'string' || !/^\d+$/.test(value)) return '-'
  const step = 10n ** 14n
  const amount = BigInt(value)
  return amount < step ? formatWei(amount) : formatWei(amount - (amount % step))
}
