/** The predecessor's warehouse as a source: what it tells, what it lacks, and what it gets wrong. */
import test, { type ExecutionContext } from 'ava'
import type { FamilyPlan } from '../../../src/actors/finalizer/families.ts'
import { finalizerMeters } from '../../../src/actors/finalizer/meters.ts'
import { settleClosed } from '../../../src/actors/finalizer/outcomes.ts'
import { openWarehouse as connect } from '../../../src/actors/finalizer/warehouse-db.ts'
import { readViewRows } from '../../../src/actors/finalizer/warehouse-rows.ts'
import { warehouseActor } from '../../../src/actors/finalizer/warehouse.ts'
import type { Look } from '../../../src/actors/finalizer/messages.ts'
import { Closing, Session, WarehouseCursor } from '../../../src/entities/finalizer/session.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { createMetrics } from '../../../src/metrics.ts'
import { policyRules } from '../../../bench/conformance/finalizer/rules.ts'
import { drive, type DrivenActor } from '../../support/context.ts'
import { CONTRACTS, sessionsIn, statesIn, useFinalizerDatabase } from '../../support/finalizer-database.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'
import { openWarehouse, type TestWarehouse } from '../../support/warehouse.ts'

const databases = useFinalizerDatabase(test)
const SCHEMA = 'chain_moonbeam_mainnet'
const FLOOR = 1_928_585_162_635_558_598n
const CONTRACT = CONTRACTS.specimen
const CHAIN = 'moonbeam'
const AT = { contract: CONTRACT, chainId: 1n } as const

const PLAN: FamilyPlan = {
  family: 'specimen',
  contract: CONTRACT,
  from: 0n,
  heightFloor: 16_925_800n,
  blockIdFloor: FLOOR,
  views: ['_proof_chain_specimen_events', '_proof_chain_events'],
}

interface Reader {
  readonly warehouse: TestWarehouse
  readonly orm: Orm
  readonly clock: SimulatedClock
  readonly actor: DrivenActor<Look>
  look(): Promise<void>
  cursor(): Promise<bigint | undefined>
}

interface Options {
  readonly read?: 'auto' | 'logs' | 'views'
  readonly startAfter?: bigint
  readonly port?: number
  readonly schema?: string
  readonly orm?: Orm
  readonly warehouse?: TestWarehouse
}

async function open(t: ExecutionContext, options: Options = {}): Promise<Reader> {
  const orm = options.orm ?? (await databases.open(t))
  const warehouse = options.warehouse ?? (await openWarehouse(await databases.plain.create()))
  if (options.warehouse === undefined) t.teardown(() => warehouse.end())
  const { host, user, database } = warehouse
  const clock = new SimulatedClock()
  const schema = options.schema ?? SCHEMA
  const port = options.port ?? warehouse.port
  const actor = await drive(
    warehouseActor,
    {
      db: () => orm,
      open: () => connect({ host, port, user, password: undefined, database, schema, read: options.read ?? 'auto' }),
      chain: CHAIN,
      schema,
      plans: [PLAN],
      startAfter: options.startAfter ?? -1n,
      pollMs: 10_000,
      gapPatienceMs: 3_600_000,
      meters: finalizerMeters(createMetrics({ processMetrics: false }), () => orm, CHAIN),
    },
    { id: 'finalizer/warehouse', clock },
  )
  t.teardown(() => actor.stop())
  return {
    warehouse,
    orm,
    clock,
    actor,
    look: () => actor.deliver({ type: 'look' }),
    cursor: async () => (await orm.em.fork().findOne(WarehouseCursor, { source: `${schema}/specimen` }))?.blockId,
  }
}

const settle = (orm: Orm): Promise<unknown> => {
  const rules = { chain: CHAIN, confirmations: 3, plans: [PLAN], policy: policyRules }
  return orm.em.fork().transactional(em => settleClosed(em, rules, { head: 1_000n, tip: 1_000n }, new SimulatedClock()))
}

const told = ({ logs }: DrivenActor<Look>, level: string): string[] =>
  logs.filter(line => line.level === level).map(({ text, fields }) => `${text}: ${String(fields['because'])}`)

