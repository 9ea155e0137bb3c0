/** The daemon on a given chain, database and provers: what is away is named and waited out, what is wrong ends it clearly. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Client } from 'pg'
import { privateKeyToAccount } from 'viem/accounts'
import { runMockProver } from '../../src/actors/forger/mock-prover.ts'
import { startAnvil, type Anvil } from '../../src/embedded/anvil.ts'
import { deployRollup, type DeployedRollup } from '../../src/embedded/deploy.ts'
import { silentLog } from '../../src/log.ts'
import { run } from '../cli/support.ts'
import { TEST_CHAIN_ID, TEST_KEYS, useAnvil, useFolder } from '../support/anvil.ts'
import { PATIENCE_MS } from '../support/patience.ts'
import { quietPort } from '../support/ports.ts'
import { useDatabases } from '../support/postgres.ts'
import { batches, failing, ready, startDaemon, until, type Daemon } from './support.ts'

const folder = useFolder(test)
const anvil = useAnvil(test, { blockTimeSeconds: 0.5 })
const databases = useDatabases(test)
const CONFIGURATION = 78
const NOWHERE = 'http://127.0.0.1:9'

let deployed: Promise<DeployedRollup> | undefined
const contracts = async (): Promise<DeployedRollup> => (deployed ??= deployOn(await anvil()))

const deployOn = ({ rpcUrl }: Anvil): Promise<DeployedRollup> =>
  deployRollup({
    rpcUrl,
    deployer: privateKeyToAccount(TEST_KEYS[0]),
    verifiers: [{ maxTx: 32, nLevels: 32 }],
    blocksPerSlot: 40,
    slotDeadline: 20,
    forgeL1L2BatchTimeout: 10,
    bootCoordinator: privateKeyToAccount(TEST_KEYS[1]).address,
    bootCoordinatorUrl: NOWHERE,
    genesisOffset: 3,
  })

interface Setting {
  readonly rpc?: string
  readonly chainId?: number
  readonly database?: string
  readonly rollup?: string
  readonly maxTx?: number
  readonly provers?: string
}

let made = 0

/** Where the configuration of a daemon is that would forge empty batches all the time if everything were there. */
async function configured(setting: Setting): Promise<{ data: string; file: string; env: Record<string, string> }> {
  const { rollup, auction } = await contracts()
  const data = join(folder, `d${(made += 1)}`)
  await mkdir(data)
  const file = join(data, 'config.toml')
  await writeFile(
    file,
    `
[database]
url = "env:TEST_DATABASE"
[chains.local]
rpc = ["${setting.rpc ?? (await anvil()).rpcUrl}"]
chain_id = ${setting.chainId ?? TEST_CHAIN_ID}
confirmations = 1
poll_interval = "100ms"
[accounts.forger]
chain = "local"
key = "env:TEST_KEY"
[forger]
rollup = "${setting.rollup ?? rollup}"
auction = "${auction}"
forge_delay = "0s"
forge_no_txs_delay = "0s"
forge_retry_interval = "100ms"
[forger.circuit]
max_tx = ${setting.maxTx ?? 32}
[forger.provers]
urls = ["${setting.provers ?? NOWHERE}"]
`,
  )
  const database = setting.database ?? (await databases.create())
  return { data, file, env: { TEST_KEY: TEST_KEYS[1], TEST_DATABASE: database } }
}

async function daemonWith(t: ExecutionContext, setting: Setting): Promise<Daemon> {
  const { data, file, env } = await configured(setting)
  return startDaemon(t, { data, args: ['--config', file], env })
}

/** What `check` prints. */
async function checked(t: ExecutionContext, setting: Setting): Promise<string> {
  const { data, file, env } = await configured(setting)
  const { out, code } = await run(data, ['check', '--config', file], env)
  t.not(code, 0)
  return out
}

/** The last line of a log: why the daemon cannot go on. */
async function lastWords(daemon: Daemon): Promise<{ code: number | null; said: string }> {
  const code = await daemon.ended
  const last = daemon.log().findLast(({ msg }) => msg === 'the daemon cannot go on')
  return { code, said: `${last?.code}: ${last?.reason}` }
}

test.serial('an endpoint on another chain ends the daemon with both ids', async t => {
  const daemon = await daemonWith(t, { chainId: 5 })
  const { code, said } = await lastWords(daemon)
  t.is(code, CONFIGURATION)
  t.regex(said, /RPC_002: .* is on chain 31337, not on 5/)
})

