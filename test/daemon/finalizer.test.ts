/**
 * The daemon as a finalizer on a real chain and a real warehouse: what it closes, what it leaves to others, and how it
 * says what is wrong while the rest goes on. Numbers are those of the reference's acceptance scenarios.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { concatHex, toEventSelector, type Address, type Hex } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { TEST_CHAIN_ID, TEST_KEYS, useAnvil, useFolder } from '../support/anvil.ts'
import { useDatabases } from '../support/postgres.ts'
import { AUTO_IMPERSONATE, operatorAt, proofChainKit, type Family, type ProofChainKit } from '../support/proof-chain.ts'
import { openWarehouse } from '../support/warehouse.ts'
import { startDaemon, until, type Daemon } from './support.ts'

const folder = useFolder(test)
const anvil = useAnvil(test, { args: AUTO_IMPERSONATE })
const databases = useDatabases(test)
const CONFIGURATION = 78

/** Sends what the finalizer wants; of no other use on this chain. */
const KEY = TEST_KEYS[4]
const finalizer = privateKeyToAccount(KEY).address

interface Setting {
  readonly database?: string
  readonly specimen?: Address
  readonly result?: Address
  readonly key?: Hex
  /** Further lines of [finalizer], then other tables. */
  readonly more?: string
  readonly env?: Readonly<Record<string, string>>
}

let made = 0

/** A daemon of its own that closes the sessions of the kit's contracts. */
async function started(t: ExecutionContext, kit: ProofChainKit, setting: Setting = {}): Promise<Daemon> {
  const data = join(folder, `d${(made += 1)}`)
  await mkdir(data)
  const file = join(data, 'config.toml')
  const { specimen = kit.contracts.specimen, result = kit.contracts.result, more = '', key = KEY, env } = setting
  await writeFile(
    file,
    `
[database]
url = "env:TEST_DATABASE"
[roles]
enabled = ["finalizer"]
[chains.local]
rpc = ["${kit.rpcUrl}"]
chain_id = ${TEST_CHAIN_ID}
confirmations = 1
poll_interval = "100ms"
[accounts.finalizer]
chain = "local"
key = "env:TEST_KEY"
[tx]
check_interval = "200ms"
[finalizer]
specimen = "${specimen}"
result = "${result}"
specimen_from = ${kit.contracts.deployedAtBlock}
result_from = ${kit.contracts.deployedAtBlock}
${more}
`,
  )
  const database = setting.database ?? (await databases.create())
  return startDaemon(t, {
    data,
    args: ['--config', file],
    env: { TEST_DATABASE: database, TEST_KEY: key, ...env },
  })
}

interface Shown {
  readonly family: string
  readonly originHeight: string
  readonly state: string
  readonly outcome: string | null
  readonly because: string | null
  readonly closedBlock: string | null
}

const sessionOf = async (daemon: Daemon, family: Family, height: bigint): Promise<Shown | null> => {
  const query = `family=${family}&fromHeight=${height}&toHeight=${height}`
  return (await daemon.get<{ sessions?: readonly Shown[] }>(`/v1/finalizer/sessions?${query}`)).sessions?.[0] ?? null
}

const reaches = (daemon: Daemon, family: Family, height: bigint, state: string, because = /./): Promise<Shown> =>
  until(`the ${family} session ${height} is ${state}, because ${String(because)}`, async () => {
    const found = await sessionOf(daemon, family, height)
    return found?.state === state && because.test(found.because ?? '') ? found : null
  })

const kitOf = async (operators = 2): Promise<ProofChainKit> => proofChainKit((await anvil()).rpcUrl, operators)

/** Opens a session for which both operators submit the same; answers its deadline. */
async function opened(kit: ProofChainKit, family: Family, height: bigint): Promise<bigint> {
  const [first = operatorAt(0), ...others] = kit.operators
  const { blockNumber } = await kit.submit(family, { operator: first, height })
  for (const operator of others) await kit.submit(family, { operator, height })
  return blockNumber + 10n
}

/** Mines until the head is `number`. */
const headIs = (kit: ProofChainKit, number: bigint): Promise<void> => kit.nextBlockIs(number + 1n)

const noncesOf = (kit: ProofChainKit): Promise<number> => kit.chain.getTransactionCount({ address: finalizer })

