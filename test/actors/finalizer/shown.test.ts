/** What people are shown of sessions: lists, explanations, readiness; and what is deleted when it is old. */
import test, { type ExecutionContext } from 'ava'
import fastify from 'fastify'
import { finalizerSection, type FinalizerConfig } from '../../../src/actors/finalizer/config.ts'
import { explainFinalizer } from '../../../src/actors/finalizer/explain.ts'
import { proofSource } from '../../../src/actors/finalizer/proof-source.ts'
import { finalizerChecks, finalizerReadiness } from '../../../src/actors/finalizer/readiness.ts'
import { finalizerSweeps } from '../../../src/actors/finalizer/retention.ts'
import { finalizerRoutes } from '../../../src/actors/finalizer/routes.ts'
import { Closing, Session, Submission, type Family } from '../../../src/entities/finalizer/session.ts'
import { Cursor } from '../../../src/entities/kernel/block.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { silentLog } from '../../../src/log.ts'
import { createMetrics } from '../../../src/metrics.ts'
import type { RoleContext } from '../../../src/role.ts'
import { tryLoad } from '../../config/support.ts'
import { CONTRACTS, logOf, useFinalizerDatabase, type LogOf } from '../../support/finalizer-database.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const databases = useFinalizerDatabase(test)
const ACCOUNT = `0x${'f'.repeat(40)}` as const
const TOML = `
[roles]
enabled = ["finalizer"]
[chains.local]
rpc = ["http://127.0.0.1:1"]
chain_id = 31337
[accounts.finalizer]
chain = "local"
key = "env:KEY"
[finalizer]
specimen = "${CONTRACTS.specimen.toLowerCase()}"
result = "${CONTRACTS.result.toLowerCase()}"
`

/** The section as the daemon hands it to the role. */
const loaded = tryLoad({ toml: TOML, roles: [{ name: 'finalizer', schema: finalizerSection }], flags: [] })
const configOf = async (): Promise<FinalizerConfig> => (await loaded).sections.get('finalizer') as FinalizerConfig // by its schema

/** What the tests look at of the answers. */
interface Body {
  readonly sessions: readonly { readonly originHeight: string }[]
  readonly next: string | null
  readonly account: object
}

interface World {
  readonly orm: Orm
  readonly clock: SimulatedClock
  readonly context: RoleContext<FinalizerConfig>
  read(family: Family, ...logs: readonly LogOf[]): Promise<void>
  get(path: string): Promise<{ readonly status: number; readonly body: Body }>
}

async function world(t: ExecutionContext, balance = 10n ** 18n, config: Partial<FinalizerConfig> = {}): Promise<World> {
  const orm = await databases.open(t)
  const clock = new SimulatedClock()
  const client = {
    getBalance: () => Promise.resolve(balance),
    getGasPrice: () => Promise.resolve(10n ** 9n),
    getCode: ({ address }: { address: string }) =>
      Promise.resolve(address.toLowerCase() === CONTRACTS.result.toLowerCase() ? undefined : '0x60'),
    request: () => Promise.reject(new Error('execution reverted: Session not started')),
  }
  const context: RoleContext<FinalizerConfig> = {
    config: { ...(await configOf()), ...config },
    orm: () => orm,
    chain: name => ({ name, chainId: 1284, client: client as never, confirmations: 3 }), // what is asked of it here
    addressOf: () => ACCOUNT,
    signTypedData: () => Promise.reject(new Error('nothing is signed')),
    secret: () => Promise.reject(new Error('there is no secret')),
    clock,
    random: () => 0.5,
    fetch: () => Promise.reject(new Error('nothing is fetched')),
    log: silentLog,
    metrics: createMetrics({ processMetrics: false }),
    send: () => {},
  }
  const at = { number: 88n, hash: '0x58', updatedAt: new Date(0) }
  for (const source of ['head', 'finalizer/specimen', 'finalizer/result']) {
    await orm.em.fork().insert(Cursor, { chain: 'local', source, ...at })
  }
  const app = fastify()
  await app.register(finalizerRoutes(context), { prefix: '/v1/finalizer' })
  t.teardown(() => app.close())
  return {
    orm,
    clock,
    context,
    read: async (family, ...logs) => {
      const plan = { family, contract: CONTRACTS[family], from: 0n, heightFloor: 0n, blockIdFloor: 0n, views: [] }
      const source = proofSource(plan, 'local', clock)
      const range = { chain: 'local', from: 0n, to: 88n, toHash: '0x58', atHead: true } as const
      const facts = await source.gather(
        logs.map(log => logOf(family, log)),
        range,
        client as never,
        () => {},
      )
      await orm.em.fork().transactional(em => source.store(em, facts, range))
    },
    get: async path => {
      const { statusCode, body } = await app.inject({ method: 'GET', url: `/v1/finalizer${path}` })
      return { status: statusCode, body: JSON.parse(body) }
    },
  }
}

const start = (height: bigint, deadline: bigint, index: number): LogOf => ({
  event: 'SessionStarted',
  height,
  deadline,
  index,
  block: 10n,
})

test('a session that must wait says for how long, in lists and explanations alike', async t => {
  const { read, get, context } = await world(t)
  await read('specimen', start(17_643_990n, 100n, 0))
  const explained = await explainFinalizer(context, 'session/1:17643990')
  t.like(explained, {
    subject: 'session/1:17643990',
    state: 'discovered',
    because: 'deadline in 12 blocks',
    next: 'It is tried in the first block after its deadline, 100.',
  })
  t.like((await get('/sessions')).body.sessions[0], { because: 'deadline in 12 blocks', deadline: '100' })
})

