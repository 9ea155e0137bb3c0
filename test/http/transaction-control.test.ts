/** Changing transactions through HTTP: who may, what changes, what is refused, and the audit row that names the token. */
import test from 'ava'
import { SigningAccount } from '../../src/entities/kernel/account.ts'
import { Attempt, Intent } from '../../src/entities/kernel/intent.ts'
import { Audit } from '../../src/entities/kernel/operations.ts'
import type { Orm } from '../../src/entities/orm.ts'
import { useDatabases } from '../support/postgres.ts'
import { asViewer, NOON, openTestOrm, serve, type Served } from './harness.ts'

const databases = useDatabases(test)
const at = new Date(NOON)
const ended: Orm[] = []
test.after.always('connections end', async () => {
  for (const orm of ended) await orm.close()
})

interface World extends Served {
  readonly orm: Orm
  add(over: Partial<Intent>): Promise<Intent>
  audit(): Promise<Audit[]>
}

async function world(): Promise<World> {
  const orm = await openTestOrm(await databases.create())
  ended.push(orm)
  const served = await serve({ orm: () => orm })
  let keys = 0
  return {
    ...served,
    orm,
    add: async over => {
      const em = orm.em.fork()
      const row = em.create(Intent, {
        key: `key-${(keys += 1)}`,
        role: 'forger',
        subject: 'batch/1',
        chain: 'local',
        account: 'main',
        to: '0x00',
        data: '0x0102',
        value: 5n,
        blobCount: 0,
        confirmations: 5,
        state: 'queued',
        createdAt: at,
        updatedAt: at,
        ...over,
      })
      await em.flush()
      return row
    },
    audit: () => orm.em.fork().find(Audit, {}, { orderBy: { id: 'asc' } }),
  }
}

const parked = { state: 'parked', parkedFor: 'approval', because: 'forger is in oversight' } as const

test.serial('approving a parked transaction queues it, tells its lane and names the token', async t => {
  const w = await world()
  const { id } = await w.add(parked)
  const answer = await w.post(`/v1/transactions/${id}/approve`, { reason: 'looked at it' })
  t.is(answer.statusCode, 200)
  t.like(answer.json().transaction, { state: 'queued', parkedFor: null, approvedBy: 'operator: looked at it' })
  t.deepEqual(w.sent, [['tx-manager:local/main', { type: 'look' }]])
  const [row, ...others] = await w.audit()
  t.is(others.length, 0)
  t.like(row, { token: 'operator', verb: 'approve', subject: `transaction/${id}`, reason: 'looked at it' })
  t.like(row?.before, { state: 'parked', parkedFor: 'approval' })
  t.like(row?.after, { state: 'queued', parkedFor: null })
})

test.serial('what is edited with the approval is in the row and in the audit', async t => {
  const w = await world()
  const { id } = await w.add({ ...parked, notAfterBlock: 7n })
  const edit = { value: '9', gasLimit: '50000', maxFeePerGas: '1000', notAfterBlock: null }
  const { transaction } = (await w.post(`/v1/transactions/${id}/approve`, { edit })).json()
  t.like(transaction, { value: '9', gasLimit: '50000', maxFeePerGas: '1000', notAfterBlock: null })
  const [row] = await w.audit()
  t.like(row?.before, { value: '5', notAfterBlock: '7' })
  t.like(row?.after, { value: '9', notAfterBlock: null })
})

test.serial('over budget, the approval lets it over the budget', async t => {
  const w = await world()
  const { id } = await w.add({ state: 'parked', parkedFor: 'budget', because: 'over' })
  await w.post(`/v1/transactions/${id}/approve`, {})
  const intent = await w.orm.em.fork().findOneOrFail(Intent, { id })
  t.truthy(intent.overBudgetAt)
  t.falsy(intent.approvedAt)
})

test.serial('rejecting ends it without a nonce, with who and why', async t => {
  const w = await world()
  const { id } = await w.add(parked)
  const { transaction } = (await w.post(`/v1/transactions/${id}/reject`, { reason: 'too dear' })).json()
  t.like(transaction, { state: 'cancelled', because: 'rejected by operator: too dear' })
  t.truthy(transaction.settledAt)
})

test.serial('cancelling one in the pool has its nonce taken back; bumping asks the lane', async t => {
  const w = await world()
  const { id, key } = await w.add({ state: 'sent', nonce: 4 })
  await w.post(`/v1/transactions/${id}/bump`, {})
  const { transaction } = (await w.post(`/v1/transactions/${key}/cancel`, {})).json()
  t.like(transaction, { state: 'cancelling', because: 'cancelled by operator' })
  t.deepEqual(w.sent, [
    ['tx-manager:local/main', { type: 'bump', intentKey: key }],
    ['tx-manager:local/main', { type: 'look' }],
  ])
  t.deepEqual(
    (await w.audit()).map(({ verb }) => verb),
    ['bump', 'cancel'],
  )
})

