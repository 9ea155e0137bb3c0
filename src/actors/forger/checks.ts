/**
 * What `forgekeeper check` verifies before the forger may run.
 */
import { formatEther } from 'viem'
import { messageOf } from '../../errors.ts'
import type { Check, RoleContext } from '../../role.ts'
import { maskUrl } from '../../secrets.ts'
import { proverClient } from '../lanes/prover/client.ts'
import type { ForgerConfig } from './config.ts'
import { inspectContracts } from './contract-check.ts'

type Ctx = RoleContext<ForgerConfig>

export async function forgerChecks(context: Ctx): Promise<readonly Check[]> {
  const { config } = context
  return Promise.all([
    check('forger contracts', () => contracts(context)),
    check('forger account', () => balance(context)),
    ...config.provers.urls.map(url => check(`prover ${maskUrl(url)}`, () => proverStatus(context, url))),
  ])
}

async function check(name: string, look: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, detail: await look() }
  } catch (error) {
    return { name, ok: false, detail: messageOf(error) }
  }
}

async function contracts({ config, chain }: Ctx): Promise<string> {
  const { verifierIdx } = await inspectContracts(chain(config.chain).client, { ...config, ...config.circuit })
  return `rollup and auction answer; verifier ${verifierIdx} fits the circuit`
}

async function balance({ config, chain, addressOf }: Ctx): Promise<string> {
  const address = addressOf(config.account)
  const wei = await chain(config.chain).client.getBalance({ address })
  if (wei === 0n) throw new Error(`${address} has no ether: fund it`)
  return `${address} has ${formatEther(wei)} ether`
}

async function proverStatus({ config, fetch, clock }: Ctx, url: string): Promise<string> {
  const limits = { timeoutMs: 5_000, cancelTimeoutMs: 5_000, postTimeoutMs: 5_000 }
  const client = proverClient({ baseUrl: url, inputPath: config.provers.inputPath, fetch, clock, ...limits })
  return (await client.status(new AbortController().signal)).status
}