test.serial('a session is closed in the block after the first one past its deadline, and paid', async t => {
  const kit = await kitOf()
  const daemon = await started(t, kit)
  const deadline = await opened(kit, 'specimen', 5n)
  await opened(kit, 'result', 5n)
  await reaches(daemon, 'specimen', 5n, 'waiting', /^deadline in \d+ blocks?$/)
  await headIs(kit, deadline)
  await reaches(daemon, 'specimen', 5n, 'waiting', /its deadline is this block/)
  await kit.tools.mine({ blocks: 1 })
  const closed = await until('it is closed', async () => {
    const found = await sessionOf(daemon, 'specimen', 5n)
    return found?.closedBlock == null ? null : found
  })
  t.is(BigInt(closed.closedBlock ?? 0), deadline + 2n)
  await kit.tools.mine({ blocks: 4 })
  t.like(await reaches(daemon, 'specimen', 5n, 'finalized'), { outcome: 'rewarded' })
  await until('the result session is closed as well', async () => {
    await kit.tools.mine({ blocks: 1 })
    return (await sessionOf(daemon, 'result', 5n))?.state === 'finalized' ? true : null
  })
  t.is(await daemon.stop(), 0)
})

test.serial('scenario 12: a session that somebody else closed costs no transaction', async t => {
  const kit = await kitOf()
  const daemon = await started(t, kit)
  const before = await noncesOf(kit)
  await until('it is paused', async () => ((await daemon.post('/v1/finalizer/pause')) === 200 ? true : null))
  const deadline = await opened(kit, 'specimen', 5n)
  await headIs(kit, deadline + 1n)
  await reaches(daemon, 'specimen', 5n, 'waiting', /^paused by operator/)
  t.is((await kit.finalize('specimen', 5n)).status, 'success')
  await until('it is resumed', async () => ((await daemon.post('/v1/finalizer/resume')) === 200 ? true : null))
  await kit.tools.mine({ blocks: 2 })
  await reaches(daemon, 'specimen', 5n, 'finalized-by-other')
  // the contract may have said so before the scanner has read the closing
  await until('the closing is read', async () =>
    (await sessionOf(daemon, 'specimen', 5n))?.outcome === 'rewarded' ? true : null,
  )
  t.is(await noncesOf(kit), before)
  t.is(await daemon.stop(), 0)
})

test.serial(
  'a log that does not decode and a session of another source chain are named; the rest is closed',
  async t => {
    const kit = await proofChainKit((await anvil()).rpcUrl, 2, {
      sourceChains: [1n, 999n].map(id => ({ id, nthBlock: 1n })),
    })
    await emitNonsense(kit) // while nobody looks at the contract, which has other code meanwhile
    const daemon = await started(t, kit, { more: 'origin_chains = [1]' })
    await kit.submit('specimen', { operator: operatorAt(0), height: 9n, chainId: 999n })
    const deadline = await opened(kit, 'specimen', 5n)
    await reaches(daemon, 'specimen', 5n, 'waiting')
    await headIs(kit, deadline + 1n)
    await until('the good one is closed', async () => {
      await kit.tools.mine({ blocks: 1 })
      return (await sessionOf(daemon, 'specimen', 5n))?.state === 'finalized' ? true : null
    })
    t.is((await sessionOf(daemon, 'specimen', 9n))?.because, 'origin chain 999 is not in finalizer.origin_chains')
    const said = /"level":40,[^\n]*"source":"finalizer\/specimen"[^\n]*"because":"it does not decode/
    t.true(await until('the log is named', () => (said.test(daemon.err()) ? true : null)))
    t.is(await daemon.stop(), 0)
  },
)

/** A log of the contract with the topic of SessionStarted and nothing else: PUSH32 topic, PUSH0, PUSH0, LOG1, STOP. */
async function emitNonsense({ contracts, tools, chain, wallet, mined }: ProofChainKit): Promise<void> {
  const address = contracts.specimen
  const right = (await chain.getCode({ address })) ?? '0x'
  const topic = toEventSelector('SessionStarted(uint64,uint64,uint64)')
  await tools.setCode({ address, bytecode: concatHex(['0x7f', topic, '0x5f5fa100']) })
  await mined(wallet.sendTransaction({ account: operatorAt(0), to: address, chain: null, gas: 100_000n }))
  await tools.setCode({ address, bytecode: right })
}

