/** Logs of the contracts become sessions; reading twice changes nothing, and a reorganisation takes them back. */
import test from 'ava'
import { proofSource, readLogs } from '../../../src/actors/finalizer/proof-source.ts'
import { settleClosed } from '../../../src/actors/finalizer/outcomes.ts'
import { loadDue } from '../../../src/actors/finalizer/session-book.ts'
import type { FamilyPlan } from '../../../src/actors/finalizer/families.ts'
import type { Range, RawLog } from '../../../src/actors/chain/source.ts'
import { Closing, Session, type Family } from '../../../src/entities/finalizer/session.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { CONTRACTS, logOf, sessionsIn, statesIn, useFinalizerDatabase } from '../../support/finalizer-database.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'
import { policyRules } from '../../../bench/conformance/finalizer/rules.ts'

const databases = useFinalizerDatabase(test)
const CHAIN = 'moonbeam'
const clock = new SimulatedClock()
const RANGE: Range = { chain: CHAIN, from: 0n, to: 1_000n, toHash: '0x00', atHead: true }
const MAX = 2n ** 64n - 1n

const plan = (family: Family): FamilyPlan => ({
  family,
  contract: CONTRACTS[family],
  from: 0n,
  heightFloor: 0n,
  blockIdFloor: 0n,
  views: [],
})

/** What the scanner does with logs that a node answered; answers why logs were left out. */
async function read(orm: Orm, family: Family, logs: readonly RawLog[]): Promise<string[]> {
  const skipped: string[] = []
  const source = proofSource(plan(family), CHAIN, clock)
  const facts = await source.gather(logs, RANGE, {} as never, (_, because) => skipped.push(because)) // it asks no node
  await orm.em.fork().transactional(em => source.store(em, facts, RANGE))
  return skipped
}

const forget = (orm: Orm, family: Family, above: bigint): Promise<void> =>
  orm.em.fork().transactional(em => proofSource(plan(family), CHAIN, clock).forget(em, above))

const settle = (orm: Orm, head = 1_000n): Promise<unknown> => {
  const rules = { chain: CHAIN, confirmations: 3, plans: [plan('specimen'), plan('result')], policy: policyRules }
  return orm.em.fork().transactional(em => settleClosed(em, rules, { head, tip: head }, clock))
}

test('scenarios 1, 38: a start of the specimen contract is one session with exact 64-bit values', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [
    logOf('specimen', { event: 'SessionStarted', chainId: MAX, height: MAX, deadline: MAX - 1n }),
  ])
  const [session, ...more] = await sessionsIn(orm)
  t.is(more.length, 0)
  t.like(session, {
    family: 'specimen',
    originChainId: MAX,
    originHeight: MAX,
    deadline: MAX - 1n,
    state: 'discovered',
  })
})

test('scenario 2: the same topic of the result contract is a result session; the two never mix', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 5n })])
  await read(orm, 'result', [logOf('result', { event: 'SessionStarted', height: 10n, deadline: 6n })])
  await read(orm, 'result', [logOf('result', { event: 'QuorumNotReached', height: 10n, block: 9n })])
  await settle(orm)
  t.deepEqual(await statesIn(orm), ['specimen 1:10 discovered', 'result 1:10 finalized-by-other'])
  t.deepEqual(
    (await sessionsIn(orm)).map(({ deadline }) => deadline),
    [5n, 6n],
  )
})

test('scenario 3: logs of any other address, and logs that do not decode, are left out with a reason', async t => {
  const orm = await databases.open(t)
  const foreign = logOf('specimen', { event: 'SessionStarted', height: 10n, address: `0x${'9'.repeat(40)}` })
  const cut: RawLog = { ...logOf('specimen', { event: 'SessionStarted', height: 15n }), data: '0x' }
  const unknown: RawLog = { ...cut, topics: [`0x${'7'.repeat(64)}`] }
  const good = logOf('specimen', { event: 'SessionStarted', height: 20n })
  const skipped = await read(orm, 'specimen', [foreign, cut, unknown, good])
  t.is(skipped.length, 3)
  t.regex(skipped[0] ?? '', /not of the specimen contract/)
  t.regex(skipped[1] ?? '', /does not decode/)
  t.deepEqual(await statesIn(orm), ['specimen 1:20 discovered'])
})

test('scenario 4: older names, and those of 2024, are recognised alike', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [
    logOf('specimen', { event: 'BSPSessionStarted', height: 10n }),
    logOf('specimen', { event: 'BSPQuorumNotReached', height: 10n, block: 3n }),
    logOf('specimen', { event: 'SessionStarted', height: 15n, index: 1 }),
    logOf('specimen', { event: 'BlockSpecimenQuorum', height: 15n, block: 4n }),
  ])
  await read(orm, 'result', [
    logOf('result', { event: 'BRPSessionStarted', height: 20n, index: 2 }),
    logOf('result', { event: 'BRPQuorumNotReached', height: 20n, block: 5n }),
  ])
  t.deepEqual(
    (await sessionsIn(orm)).map(({ outcome }) => outcome),
    ['no-quorum', 'quorum', 'no-quorum'],
  )
})

test('scenario 5: the height of a no-quorum event is its data word', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [
    logOf('specimen', { event: 'SessionStarted', height: 16_925_810n }),
    logOf('specimen', { event: 'QuorumNotReached', height: 16_925_810n, block: 400n }),
  ])
  await settle(orm)
  t.like((await sessionsIn(orm))[0], { state: 'finalized-by-other', outcome: 'no-quorum', closedBlock: 400n })
})