test('sessions start and end as the logs say, under every name the events have had; failed transactions say nothing', async t => {
  const { warehouse, orm, look, cursor, actor } = await open(t)
  await warehouse.happened({
    ...AT,
    blockId: FLOOR + 1n,
    event: 'BSPSessionStarted',
    height: 16_925_805n,
    deadline: 500n,
  })
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_810n, deadline: 501n })
  await warehouse.happened(
    { ...AT, blockId: FLOOR + 3n, event: 'SessionStarted', height: 16_925_815n, deadline: 502n },
    false,
  )
  await warehouse.happened({ ...AT, blockId: FLOOR + 9n, event: 'QuorumNotReached', height: 16_925_805n })
  await look()
  await settle(orm)
  t.deepEqual(await statesIn(orm), ['specimen 1:16925805 finalized-by-other', 'specimen 1:16925810 discovered'])
  t.like((await sessionsIn(orm))[1], { deadline: 501n, warehouseBlockId: FLOOR + 2n, startBlock: null })
  t.is(await cursor(), FLOOR + 9n)
  t.deepEqual(
    actor.sent.map(({ to }) => to),
    ['finalizer/warehouse', 'finalizer/coordinator'],
  )
})

test('scenario 27: the first closing in the warehouse is the outcome; an auditor’s later award is only history', async t => {
  const { warehouse, orm, look } = await open(t)
  const height = 16_925_805n
  await warehouse.happened({ ...AT, blockId: FLOOR + 1n, event: 'SessionStarted', height, deadline: 500n })
  await warehouse.happened({ ...AT, blockId: FLOOR + 8n, event: 'QuorumNotReached', height })
  await warehouse.happened({ ...AT, blockId: FLOOR + 9n, event: 'BlockSpecimenRewardAwarded', height, logOffset: 7 })
  await look()
  t.like((await sessionsIn(orm))[0], { outcome: 'no-quorum', agreedHash: null })
  t.is(await orm.em.fork().count(Closing), 2)
})

test('one transaction that closes the same height in two ways loses neither in the views', t => {
  const row = {
    start_tx: '1'.repeat(64),
    block_id: '7',
    tx_offset: 0,
    height: '10',
    deadline: '5',
    final_tx: '2'.repeat(64),
  }
  const closings = (family: 'specimen' | 'result', chainId: string) =>
    readViewRows({ ...PLAN, family, heightFloor: 0n }, [{ ...row, chain_id: chainId }]).facts.closings
  const all = [...closings('specimen', '1'), ...closings('result', '1'), ...closings('specimen', '56')]
  t.is(new Set(all.map(({ log }) => log)).size, 3)
  t.deepEqual(closings('specimen', '1')[0], all[0])
  t.true(all.every(({ log }) => log < 0 && log >= -(2 ** 31)))
})

test('reading goes on after the configured block id, and after a restart where it stopped', async t => {
  const first = await open(t, { startAfter: FLOOR + 1n })
  const { warehouse, orm } = first
  for (const at of [1n, 2n]) {
    const height = 16_925_800n + 5n * at
    await warehouse.happened({ ...AT, blockId: FLOOR + at, event: 'SessionStarted', height, deadline: 500n })
  }
  await first.look()
  t.deepEqual(await statesIn(orm), ['specimen 1:16925810 discovered'])
  await first.actor.stop()
  await warehouse.happened({ ...AT, blockId: FLOOR + 3n, event: 'SessionStarted', height: 16_925_815n, deadline: 500n })
  const second = await open(t, { orm, warehouse })
  await second.look()
  t.deepEqual(await statesIn(orm), ['specimen 1:16925810 discovered', 'specimen 1:16925815 discovered'])
})

test('rows with nulls and rows that mean nothing are said once and left out; the rest goes on', async t => {
  const { warehouse, orm, look, actor, cursor } = await open(t)
  const broken = { sender: CONTRACT, data: null, topics: null } as const
  await warehouse.log({ ...broken, blockId: FLOOR + 1n })
  await warehouse.transaction(FLOOR + 1n, 0, true)
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_810n, deadline: 500n })
  await warehouse.query(`update ${SCHEMA}.block_log_events set data = null where block_id = ${FLOOR + 2n}`)
  await warehouse.happened({ ...AT, blockId: FLOOR + 3n, event: 'SessionStarted', height: 16_925_815n, deadline: 500n })
  await warehouse.query(`update ${SCHEMA}.block_log_events set data = '\\x01' where block_id = ${FLOOR + 3n}`)
  await warehouse.happened(
    { ...AT, blockId: FLOOR + 4n, event: 'SessionStarted', height: 16_925_820n, deadline: 500n },
    null,
  )
  await warehouse.happened({ ...AT, blockId: FLOOR + 5n, event: 'SessionStarted', height: 16_925_825n, deadline: 500n })
  await look()
  await look()
  t.deepEqual(await statesIn(orm), ['specimen 1:16925825 discovered'])
  t.deepEqual(told(actor, 'warn'), [
    'a row of the warehouse cannot be read and is left out: topics is null',
    'a row of the warehouse cannot be read and is left out: data is null',
    'a row of the warehouse cannot be read and is left out: its topics and data are no event of the contract',
    'a row of the warehouse cannot be read and is left out: successful is null: nobody knows whether its transaction went through',
  ])
  t.is(await cursor(), FLOOR + 5n)
})

