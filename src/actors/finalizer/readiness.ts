/**
 * Can sessions be closed? The account's funds, the warehouse, and sessions that nobody closes, looked at quickly.
 */
import { formatEther } from 'viem'
import { WarehouseCursor } from '../../entities/finalizer/session.ts'
import { messageOf } from '../../errors.ts'
import type { Check, RoleContext } from '../../role.ts'
import type { FinalizerConfig } from './config.ts'
import { inspectContract } from './contract-check.ts'
import { familyPlans, readsWarehouse } from './families.ts'
import { outlook } from './outlook.ts'
import { affordable } from './policy.ts'
import { policyRules } from './rules.ts'

type Ctx = RoleContext<FinalizerConfig>

export async function finalizerReadiness(context: Ctx): Promise<readonly Check[]> {
  return (
    await Promise.all([check('finalizer funds', () => funds(context)), warehouse(context), givenUp(context)])
  ).flat()
}

async function check(name: string, look: () => Promise<string>): Promise<readonly Check[]> {
  try {
    return [{ name, ok: true, detail: await look() }]
  } catch (error) {
    return [{ name, ok: false, detail: messageOf(error) }]
  }
}

async function funds(context: Ctx): Promise<string> {
  const { view } = await outlook(context, context.orm().em.fork())
  const calls = affordable(view.funds, policyRules(context.config))
  if (calls === null || view.funds === null) return 'the balance is not known now'
  const detail = `account has gas for ${calls} calls (${formatEther(view.funds.balance)} ether)`
  if (calls === 0n) throw new Error(`${detail}: fund ${context.addressOf(context.config.account)}`)
  return detail
}

async function warehouse(context: Ctx): Promise<readonly Check[]> {
  if (!readsWarehouse(context.config)) return []
  return check('finalizer warehouse', async () => {
    const rows = await context.orm().em.fork().find(WarehouseCursor, {})
    const wrong = rows.find(({ because }) => because != null)
    if (wrong) throw new Error(`${wrong.source}: ${wrong.because}`)
    return rows.length === 0
      ? 'nothing has been read yet'
      : rows.map(row => `${row.source} up to ${row.blockId}`).join(', ')
  })
}

async function givenUp(context: Ctx): Promise<readonly Check[]> {
  return check('finalizer sessions', async () => {
    const [row]: { n: string }[] = await context
      .orm()
      .em.fork()
      .execute(
        `select count(*) as n from finalizer.session where chain = ? and state = 'failed' and next_attempt_at is null`,
        [context.config.chain],
      )
    if (Number(row?.n) > 0) throw new Error(`${row?.n} sessions were given up; see /v1/finalizer/sessions?state=failed`)
    return 'none was given up'
  })
}

/** What `forgekeeper check` verifies before the role may run: contracts, key and funds. */
export async function finalizerChecks(context: Ctx): Promise<readonly Check[]> {
  const { config, chain, addressOf } = context
  const { client } = chain(config.chain)
  const from = addressOf(config.account)
  const plans = familyPlans(config)
  const contracts = plans.map(plan =>
    check(`finalizer ${plan.family} contract`, async () => {
      await inspectContract(client, plan, config.generation, from)
      return `${plan.contract} answers as a proof chain`
    }),
  )
  const some = check('finalizer contracts', () =>
    plans.length > 0
      ? Promise.resolve(`${plans.length} configured`)
      : Promise.reject(new Error('neither finalizer.specimen nor finalizer.result names a contract')),
  )
  const account = check('finalizer account', async () => {
    if (config.address !== undefined && config.address.toLowerCase() !== from.toLowerCase()) {
      throw new Error(`finalizer.address is ${config.address}, but the key is that of ${from}`)
    }
    const balance = await client.getBalance({ address: from })
    if (balance === 0n) throw new Error(`${from} has no funds`)
    return `${from} has ${formatEther(balance)} ether`
  })
  return (await Promise.all([some, ...contracts, account])).flat()
}