for (const [verb, over, detail] of [
  ['approve', { state: 'sent', nonce: 1 }, /only what is parked or queued/],
  ['approve', { state: 'parked', parkedFor: 'dry-run' }, /dry run/],
  ['reject', { state: 'queued' }, /not parked/],
  ['cancel', { state: 'mined', nonce: 1 }, /mined/],
  ['cancel', { state: 'confirmed', nonce: 1, settledAt: at }, /nothing is left/],
  ['bump', { state: 'queued' }, /only what is in the pool/],
] as const) {
  test.serial(`${verb} of one that is ${over.state} is refused with TX_005 and leaves no trace`, async t => {
    const w = await world()
    const { id } = await w.add(over)
    const answer = await w.post(`/v1/transactions/${id}/${verb}`, {})
    t.is(answer.statusCode, 409)
    t.like(answer.json(), { code: 'TX_005' })
    t.regex(String(answer.json().detail), detail)
    t.deepEqual(await w.audit(), [])
    t.deepEqual(w.sent, [])
  })
}

test.serial('the viewer reads and may change nothing', async t => {
  const w = await world()
  const { id } = await w.add(parked)
  for (const verb of ['bump', 'cancel', 'approve', 'reject']) {
    t.is((await w.post(`/v1/transactions/${id}/${verb}`, {}, asViewer)).statusCode, 403)
  }
  t.is((await w.get(`/v1/transactions/${id}/explain`)).statusCode, 200)
  t.deepEqual(await w.audit(), [])
})

test.serial('a body that does not fit and a transaction that is not there are told apart', async t => {
  const w = await world()
  const { id } = await w.add(parked)
  t.is((await w.post(`/v1/transactions/${id}/approve`, { edit: { value: '-1' } })).statusCode, 400)
  t.is((await w.post(`/v1/transactions/${id}/approve`, { edit: { to: '0x00' } })).statusCode, 400)
  t.is((await w.post('/v1/transactions/99/approve', {})).json().code, 'HTTP_004')
})

test.serial('the explanation says what can be done, and what would happen', async t => {
  const w = await world()
  const simulation = {
    outcome: 'runs',
    gas: '60000',
    maxCostWei: '10000000000000000',
    reason: null,
    block: '7',
    at: at.toISOString(),
  } as const
  const { id } = await w.add({ ...parked, simulation })
  t.like((await w.get(`/v1/transactions/${id}/explain`)).json(), {
    state: 'parked',
    next: 'Waits for a person: forger is in oversight.',
    simulation: 'On block 7 it would use at most 60000 gas and cost at most 0.01 ether.',
    possible: [`forgekeeper tx approve ${id}`, `forgekeeper tx reject ${id}`],
  })
})

test.serial('accounts are listed with money, hours, nonces, work and who sends', async t => {
  const w = await world()
  const em = w.orm.em.fork()
  const common = { chain: 'local', address: '0xaa', holder: 'host:/data', signer: 'kms' }
  em.create(SigningAccount, {
    ...common,
    name: 'main',
    balanceWei: 10n ** 18n,
    spentPerHourWei: 10n ** 17n,
    chainNonce: 7,
    lookedAt: at,
    dailyBudgetWei: 2n * 10n ** 18n,
  })
  em.create(SigningAccount, { ...common, name: 'new' })
  await em.flush()
  const sent = await w.add({ state: 'sent', nonce: 7, sentAt: at, reservedWei: 5n })
  await w.add({ ...parked, because: 'forger is in oversight' })
  const rows = w.orm.em.fork()
  rows.create(Attempt, {
    intent: rows.getReference(Intent, sent.id, { wrapped: true }),
    purpose: 'effect',
    chain: 'local',
    account: 'main',
    nonce: 7,
    hash: '0x01',
    raw: '0x02',
    maxFeePerGas: 1n,
    maxPriorityFeePerGas: 1n,
    gasLimit: 21_000n,
    state: 'broadcast',
    signedAt: at,
  })
  await rows.flush()
  const [main, fresh] = (await w.get('/v1/accounts')).json().accounts
  t.like(main, { name: 'main', balanceWei: '1000000000000000000', runwayHours: 10, nonce: 7, nextNonce: 8 })
  t.like(main, { inFlight: 1, parked: 1, spentTodayWei: '5', because: 'forger is in oversight', holderAlive: false })
  t.like(fresh, { name: 'new', balanceWei: null, runwayHours: null, nonce: null, nextNonce: null, inFlight: 0 })
  t.like((await w.get('/v1/accounts/main')).json(), { signer: 'kms' })
  t.is((await w.get('/v1/accounts/nobody')).json().code, 'HTTP_004')
})