test('both families of one block are explained together, or one by name', async t => {
  const { read, context } = await world(t)
  await read('specimen', start(5n, 100n, 0))
  await read('result', start(5n, 90n, 1), { event: 'QuorumNotReached', height: 5n, block: 80n })
  t.like(await explainFinalizer(context, 'session/1:5'), {
    because: 'specimen: deadline in 12 blocks · result: it is closed, and waits for the configured confirmations',
  })
  t.like(await explainFinalizer(context, 'session/1:5/result'), { state: 'discovered' })
  t.is(await explainFinalizer(context, 'session/1:6'), null)
  t.is(await explainFinalizer(context, 'batch/5'), null)
})

test('an explanation tells what was submitted, and how it would end', async t => {
  const { read, context } = await world(t)
  const proof = (index: number): LogOf => ({
    event: 'BlockSpecimenProductionProofSubmitted',
    height: 5n,
    index,
    block: 10n,
  })
  await read('specimen', start(5n, 100n, 0), proof(1), proof(2))
  const explained = await explainFinalizer(context, 'session/1:5')
  const [only] = (explained?.details['sessions'] ?? []) as { agreement: unknown; submissions: number }[] // as explained
  t.is(only?.submissions, 2)
  t.like(only?.agreement, { participants: 2, of: 2, reachesQuorum: true })
})

test('lists are filtered by state, family, origin chain and height, and come in pages without doubles', async t => {
  const { read, get, orm } = await world(t)
  await read('specimen', ...[5n, 10n, 15n, 20n].map((height, at) => start(height, 100n, at)))
  await read('specimen', { ...start(5n, 100n, 9), chainId: 56n })
  await read('result', start(10n, 100n, 20))
  await orm.em.fork().nativeUpdate(Session, { originHeight: 20n }, { state: 'finalized' })
  const heights = async (query: string): Promise<string[]> =>
    (await get(`/sessions${query}`)).body.sessions.map((one: { originHeight: string }) => one.originHeight)
  t.deepEqual(await heights('?family=result'), ['10'])
  t.deepEqual(await heights('?chain=56'), ['5'])
  t.deepEqual(await heights('?state=finalized'), ['20'])
  t.deepEqual(await heights('?open=false'), ['20'])
  t.deepEqual(await heights('?family=specimen&fromHeight=10&toHeight=15'), ['15', '10'])
  const first = (await get('/sessions?limit=4')).body
  const second = (await get(`/sessions?limit=4&before=${first.next}`)).body
  t.is(first.sessions.length + second.sessions.length, 6)
  t.is(second.next, null)
  t.is((await get('/sessions?state=nonsense')).status, 400)
})

test('the state of the role counts sessions and says for how many calls the account has gas', async t => {
  const rich = await world(t)
  await rich.read('specimen', start(5n, 100n, 0))
  t.like((await rich.get('/')).body, { state: 'running', because: null, sessions: { specimen: { discovered: 1 } } })
  const poor = await world(t, 5n)
  t.like((await poor.get('/')).body, { because: 'account has gas for 0 calls' })
  t.like((await poor.get('/')).body.account, { callsAffordable: '0', balanceWei: '5' })
  t.like((await finalizerReadiness(poor.context))[0], { name: 'finalizer funds', ok: false })
})

test('sessions that were given up make the role not ready', async t => {
  const { read, orm, context } = await world(t)
  await read('specimen', start(5n, 50n, 0))
  await orm.em.fork().nativeUpdate(Session, { originHeight: 5n }, { state: 'failed', nextAttemptAt: null })
  const found = (await finalizerReadiness(context)).find(({ name }) => name === 'finalizer sessions')
  t.like(found, { ok: false })
})

test('check looks at the contracts, the key and the funds', async t => {
  const { context } = await world(t, 10n ** 18n, { address: `0x${'a'.repeat(40)}` })
  const wrong = (await finalizerChecks(context)).filter(({ ok }) => !ok).map(({ name, detail }) => `${name}: ${detail}`)
  t.deepEqual(wrong, [
    `finalizer result contract: there is no contract at finalizer.result ${CONTRACTS.result}`,
    `finalizer account: finalizer.address is 0x${'a'.repeat(40)}, but the key is that of ${ACCOUNT}`,
  ])
})

test('settled sessions go when they are old, with all that belongs to them; open ones stay', async t => {
  const { read, orm, clock } = await world(t)
  const proof: LogOf = { event: 'BlockSpecimenProductionProofSubmitted', height: 5n, index: 1, block: 10n }
  await read('specimen', start(5n, 50n, 0), proof, { event: 'QuorumNotReached', height: 5n, block: 60n })
  await read('specimen', start(10n, 50n, 2), { ...proof, height: 10n, index: 3 })
  await orm.em.fork().nativeUpdate(Session, { originHeight: 5n }, { state: 'finalized' })
  const [sweep] = finalizerSweeps({ keepSettled: 1_000 })
  const before = (ms: number): Date => new Date(clock.now() + ms)
  t.is(await sweep?.run(orm.em.fork(), before(-1), 100), 0)
  t.is(await sweep?.run(orm.em.fork(), before(1), 100), 1)
  const left = await Promise.all(
    [Session, Submission, Closing].map(entity => orm.em.fork().count(entity as typeof Session, {})),
  )
  t.deepEqual(left, [1, 1, 0])
})
