/**
 * What the measurements of the tx-manager run on: PostgreSQL that waits for its disk, anvil with a block a second, and
 * the configuration of a daemon that has one account and no role. Whoever measures is the role: it wishes in
 * transactions of its own (src/actors/lanes/wish.ts), which is all that a role may do.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createPublicClient, createTestClient, http, type Hex, type PublicClient, type TestClient } from 'viem'
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts'
import { startAnvil, type Anvil } from '../../src/embedded/anvil.ts'
import { startPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { migrate, openOrm, type Orm } from '../../src/entities/orm.ts'
import { silentLog } from '../../src/log.ts'

export const CHAIN = 'local'
export const ACCOUNT = 'main'
export const CHAIN_ID = 31_337
export const CONFIRMATIONS = 3
/** The wishes' target: an account without code, so that a transaction with a key as its data is an effect and no more. */
export const TARGET = '0x00000000000000000000000000000000000e44ec'
/** Development keys that anvil funds: ours, and the one of whom we are compared with. */
const OUR_KEY: Hex = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'
export const PEER_KEY: Hex = '0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a'

export interface TxWorldOptions {
  readonly folder: string
  readonly maxInFlight: number
  /** The chain lives on in the folder, and so does the run. */
  readonly resumable?: boolean
}

export interface TxWorld {
  readonly folder: string
  /** The configuration file of the daemon. */
  readonly config: string
  readonly anvil: Anvil
  readonly chain: PublicClient
  readonly node: TestClient
  readonly databaseUrl: string
  /** Of the database server. */
  readonly postgresPid: number
  /** A pool of its own, with the kernel's tables in place. */
  readonly orm: Orm
  readonly account: PrivateKeyAccount
  close(): Promise<void>
}

export async function openTxWorld(options: TxWorldOptions): Promise<TxWorld> {
  const { folder } = options
  await mkdir(folder, { recursive: true })
  const server = await startPostgres({ folder: join(folder, 'postgres'), log: silentLog })
  const orm = await openOrm(server.url, [kernelSchema], 4)
  await migrate(orm, server.url, [kernelSchema])
  const anvil = await startAnvil({
    chainId: CHAIN_ID,
    blockTimeSeconds: 1,
    args: ['--gas-limit', '1000000000', '--prune-history', '1000'],
    log: silentLog,
    ...(options.resumable === true && { stateFile: join(folder, 'chain', 'state.json') }),
  })
  await writeFile(join(folder, 'key'), OUR_KEY, { mode: 0o600 })
  const config = join(folder, 'config.toml')
  await writeFile(config, configOf(options, anvil, server.url))
  const transport = http(anvil.rpcUrl, { batch: { batchSize: 100 } })
  return {
    folder,
    config,
    anvil,
    chain: createPublicClient({ transport, cacheTime: 0 }),
    node: createTestClient({ mode: 'anvil', transport: http(anvil.rpcUrl) }),
    databaseUrl: server.url,
    postgresPid: server.pid,
    orm,
    account: privateKeyToAccount(OUR_KEY),
    close: () => close(orm, anvil, server),
  }
}

async function close(orm: Orm, anvil: Anvil, server: EmbeddedPostgres): Promise<void> {
  await orm.close()
  await anvil.stop(10_000)
  await server.stop(10_000)
}

const configOf = ({ folder, maxInFlight }: TxWorldOptions, anvil: Anvil, databaseUrl: string): string => `
data_folder = "${join(folder, 'data')}"

[database]
url = "${databaseUrl}"

[log]
level = "info"
format = "json"

[http]
port = 0

[roles]
enabled = []

[chains.${CHAIN}]
rpc = ["${anvil.rpcUrl}"]
ws = "${anvil.wsUrl}"
chain_id = ${CHAIN_ID}
confirmations = ${CONFIRMATIONS}
poll_interval = "100ms"

[accounts.${ACCOUNT}]
chain = "${CHAIN}"
key = "file:${join(folder, 'key')}"
max_in_flight = ${maxInFlight}

[tx]
bump_after = "10s"
check_interval = "250ms"
`
