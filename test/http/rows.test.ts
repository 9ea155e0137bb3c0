import test from 'ava'
import { Decision } from '../../src/entities/kernel/decision.ts'
import { Attempt, Intent } from '../../src/entities/kernel/intent.ts'
import { Audit, Crash, RoleControl } from '../../src/entities/kernel/operations.ts'
import { Cursor } from '../../src/entities/kernel/block.ts'
import type { Orm } from '../../src/entities/orm.ts'
import { useDatabases } from '../support/postgres.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { asOperator, asViewer, bareRole, NOON, openTestOrm, serve } from './harness.ts'

const databases = useDatabases(test)
const at = new Date(NOON)
const open: Orm[] = []

test.after.always('connections end', async () => {
  for (const orm of open) await orm.close()
})

async function fresh(): Promise<Orm> {
  const orm = await openTestOrm(await databases.create())
  open.push(orm)
  return orm
}

const intent = (over: Partial<Intent> = {}): object => ({
  key: 'forger:forge:1:0xroot',
  role: 'forger',
  subject: 'batch/1',
  chain: 'local',
  account: 'forger',
  to: '0x00',
  data: '0x010203',
  value: 0n,
  confirmations: 5,
  state: 'queued',
  createdAt: at,
  updatedAt: at,
  ...over,
})

const attempt = (of: Intent, hash: string, over: object = {}): object => ({
  intent: of,
  purpose: 'effect',
  chain: 'local',
  account: 'forger',
  nonce: 4,
  hash,
  raw: '0xsigned',
  maxFeePerGas: 10n ** 30n,
  maxPriorityFeePerGas: 1n,
  gasLimit: 21_000n,
  state: 'signed',
  signedAt: at,
  ...over,
})

test('pausing is stored with who, why and when, is told to the role, and leaves one audit row', async t => {
  const orm = await fresh()
  const { post, get, poked } = await serve({ orm: () => orm })
  const first = await post('/v1/forger/pause', { reason: 'moving house' })
  t.is(first.statusCode, 200)
  t.like(first.json(), { changed: true, before: { paused: false }, after: { paused: true, reason: 'moving house' } })
  const again = await post('/v1/forger/pause', { reason: 'still moving' })
  t.like(again.json(), { changed: false, after: { paused: true, reason: 'moving house' } })
  t.deepEqual(poked, ['forger'])
  const em = orm.em.fork()
  t.like(await em.findOne(RoleControl, { role: 'forger' }), { paused: true, by: 'operator (127.0.0.1)' })
  t.is(await em.count(Audit, {}), 1)
  const { changes } = (await get('/v1/audit')).json()
  t.like(changes[0], { token: 'operator', origin: '127.0.0.1', verb: 'pause', subject: 'role/forger' })
  t.like((await get('/v1/status')).json().stored.controls[0], { role: 'forger', paused: true, reason: 'moving house' })
})

test('resuming takes the pause back; a body is not needed', async t => {
  const orm = await fresh()
  const { app, post, poked } = await serve({ orm: () => orm })
  await post('/v1/forger/pause', {})
  const resumed = await app.inject({ method: 'POST', url: '/v1/forger/resume', headers: asOperator })
  t.like(resumed.json(), { changed: true, after: { paused: false, reason: null } })
  t.deepEqual(poked, ['forger', 'forger'])
})

test('two pauses at the same moment change once', async t => {
  const orm = await fresh()
  const { post } = await serve({ orm: () => orm })
  const answers = await Promise.all([1, 2, 3, 4].map(() => post('/v1/forger/pause', {})))
  t.is(answers.filter(answer => answer.json().changed === true).length, 1)
  t.is(await orm.em.fork().count(Audit, {}), 1)
})

test('one pass can be asked of a role that knows what that is, and is in the audit', async t => {
  const orm = await fresh()
  const closer = ref<{ readonly type: 'run-once' }>('closer/coordinator')
  const roles = [bareRole({ name: 'closer', runOnce: send => send(closer, { type: 'run-once' }) }), bareRole({})]
  const { get, post, sent } = await serve({ orm: () => orm, roles })
  const asked = await post('/v1/closer/run-once', { reason: ' the network was away ' })
  t.is(asked.statusCode, 202)
  t.like(asked.json(), { role: 'closer', asked: 'run-once' })
  t.deepEqual(sent, [['closer/coordinator', { type: 'run-once' }]])
  const [change] = (await get('/v1/audit')).json().changes
  t.like(change, { verb: 'run-once', subject: 'role/closer', reason: 'the network was away' })
  t.is((await post('/v1/forger/run-once', {})).statusCode, 404)
  t.is((await post('/v1/closer/run-once', {}, asViewer)).statusCode, 403)
})

test('a role that is not enabled cannot be paused', async t => {
  const { post } = await serve()
  t.is((await post('/v1/finalizer/pause', {})).json().code, 'HTTP_003')
})