test('scenario 31: the cursor does not pass a gap, what comes after it is used all the same, and the gap is filled in time', async t => {
  const { warehouse, orm, look, cursor, actor, clock } = await open(t)
  await warehouse.happened({ ...AT, blockId: FLOOR + 1n, event: 'SessionStarted', height: 16_925_805n, deadline: 500n })
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_810n, deadline: 500n })
  await warehouse.query(`delete from ${SCHEMA}.block_transactions where block_id = ${FLOOR + 2n}`)
  await warehouse.happened({ ...AT, blockId: FLOOR + 3n, event: 'SessionStarted', height: 16_925_815n, deadline: 500n })
  await look()
  t.is(await cursor(), FLOOR + 1n)
  t.is((await sessionsIn(orm)).length, 2)
  t.regex(told(actor, 'warn')[0] ?? '', /has a gap; the cursor waits before it.*transaction is missing/)
  await clock.advance(10_000)
  await warehouse.transaction(FLOOR + 2n, 0, true)
  await look()
  t.is(await cursor(), FLOOR + 3n)
  t.is((await sessionsIn(orm)).length, 3)
  t.is((await orm.em.fork().findOne(WarehouseCursor, { source: `${SCHEMA}/specimen` }))?.because, null)
})

test('a gap that is not filled in time is passed, and said', async t => {
  const { warehouse, look, cursor, actor, clock } = await open(t)
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_810n, deadline: 500n })
  await warehouse.query(`delete from ${SCHEMA}.block_transactions`)
  await look()
  t.is(await cursor(), FLOOR + 1n)
  await clock.advance(3_600_000)
  await look()
  t.is(await cursor(), FLOOR + 2n)
  t.regex(told(actor, 'warn').at(-1) ?? '', /was not filled in time; reading goes on after it/)
})

test('logs that an indexer adds late, before others, are found', async t => {
  const { warehouse, orm, look, clock } = await open(t)
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_805n, deadline: 500n })
  await warehouse.happened({ ...AT, blockId: FLOOR + 9n, event: 'SessionStarted', height: 16_925_815n, deadline: 500n })
  await look()
  await warehouse.happened({ ...AT, blockId: FLOOR + 5n, event: 'SessionStarted', height: 16_925_810n, deadline: 500n })
  await clock.advance(60_000)
  await look()
  t.is((await sessionsIn(orm)).length, 3)
})

const TERMS = {
  contract: CONTRACT,
  started: 'SessionStarted',
  rewarded: 'BlockSpecimenRewardAwarded',
  noQuorum: 'QuorumNotReached',
  blockIdFloor: FLOOR,
  heightFloor: 16_925_800n,
} as const

test('the predecessor’s views do as well, under either name', async t => {
  const { warehouse, orm, look, actor } = await open(t, { read: 'views' })
  await warehouse.view('_proof_chain_events', TERMS)
  await warehouse.happened({ ...AT, blockId: FLOOR + 1n, event: 'SessionStarted', height: 16_925_805n, deadline: 500n })
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_810n, deadline: 500n })
  await look()
  t.is((await sessionsIn(orm)).filter(({ closedTx }) => closedTx == null).length, 2)
  await warehouse.happened({ ...AT, blockId: FLOOR + 9n, event: 'BlockSpecimenRewardAwarded', height: 16_925_805n })
  await look()
  await settle(orm)
  t.deepEqual(await statesIn(orm), ['specimen 1:16925805 finalized-by-other', 'specimen 1:16925810 discovered'])
  t.deepEqual(told(actor, 'warn'), [])
})