test.serial('a database that a newer version has used is refused', async t => {
  const database = await databases.create()
  const client = new Client(database)
  await client.connect()
  await client.query('create table schema_migration (id serial, name text, executed_at timestamptz)')
  await client.query("insert into schema_migration (name) values ('kernel-999-from-the-future')")
  await client.end()
  const { code, said } = await lastWords(await daemonWith(t, { database }))
  t.is(code, CONFIGURATION)
  t.regex(said, /DB_002: .*kernel-999-from-the-future/)
})

test.serial('a rollup address without a contract parks the role and says so', async t => {
  const daemon = await daemonWith(t, { rollup: '0x00000000000000000000000000000000000000aa' })
  t.truthy(await failing(daemon, 'forger/coordinator', /there is no contract at forger\.rollup 0x0+aa/i))
  t.is(await daemon.stop(), 0)
})

test.serial('a circuit that the rollup has no verifier for parks the role and lists those there are', async t => {
  const daemon = await daemonWith(t, { maxTx: 64 })
  const because = /no verifier for 64 transactions × 32 levels, only for 32 transactions × 32 levels/
  t.truthy(await failing(daemon, 'forger/coordinator', because))
  t.is(await daemon.stop(), 0)
})

test.serial('a database that is away is named while HTTP answers, and all goes on when it comes', async t => {
  const url = new URL(await databases.serverUrl())
  const later = `fk_later_${process.pid}`
  url.pathname = `/${later}`
  const daemon = await daemonWith(t, { database: url.href.replace('///', '//') })
  t.truthy(await failing(daemon, 'database'))
  t.true((await fetch(`${await daemon.url()}/livez`)).ok)
  const admin = new Client(await databases.serverUrl())
  await admin.connect()
  t.teardown(() => admin.end())
  await admin.query(`create database ${later}`)
  await until('the database answers', async () =>
    (await daemon.get<{ failing: string[] }>('/readyz')).failing.includes('database') ? null : true,
  )
  // and later again: every connection is cut, and for a while no new one is let in
  await admin.query(`alter database ${later} allow_connections false`)
  await until('no connection is left', async () => {
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${later}'`
    return (await admin.query(cut)).rowCount === 0 ? true : null
  })
  t.truthy(await failing(daemon, 'database'))
  await admin.query(`alter database ${later} allow_connections true`)
  t.true(await ready(daemon, 'provers'))
  t.is(await daemon.stop(), 0)
})

test.serial('a chain that is away is named, at the start and later, and all goes on when it comes', async t => {
  const options = {
    chainId: TEST_CHAIN_ID,
    stateFile: join(folder, 'chain.json'),
    blockTimeSeconds: 0.5,
    log: silentLog,
    port: await quietPort(), // nobody else's while the chain is away
  }
  const before = await startAnvil(options)
  await deployOn(before)
  await before.stop(PATIENCE_MS)
  const daemon = await daemonWith(t, { rpc: before.rpcUrl })
  t.truthy(await failing(daemon, 'chain:local', /0 of 1 endpoints in use/))
  const chain = await startAnvil(options)
  t.teardown(() => chain.stop(2_000))
  t.true(await ready(daemon, 'provers'))
  await chain.stop(2_000)
  t.truthy(await failing(daemon, 'chain:local', /0 of 1 endpoints in use/))
  t.is(await daemon.stop(), 0)
})

test.serial('provers that are away are waited for, and batches are forged when one comes', async t => {
  const port = await quietPort()
  const daemon = await daemonWith(t, { provers: `http://127.0.0.1:${port}/` })
  await until('batches wait for a prover', async () => {
    const all = await batches(daemon)
    return all.length > 0 && all.every(({ state }) => state === 'built') ? true : null
  })
  t.truthy(await failing(daemon, 'provers', /0 of 1 provers answer; .* does not answer/))
  const { provers } = await daemon.get<{ provers: { state: string }[] }>('/v1/forger/provers')
  t.deepEqual(new Set(provers.map(({ state }) => state)), new Set(['down']))
  const back = await runMockProver({ port, delayMs: 50, failRate: 0, hangRate: 0, seed: 1, log: silentLog })
  t.teardown(() => back.close())
  await until('a final batch', async () =>
    (await batches(daemon)).some(({ state }) => state === 'final') ? true : null,
  )
  t.is(await daemon.stop(), 0)
})

test.serial('check asks the contracts, the account and the provers, and says what the role would miss', async t => {
  const good = await checked(t, {})
  t.regex(good, /ok +forger contracts +rollup and auction answer; verifier 0 fits the circuit/)
  t.regex(good, /ok +forger account .* ether/)
  t.regex(good, /FAIL +prover /)
  const wrong = await checked(t, { maxTx: 64 })
  t.regex(wrong, /FAIL +forger contracts +the rollup has no verifier for 64 transactions/)
})
