import test from 'ava'
import { housekeeping, housekeepingActor } from '../../../src/actors/platform/housekeeping.ts'
import { kernelSweeps } from '../../../src/actors/platform/retention.ts'
import { forgerSweeps } from '../../../src/actors/forger/retention.ts'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { Attempt, Intent, type IntentState } from '../../../src/entities/kernel/intent.ts'
import { Decision } from '../../../src/entities/kernel/decision.ts'
import { Audit, Crash } from '../../../src/entities/kernel/operations.ts'
import type { Em, Orm } from '../../../src/entities/orm.ts'
import { drive } from '../../support/context.ts'
import { storeBatch, useForgerDatabase } from '../../support/forger-database.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const database = useForgerDatabase(test)
const DAY = 86_400_000
const NOW = Date.UTC(2026, 5, 1)
const ago = (days: number): Date => new Date(NOW - days * DAY)
const keep = { crashes: 10 * DAY, decisions: 10 * DAY, audit: 0, transactions: 10 * DAY }

async function sweep(orm: Orm, sweeps = kernelSweeps(keep)) {
  const actor = await drive(
    housekeepingActor,
    { db: () => orm, sweeps },
    {
      id: housekeeping.id,
      clock: new SimulatedClock(NOW),
    },
  )
  await actor.deliver({ type: 'sweep' })
  return actor
}

async function transaction(em: Em, nonce: number, settled: Date | null, more: Partial<Intent> = {}): Promise<string> {
  const key = `test/${nonce}`
  const state: IntentState = settled ? 'confirmed' : 'sent'
  const intent = em.create(Intent, {
    key,
    role: 'forger',
    subject: `batch/${nonce}`,
    chain: 'local',
    account: 'forger',
    to: '0x',
    data: '0x',
    value: 0n,
    confirmations: 1,
    state,
    nonce,
    createdAt: ago(100),
    updatedAt: ago(100),
    settledAt: settled,
    acknowledgedAt: settled,
    ...more,
  } as never) // a row as the lane writes it
  em.create(Attempt, {
    intent,
    purpose: 'effect',
    chain: 'local',
    account: 'forger',
    nonce,
    hash: `0x${nonce}`,
    raw: '0x',
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
    gasLimit: 1n,
    state: 'mined',
    signedAt: ago(100),
  })
  await em.flush()
  return key
}

test('crashes and decisions older than they are kept go; what is kept for ever stays', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  for (const at of [ago(11), ago(9)]) {
    em.create(Crash, { actor: 'a', kind: 'k', at, reason: 'r', incarnation: 1 })
    em.create(Audit, {
      at: ago(1000),
      token: 'operator',
      origin: 'cli',
      verb: 'pause',
      subject: 'forger',
      before: null,
      after: null,
    })
    em.create(Decision, {
      role: 'forger',
      subject: 'pipeline',
      choice: 'run',
      because: 'it is ours',
      decidedAt: ago(50),
      repeatedAt: at,
      times: 2,
    })
  }
  await em.flush()
  const { logs } = await sweep(orm)
  t.is(await em.count(Crash, {}), 1)
  t.is(await em.count(Decision, {}), 1)
  t.is(await em.count(Audit, {}), 2)
  t.deepEqual(
    logs.map(({ fields }) => [fields['name'], fields['rows']]),
    [
      ['crashes', 1],
      ['decisions', 1],
    ],
  )
})

test('a settled transaction goes with its attempts once it was told; the highest nonce stays', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  await transaction(em, 0, ago(20))
  const untold = await transaction(em, 1, ago(20), { acknowledgedAt: null })
  const open = await transaction(em, 2, null)
  const young = await transaction(em, 3, ago(2))
  await transaction(em, 4, ago(20))
  const highest = await transaction(em, 5, ago(20))
  await sweep(orm)
  const left = await orm.em.fork().find(Intent, {}, { orderBy: { id: 'asc' } })
  t.deepEqual(
    left.map(({ key }) => key),
    [untold, open, young, highest],
  )
  t.is(await em.count(Attempt, {}), 4)
})

test('many rows go in several statements', async t => {
  const orm = await database(t)
  await orm.em.fork().execute(
    `insert into kernel.crash (actor, kind, at, reason, incarnation)
       select 'a', 'k', ?, 'r', n from generate_series(1, 12000) n`,
    [ago(20)],
  )
  const { logs } = await sweep(orm)
  t.is(await orm.em.fork().count(Crash, {}), 0)
  t.is(logs[0]?.fields['rows'], 12_000)
})

test('what a settled batch held goes when it is old; batches under way keep it', async t => {
  const orm = await database(t)
  const em = orm.em.fork()
  for (const [num, state, createdAt] of [
    [1, 'final', ago(40)],
    [2, 'discarded', ago(40)],
    [3, 'mined', ago(40)],
    [4, 'final', ago(2)],
  ] as const) {
    await storeBatch(em, { num, state, createdAt })
  }
  await em.nativeUpdate(Batch, {}, { contents: { L2Txs: [] } })
  await sweep(orm, forgerSweeps({ keepContents: 30 * DAY }))
  const kept = await orm.em.fork().find(Batch, { contents: { $ne: null } }, { orderBy: { num: 'asc' } })
  t.deepEqual(
    kept.map(({ num }) => num),
    [3, 4],
  )
})