for (const [what, code, contractOf] of [
  ['without code', 'FIN_001', () => operatorAt(77)],
  ['with another ABI', 'FIN_002', (kit: ProofChainKit) => kit.contracts.staking],
] as const) {
  test.serial(`a contract address ${what} is a clear error, and the other family is closed`, async t => {
    const kit = await kitOf()
    const daemon = await started(t, kit, { result: contractOf(kit) })
    const deadline = await opened(kit, 'specimen', 5n)
    const error = await until('the error', () => daemon.log().find(line => line.code === code) ?? null)
    t.is(error.msg, 'the contract of a family cannot be used; the others go on')
    await headIs(kit, deadline + 1n)
    await until('the specimens are closed', async () => {
      await kit.tools.mine({ blocks: 1 })
      return (await sessionOf(daemon, 'specimen', 5n))?.state === 'finalized' ? true : null
    })
    t.is(await daemon.stop(), 0)
  })
}

test.serial(
  'scenario 22: a key without gas keeps its sessions with the reason, and goes on after a top-up',
  async t => {
    const kit = await kitOf()
    const poor = `0x${'7'.repeat(64)}` as const
    const { address } = privateKeyToAccount(poor)
    await kit.tools.setBalance({ address, value: 0n })
    const daemon = await started(t, kit, { key: poor })
    const deadline = await opened(kit, 'specimen', 5n)
    await headIs(kit, deadline + 1n)
    await reaches(daemon, 'specimen', 5n, 'waiting', /^account has gas for 0 calls$/)
    await kit.tools.setBalance({ address, value: 10n ** 18n })
    await until('it is closed after the top-up', async () => {
      await kit.tools.mine({ blocks: 1 })
      return (await sessionOf(daemon, 'specimen', 5n))?.state === 'finalized' ? true : null
    })
    t.is(await daemon.stop(), 0)
  },
)

test.serial('scenario 23: a key that does not belong to the address is refused', async t => {
  const kit = await kitOf()
  const before = await noncesOf(kit)
  const daemon = await started(t, kit, { env: { FINALIZER_ADDRESS: operatorAt(1) } })
  const refusal = /"level":50,[^\n]*"because":"finalizer\.address is 0x[^\n]*, but the key is that of 0x[^\n]*parked/
  await until('the refusal', () => (refusal.test(daemon.err()) ? true : null))
  t.is(await noncesOf(kit), before)
  await daemon.stop()
})

const warehouseTable = (one: { host: string; port: number; user: string; database: string }): string => `
source = "both"
[finalizer.warehouse]
host = "${one.host}"
port = ${one.port}
user = "${one.user}"
database = "${one.database}"
poll_interval = "200ms"`

test.serial('a warehouse that is down is named and waited out, while the chain is read', async t => {
  const kit = await kitOf()
  const nowhere = { host: '127.0.0.1', port: 9, user: 'reader', database: 'analytics' }
  const daemon = await started(t, kit, { more: warehouseTable(nowhere) })
  const deadline = await opened(kit, 'specimen', 5n)
  const [check] = await until('/readyz names it', async () => {
    const { checks = [] } = await daemon.get<{ checks?: readonly { ok: boolean; detail: string }[] }>('/readyz?verbose')
    const found = checks.filter(({ ok, detail }) => !ok && /warehouse at 127\.0\.0\.1:9\/analytics/.test(detail))
    return found.length > 0 ? found : null
  })
  t.regex(check?.detail ?? '', /does not answer/)
  await headIs(kit, deadline + 1n)
  await until('the session is closed nevertheless', async () => {
    await kit.tools.mine({ blocks: 1 })
    return (await sessionOf(daemon, 'specimen', 5n))?.state === 'finalized' ? true : null
  })
  t.is(await daemon.stop(), 0)
})