test('scenario 28: a replica that lags and shows a settled session open again does not queue it', async t => {
  const { warehouse, orm, look, clock } = await open(t, { read: 'views' })
  await warehouse.view('_proof_chain_specimen_events', TERMS)
  await warehouse.happened({ ...AT, blockId: FLOOR + 1n, event: 'SessionStarted', height: 16_925_805n, deadline: 500n })
  await warehouse.happened({ ...AT, blockId: FLOOR + 2n, event: 'SessionStarted', height: 16_925_810n, deadline: 500n })
  await warehouse.happened({ ...AT, blockId: FLOOR + 9n, event: 'BlockSpecimenRewardAwarded', height: 16_925_810n })
  await look()
  await settle(orm)
  await orm.em.fork().nativeUpdate(Session, { originHeight: 16_925_805n }, { state: 'submitted', intentKey: 'k' })
  await warehouse.query(`delete from ${SCHEMA}.block_log_events where block_id = ${FLOOR + 9n}`)
  await clock.advance(60_000)
  await look()
  t.deepEqual(await statesIn(orm), ['specimen 1:16925805 submitted', 'specimen 1:16925810 finalized-by-other'])
})

test('a warehouse that is down is an outage with a clear word, and nothing is lost', async t => {
  const { look } = await open(t, { port: 1 })
  const error = await t.throwsAsync(look)
  t.like(error, { code: 'FIN_004', severity: 'transient' })
  t.regex(error?.message ?? '', /the warehouse at .* does not answer/)
})

test('a schema without tables or views is said, and the role goes on', async t => {
  const { look, actor, orm } = await open(t, { schema: 'chain_that_is_not_there' })
  await look()
  await look()
  t.is(told(actor, 'error').length, 1)
  t.regex(told(actor, 'error')[0] ?? '', /the warehouse has neither chain_that_is_not_there.block_log_events/)
  t.regex((await orm.em.fork().find(WarehouseCursor, { because: { $ne: null } }))[0]?.because ?? '', /neither/)
})

test('rows of a view with nulls and with what is no number are said and left out', async t => {
  const { warehouse, orm, look, actor } = await open(t, { read: 'views' })
  await warehouse.query(`create table ${SCHEMA}._proof_chain_specimen_events (a bytea, b bigint, c int, d numeric, e numeric,
    f numeric, g bytea)`)
  const row = (block: bigint, chain: string, height: string, deadline: string, start = "'\\x' || repeat('ab', 32)") =>
    warehouse.query(`insert into ${SCHEMA}._proof_chain_specimen_events
      values ((${start})::bytea, ${block}, 0, ${chain}, ${height}, ${deadline}, null)`)
  await row(FLOOR + 1n, '1', '16925805', 'null')
  await row(FLOOR + 2n, 'null', '16925810', '500')
  await row(FLOOR + 3n, '1', '-5', '500')
  await row(FLOOR + 4n, '1', '16925815', '500', 'null')
  await row(FLOOR + 5n, '1', '16925820', '500')
  await look()
  t.deepEqual(await statesIn(orm), ['specimen 1:16925820 discovered'])
  t.deepEqual(
    actor.logs.map(({ fields }) => fields['because']),
    ['deadline is null', 'chain_id is null', 'height -5 is no uint64', 'the hash of its start is missing'],
  )
})

test('nothing can be written to the warehouse', async t => {
  const { warehouse } = await open(t)
  const { host, port, user, database } = warehouse
  await warehouse.query(`create function ${SCHEMA}.spoil() returns boolean language plpgsql as $$
    begin insert into ${SCHEMA}.block_transactions values (1, 1, true); return true; end $$`)
  await warehouse.query(`create view ${SCHEMA}._proof_chain_specimen_events as
    select null::bytea a, ${FLOOR}::bigint b, 1 c, 1::numeric d, 1::numeric e, 1::numeric f, null::bytea g
    where ${SCHEMA}.spoil()`)
  const ours = await connect({ host, port, user, password: undefined, database, schema: SCHEMA, read: 'views' })
  t.teardown(() => ours.close())
  await t.throwsAsync(ours.read(PLAN, -1n, 10), { message: /read-only transaction/ })
  t.deepEqual(await warehouse.query(`select * from ${SCHEMA}.block_transactions`), [])
})