test('scenario 6: a closing whose start lies before what is read is recorded as closed and never sent', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [logOf('specimen', { event: 'BlockSpecimenRewardAwarded', height: 10n, block: 500n })])
  const due = {
    chain: CHAIN,
    head: 900n,
    now: new Date(clock.now()),
    usable: ['specimen'] as const,
    tells: new Set<Family>(),
    limit: 10,
  }
  t.deepEqual(await loadDue(orm.em.fork(), due, policyRules), [])
  await settle(orm)
  t.deepEqual(await statesIn(orm), ['specimen 1:10 finalized-by-other'])
})

test('scenario 7: the same logs delivered twice are one session, one closing and the same submissions', async t => {
  const orm = await databases.open(t)
  const logs = [
    logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 100n }),
    logOf('specimen', { event: 'BlockSpecimenProductionProofSubmitted', height: 10n, index: 1 }),
    logOf('specimen', { event: 'BlockSpecimenProductionProofSubmitted', height: 10n, index: 2 }),
    logOf('specimen', { event: 'BlockSpecimenRewardAwarded', height: 10n, block: 101n }),
  ]
  await read(orm, 'specimen', logs)
  await read(orm, 'specimen', logs)
  await read(orm, 'specimen', logs.slice(1))
  const sessions = await sessionsIn(orm)
  t.is(sessions.length, 1)
  t.like(sessions[0], { submissions: 2, outcome: 'rewarded', closedBlock: 101n })
  t.is(await orm.em.fork().count(Closing, {}), 1)
})

test('scenario 9: a start that is reorganised away drops its session; with another deadline it counts anew', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [
    logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 250n, block: 10n }),
    logOf('specimen', { event: 'BlockSpecimenProductionProofSubmitted', height: 10n, block: 10n, index: 1 }),
    logOf('specimen', { event: 'SessionStarted', height: 5n, deadline: 240n, block: 9n, index: 2 }),
  ])
  await forget(orm, 'specimen', 9n)
  t.deepEqual(await statesIn(orm), ['specimen 1:10 dropped', 'specimen 1:5 discovered'])
  t.like((await sessionsIn(orm))[0], { deadline: null, submissions: 0, because: 'its start was reorganised away' })
  await read(orm, 'specimen', [logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 251n, block: 11n })])
  t.like((await sessionsIn(orm))[0], { state: 'discovered', deadline: 251n, startBlock: 11n })
})

test('a session dropped by the contract stays dropped when the same start is read again', async t => {
  const orm = await databases.open(t)
  const start = logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 100n })
  await read(orm, 'specimen', [start])
  await orm.em.fork().nativeUpdate(Session, {}, { state: 'dropped' })
  await read(orm, 'specimen', [start])
  t.deepEqual(await statesIn(orm), ['specimen 1:10 dropped'])
})

test('a closing that is reorganised away opens its session again, also one that was settled', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [
    logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 100n, block: 1n }),
    logOf('specimen', { event: 'BlockSpecimenRewardAwarded', height: 10n, block: 101n }),
  ])
  await settle(orm)
  await forget(orm, 'specimen', 100n)
  t.like((await sessionsIn(orm))[0], { state: 'waiting', closedTx: null, outcome: null })
})

test('scenario 27: an auditor’s later award stays in the history, and nothing is sent', async t => {
  const orm = await databases.open(t)
  await read(orm, 'specimen', [
    logOf('specimen', { event: 'SessionStarted', height: 10n, deadline: 100n }),
    logOf('specimen', { event: 'QuorumNotReached', height: 10n, block: 101n }),
  ])
  await settle(orm)
  await read(orm, 'specimen', [logOf('specimen', { event: 'BlockSpecimenRewardAwarded', height: 10n, block: 300n })])
  await settle(orm)
  t.like((await sessionsIn(orm))[0], { state: 'finalized-by-other', outcome: 'no-quorum', closedBlock: 101n })
  const history = await orm.em.fork().find(Closing, {}, { orderBy: { blockNumber: 'asc' } })
  t.deepEqual(
    history.map(({ outcome }) => outcome),
    ['no-quorum', 'rewarded'],
  )
})

test('scenario 11: both families and every origin chain get their turn, however long the backlog of one is', async t => {
  const orm = await databases.open(t)
  const many = Array.from({ length: 50 }, (_, at) =>
    logOf('specimen', { event: 'SessionStarted', height: BigInt(5 * at), deadline: BigInt(at), index: at }),
  )
  await read(orm, 'specimen', [
    ...many,
    logOf('specimen', { event: 'SessionStarted', chainId: 56n, height: 5n, deadline: 90n, index: 90 }),
  ])
  await read(
    orm,
    'result',
    [1n, 2n].map(height => logOf('result', { event: 'SessionStarted', height, deadline: 95n, index: Number(height) })),
  )
  const query = {
    chain: CHAIN,
    head: 900n,
    now: new Date(clock.now()),
    usable: ['specimen', 'result'] as const,
    tells: new Set<Family>(),
    limit: 5,
  }
  const due = await loadDue(orm.em.fork(), query, policyRules)
  const order = due.map(({ family, originChainId, originHeight }) => `${family} ${originChainId}:${originHeight}`)
  t.deepEqual(order.toSorted(), ['result 1:1', 'result 1:2', 'specimen 1:0', 'specimen 1:5', 'specimen 56:5'])
})

test('heights up to the floor are not even stored', t => {
  const logs = [10n, 11n].map(height => logOf('result', { event: 'SessionStarted', height }))
  const facts = readLogs({ ...plan('result'), heightFloor: 10n }, logs, () => {})
  t.deepEqual(
    facts.starts.map(({ originHeight }) => originHeight),
    [11n],
  )
})