test('transactions are listed newest first in pages that neither repeat nor leave out', async t => {
  const orm = await fresh()
  const em = orm.em.fork()
  for (let i = 1; i <= 5; i++) em.create(Intent, intent({ key: `k${i}`, subject: `batch/${i}` }) as never)
  await em.flush()
  const { get } = await serve({ orm: () => orm })
  const seen: string[] = []
  let before = ''
  for (;;) {
    const { transactions, next } = (await get(`/v1/transactions?limit=2${before}`)).json()
    for (const { key } of transactions as { key: string }[]) seen.push(key)
    if (next === null) break
    before = `&before=${next}`
  }
  t.deepEqual(seen, ['k5', 'k4', 'k3', 'k2', 'k1'])
  t.is((await get('/v1/transactions?state=sent')).json().transactions.length, 0)
  t.is((await get('/v1/transactions?open=true&subject=batch/3')).json().transactions.length, 1)
})

test('signed bytes are only shown for one transaction and only after they were broadcast', async t => {
  const orm = await fresh()
  const em = orm.em.fork()
  const created = em.create(Intent, intent({ state: 'sent', nonce: 4 }) as never)
  em.create(Attempt, attempt(created, `0x${'1'.repeat(64)}`) as never)
  em.create(Attempt, attempt(created, `0x${'2'.repeat(64)}`, { state: 'broadcast', broadcastAt: at }) as never)
  await em.flush()
  const { get } = await serve({ orm: () => orm })
  const list = await get('/v1/transactions')
  t.false(list.body.includes('0xsigned'))
  t.is(list.json().transactions[0].attempts[0].maxFeePerGas, '1000000000000000000000000000000')
  for (const id of [String(created.id), created.key, `0x${'2'.repeat(64)}`]) {
    const { attempts } = (await get(`/v1/transactions/${encodeURIComponent(id)}`)).json()
    t.deepEqual(
      attempts.map((row: { raw?: string }) => row.raw),
      [undefined, '0xsigned'],
    )
  }
  t.is((await get('/v1/transactions/99')).json().code, 'HTTP_004')
})

test('crashes and decisions are listed with their reasons', async t => {
  const orm = await fresh()
  const em = orm.em.fork()
  em.create(Crash, { actor: 'a', kind: 'x', at, reason: 'boom', incarnation: 2, sincePreviousMs: 5n } as never)
  em.create(Decision, decision('pipeline', 'wait', 'not our slot') as never)
  await em.flush()
  const { get } = await serve({ orm: () => orm })
  t.like((await get('/v1/crashes?actor=a')).json().crashes[0], { reason: 'boom', incarnation: 2, sincePreviousMs: 5 })
  t.deepEqual((await get('/v1/crashes?actor=b')).json(), { crashes: [], next: null })
  t.like((await get('/v1/decisions?subject=pipeline')).json().decisions[0], { choice: 'wait', because: 'not our slot' })
})

const decision = (subject: string, choice: string, because: string): object => ({
  role: 'forger',
  subject,
  choice,
  because,
  details: null,
  decidedAt: at,
  repeatedAt: at,
  times: 1,
})

test('explain asks the roles first', async t => {
  const role = bareRole({
    explain: async (_context, subject) =>
      subject === 'batch/7'
        ? { subject, state: 'proving', next: 'a proof is due in 3 s', because: null, details: { prover: 'p1' } }
        : null,
  })
  const { get } = await serve({ roles: [role] })
  t.like((await get('/v1/explain/batch/7')).json(), { subject: 'batch/7', state: 'proving', details: { prover: 'p1' } })
})

test('a role is explained by its name: whether it runs, and who paused it', async t => {
  const orm = await fresh()
  const { get, post } = await serve({ orm: () => orm, roles: [bareRole({ name: 'forger' })] })
  t.like((await get('/v1/explain/forger')).json(), { state: 'running', because: null, missing: [] })
  await post('/v1/forger/pause', { reason: 'new provers' })
  const { state, because } = (await get('/v1/explain/forger')).json<{ state: string; because: string }>()
  t.is(state, 'paused')
  t.regex(because, /^paused by operator \(.+\): new provers$/)
})

test('explain falls back to decisions and transactions, and says when nothing is known', async t => {
  const orm = await fresh()
  const em = orm.em.fork()
  em.create(Decision, decision('session/1:5', 'wait', 'deadline in 12 blocks') as never)
  em.create(
    Intent,
    intent({ subject: 'batch/1', state: 'parked', parkedFor: 'person', because: 'fees above the ceiling' }) as never,
  )
  await em.flush()
  const { get } = await serve({ orm: () => orm })
  t.like((await get('/v1/explain/session/1:5')).json(), { state: 'wait', because: 'deadline in 12 blocks' })
  t.like((await get('/v1/explain/batch/1')).json(), {
    state: 'parked',
    because: 'fees above the ceiling',
  })
  t.is((await get('/v1/explain/batch/99')).json().code, 'HTTP_004')
})

test('the status shows each chain with its head and how far its sources are behind', async t => {
  const orm = await fresh()
  const em = orm.em.fork()
  em.create(Cursor, { chain: 'local', source: 'head', number: 12n, hash: '0xa', updatedAt: at } as never)
  em.create(Cursor, { chain: 'local', source: 'forger/rollup', number: 9n, hash: '0xb', updatedAt: at } as never)
  em.create(Intent, intent() as never)
  await em.flush()
  const { get } = await serve({ orm: () => orm })
  const { stored } = (await get('/v1/status')).json()
  t.like(stored.chains[0], {
    name: 'local',
    head: '12',
    sources: [{ name: 'forger/rollup', number: '9', behind: '3' }],
  })
  t.deepEqual(stored.transactions, { queued: 1 })
})