test.serial('rows of the warehouse with gaps, nulls and nonsense are named, and the good ones are closed', async t => {
  const kit = await kitOf()
  const warehouse = await openWarehouse(await databases.create())
  t.teardown(() => warehouse.end())
  const contract = kit.contracts.result
  const [first, second] = [18_000_001n, 18_000_002n]
  const deadline = await opened(kit, 'result', first)
  await opened(kit, 'result', second)
  const base = 1_928_585_162_635_558_700n
  const opening = { contract, event: 'SessionStarted', chainId: 1n, deadline } as const
  await warehouse.happened({ ...opening, blockId: base, height: first })
  await warehouse.log({ blockId: base + 1n, sender: contract, topics: null, data: null })
  await warehouse.transaction(base + 1n, 0, true)
  await warehouse.log({ blockId: base + 2n, sender: contract, topics: [`0x${'ff'.repeat(32)}`], data: '0x' })
  await warehouse.transaction(base + 2n, 0, null)
  // its transaction comes late
  const late = { ...opening, blockId: base + 3n, height: second }
  await warehouse.happened(late)
  await warehouse.query(`delete from ${warehouse.schema}.block_transactions where block_id = $1`, [base + 3n])
  const more = warehouseTable(warehouse).replace('"both"', '"warehouse"')
  const daemon = await started(t, kit, { more })
  await reaches(daemon, 'result', first, 'waiting')
  await until('the gap is named', () => daemon.log().find(({ code }) => code === 'FIN_008') ?? null)
  await until('the null row is named', () => daemon.log().find(({ code }) => code === 'FIN_007') ?? null)
  t.is(await sessionOf(daemon, 'result', second), null)
  await warehouse.transaction(base + 3n, 0, true)
  await reaches(daemon, 'result', second, 'waiting')
  await headIs(kit, deadline + 4n)
  for (const height of [first, second])
    await until(`session ${height} is closed`, async () => {
      await kit.tools.mine({ blocks: 1 })
      return (await sessionOf(daemon, 'result', height))?.state === 'finalized' ? true : null
    })
  t.is(await daemon.stop(), 0)
})

test.serial(
  'scenarios 35, 36: of two daemons with one key and database one sends, and the other takes over',
  async t => {
    const kit = await kitOf()
    const database = await databases.create()
    const one = await started(t, kit, { database })
    await until('the first works', async () =>
      (await one.get<{ head?: unknown }>('/v1/finalizer')).head ? true : null,
    )
    const other = await started(t, kit, { database })
    await other.url()
    const before = await noncesOf(kit)
    const deadline = await opened(kit, 'specimen', 5n)
    await headIs(kit, deadline + 1n)
    await until('it is closed once', async () => {
      await kit.tools.mine({ blocks: 1 })
      return (await sessionOf(one, 'specimen', 5n))?.state === 'finalized' ? true : null
    })
    t.is(await noncesOf(kit), before + 1)
    t.is(await one.stop(), 0)
    const next = await opened(kit, 'specimen', 6n)
    await headIs(kit, next + 1n)
    await until('the other closes the next', async () => {
      await kit.tools.mine({ blocks: 1 })
      return (await sessionOf(other, 'specimen', 6n))?.state === 'finalized' ? true : null
    })
    t.is(await noncesOf(kit), before + 2)
    t.is(await other.stop(), 0)
  },
)

test.serial('scenario 33: a daemon killed after sending finds its transaction by hash and sends no other', async t => {
  const kit = await kitOf()
  const database = await databases.create()
  const killed = await started(t, kit, { database })
  const before = await noncesOf(kit)
  const deadline = await opened(kit, 'specimen', 5n)
  await reaches(killed, 'specimen', 5n, 'waiting')
  await headIs(kit, deadline)
  await kit.tools.setAutomine(false)
  try {
    await kit.tools.mine({ blocks: 1 })
    await until('its transaction is in the pool', async () =>
      (await kit.chain.getTransactionCount({ address: finalizer, blockTag: 'pending' })) > before ? true : null,
    )
    killed.signal('SIGKILL')
    await killed.ended
    await kit.tools.mine({ blocks: 1 })
  } finally {
    await kit.tools.setAutomine(true)
  }
  const daemon = await started(t, kit, { database })
  await kit.tools.mine({ blocks: 2 })
  t.like(await reaches(daemon, 'specimen', 5n, 'finalized'), { outcome: 'rewarded' })
  t.is(await noncesOf(kit), before + 1)
  t.is(await daemon.stop(), 0)
})

test.serial('exit code 78 names a contract that is not configured', async t => {
  const data = join(folder, 'none')
  await mkdir(data)
  const daemon = startDaemon(t, {
    data,
    args: ['--roles', 'finalizer'],
    env: { TEST_DATABASE: await databases.create(), FORGEKEEPER_DATABASE_URL: 'env:TEST_DATABASE' },
  })
  t.is(await daemon.ended, CONFIGURATION)
})
