/**
 * Everything around the daemon in a load run: a chain with the contracts, mock provers in a process of their own, and
 * the configuration that points the daemon to them.
 */
import { fork, type ChildProcess } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Address, Hex } from 'viem'
import { mnemonicToAccount, type HDAccount } from 'viem/accounts'
import { startAnvil, type Anvil } from '../../src/embedded/anvil.ts'
import { deployRollup, type DeployedRollup } from '../../src/embedded/deploy.ts'
import { silentLog } from '../../src/log.ts'
import type { LoadOptions } from './options.ts'

/** The well-known development mnemonic that anvil funds. */
const MNEMONIC = 'test test test test test test test test test test test junk'
const CHAIN_ID = 31_337
const N_LEVELS = 32

export interface LoadWorld {
  readonly folder: string
  readonly config: string
  readonly anvil: Anvil
  readonly contracts: DeployedRollup
  readonly chainId: number
  readonly forger: Address
  readonly userKeys: readonly Hex[]
  close(): Promise<void>
}

const account = (index: number): HDAccount => mnemonicToAccount(MNEMONIC, { addressIndex: index })
const keyOf = (index: number): Hex => `0x${Buffer.from(account(index).getHdKey().privateKey ?? []).toString('hex')}`

export async function openWorld(options: LoadOptions): Promise<LoadWorld> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-load-'))
  const args = ['--accounts', String(options.users + 2), '--prune-history', '1000', '--gas-limit', '1000000000']
  const { blockSeconds } = options
  const anvil = await startAnvil({ chainId: CHAIN_ID, blockTimeSeconds: blockSeconds, args, log: silentLog })
  const [deployer, forger] = [account(0), account(1)]
  const contracts = await deployRollup({
    rpcUrl: anvil.rpcUrl,
    deployer,
    verifiers: [{ maxTx: options.maxTx, nLevels: N_LEVELS }],
    blocksPerSlot: 40,
    slotDeadline: 20,
    forgeL1L2BatchTimeout: l1Timeout(options),
    bootCoordinator: forger.address,
    bootCoordinatorUrl: 'http://127.0.0.1',
    genesisOffset: 3,
  })
  const provers = await startProvers(options)
  const config = join(folder, 'config.toml')
  await writeFile(join(folder, 'key'), keyOf(1), { mode: 0o600 })
  await writeFile(config, configOf(options, folder, anvil.rpcUrl, contracts, provers.urls))
  return {
    folder,
    config,
    anvil,
    contracts,
    chainId: CHAIN_ID,
    forger: forger.address,
    userKeys: Array.from({ length: options.users }, (_, index) => keyOf(index + 2)),
    close: async () => {
      provers.process.kill('SIGTERM')
      await anvil.stop(5_000)
      if (!options.keep) await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Blocks: a batch must be proven and sent before the contract asks for the next L1 batch, or all behind it is lost. */
const l1Timeout = ({ proofMs, blockSeconds }: LoadOptions): number =>
  Math.min(240, Math.max(30, Math.ceil((12 * proofMs) / 1000 / blockSeconds)))

/** The servers run in a process of their own, so that they take nothing from the daemon but the machine. */
async function startProvers(options: LoadOptions): Promise<{ process: ChildProcess; urls: readonly string[] }> {
  const child = fork(new URL('./provers.ts', import.meta.url), [JSON.stringify(options)], { stdio: 'inherit' })
  const urls = await new Promise<readonly string[]>((resolve, reject) => {
    child.once('message', message => resolve(message as readonly string[])) // provers.ts sends just this
    child.once('exit', code => reject(new Error(`the mock provers ended with ${code}`)))
  })
  return { process: child, urls }
}

const configOf = (
  options: LoadOptions,
  folder: string,
  rpc: string,
  { rollup, auction, deployedAtBlock }: DeployedRollup,
  urls: readonly string[],
): string => `
data_folder = "${join(folder, 'data')}"

[log]
level = "info"
format = "json"

[http]
port = 0
rate_limit = 100000

[chains.local]
rpc = ["${rpc}"]
ws = "${rpc.replace('http', 'ws')}"
chain_id = ${CHAIN_ID}
confirmations = 4
poll_interval = "100ms"

[accounts.forger]
chain = "local"
key = "file:${join(folder, 'key')}"
max_in_flight = 200

[tx]
bump_after = "10s"
check_interval = "500ms"

[forger]
chain = "local"
account = "forger"
rollup = "${rollup}"
auction = "${auction}"
deployed_at = ${deployedAtBlock}
forge_delay = "0s"
forge_no_txs_delay = "${options.backlog > 0 ? '1h' : '0s'}"
forge_retry_interval = "100ms"
l1_batch_timeout_perc = 0.3

[forger.circuit]
max_tx = ${options.maxTx}
n_levels = ${N_LEVELS}

[forger.provers]
urls = ${JSON.stringify(urls)}
poll_interval = "${Math.max(20, Math.floor(options.proofMs / 10))}ms"
proof_timeout = "${Math.ceil((options.proofMs * 4) / 1000)}s"
max_attempts = 20
lookahead = 8
`
