import test from 'ava'
import { Batch, Epoch, ProverJob } from '../../../src/entities/forger/batch.ts'
import { HeadView } from '../../../src/entities/forger/chain-facts.ts'
import { forgerSchema } from '../../../src/entities/forger/index.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import { Decision } from '../../../src/entities/kernel/decision.ts'
import { Attempt, Intent } from '../../../src/entities/kernel/intent.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { forgerRoutes } from '../../../src/actors/forger/routes.ts'
import { bareRole, NOON, openTestOrm, serve, type Served } from '../../http/harness.ts'
import { useDatabases } from '../../support/postgres.ts'

const databases = useDatabases(test)
const at = (seconds: number): Date => new Date(NOON + seconds * 1000)
const open: Orm[] = []

test.after.always('connections end', async () => {
  for (const orm of open) await orm.close()
})

const proverOne = {
  name: 'p1',
  url: 'http://127.0.0.1:9080',
  state: 'busy',
  batch: 3,
  since: at(0).toISOString(),
  proofs: 2,
  failures: 0,
  lastError: null,
  nextTryAt: null,
  medianProofMs: 1000,
}

async function fresh(): Promise<{ orm: Orm } & Served> {
  const orm = await openTestOrm(await databases.create(), [forgerSchema])
  open.push(orm)
  const role = bareRole({ routes: () => forgerRoutes({ orm: () => orm, provers: async () => [proverOne] }) })
  return { orm, ...(await serve({ orm: () => orm, roles: [role] })) }
}

const HUGE = 2n ** 255n

const batch = (num: number, over: object = {}): never =>
  ({
    num,
    epoch: 1,
    state: 'built',
    oldRoot: 0n,
    newRoot: HUGE,
    newExitRoot: 0n,
    oldLastIdx: 255n,
    newLastIdx: 256n,
    l1UserTxs: 1,
    l1CoordinatorTxs: 0,
    l2Txs: 2,
    encodedL1CoordinatorTx: '0x',
    l1L2TxsData: '0x01',
    feeIdxCoordinator: '0x',
    verifierIdx: 0,
    publicInput: HUGE,
    startBlock: 10n,
    createdAt: at(0),
    ...over,
  }) as never // rows are made from what the test says and these

test('batches are listed newest first, with the prover that has them, and can be filtered by state', async t => {
  const { orm, get } = await fresh()
  const em = orm.em.fork()
  em.create(Batch, batch(1, { state: 'final', finalAt: at(9) }))
  em.create(Batch, batch(2, { state: 'discarded', because: 'reorg' }))
  const proving = em.create(Batch, batch(2, { state: 'proving', l1Queue: 4n }))
  em.create(ProverJob, {
    batch: proving,
    prover: 'p1',
    attempt: 1,
    state: 'failed',
    postedAt: at(1),
    deadlineAt: at(60),
  })
  em.create(ProverJob, { batch: proving, prover: 'p2', attempt: 2, postedAt: at(2), deadlineAt: at(60) })
  await em.flush()
  const { batches, next } = (await get('/v1/forger/batches')).json()
  t.deepEqual(
    batches.map((row: { num: number; state: string }) => [row.num, row.state]),
    [
      [2, 'proving'],
      [2, 'discarded'],
      [1, 'final'],
    ],
  )
  t.is(next, null)
  t.like(batches[0], { prover: 'p2', proverAttempts: 2, l1Batch: true, l2Txs: 2 })
  t.is((await get('/v1/forger/batches?state=final')).json().batches.length, 1)
  t.is((await get('/v1/forger/batches?live=true')).json().batches.length, 2)
  t.is((await get('/v1/forger/batches?state=nonsense')).statusCode, 400)
  const first = (await get('/v1/forger/batches?limit=1')).json()
  t.is((await get(`/v1/forger/batches?limit=1&before=${first.next}`)).json().batches[0].state, 'discarded')
})

test('the dump of a batch has the coordinator’s field names and loses no digit', async t => {
  const { orm, get } = await fresh()
  const em = orm.em.fork()
  const intent = em.create(Intent, {
    key: 'forger:forge:7',
    role: 'forger',
    subject: 'batch/7',
    chain: 'local',
    account: 'forger',
    to: '0x',
    data: '0x',
    value: 0n,
    confirmations: 5,
    state: 'mined',
    nonce: 3,
    gasUsed: 500_000n,
    createdAt: at(4),
    updatedAt: at(5),
  })
  const hash = `0x${'ab'.repeat(32)}`
  em.create(Attempt, {
    intent,
    purpose: 'effect',
    chain: 'local',
    account: 'forger',
    nonce: 3,
    hash,
    raw: '0xsecretbytes',
    maxFeePerGas: 10n,
    maxPriorityFeePerGas: 1n,
    gasLimit: 900_000n,
    state: 'mined',
    signedAt: at(4),
    broadcastAt: at(4),
    minedBlock: 14n,
    minedBlockHash: '0xb',
    succeeded: true,
  })
  const proof = {
    pi_a: ['1', '2', '1'] as [string, string, string],
    pi_b: [
      ['3', '4'],
      ['5', '6'],
      ['1', '0'],
    ] as [[string, string], [string, string], [string, string]],
    pi_c: ['7', '8', '1'] as [string, string, string],
    protocol: 'groth16',
  }
  em.create(
    Batch,
    batch(7, {
      state: 'mined',
      intentKey: intent.key,
      proof,
      mineBlock: 14n,
      sentAt: at(4),
      minedAt: at(6),
      contents: { L2Txs: [{ amount: HUGE.toString() }], CoordIdxs: ['256'] },
      proverInput: '{"currentNumBatch":"7"}',
    }),
  )
  await em.flush()
  const answer = await get('/v1/forger/batches/7')
  const dump = answer.json()
  t.like(dump, { BatchNum: 7, PipelineNum: 1, PublicInputs: [HUGE.toString()], ZKInputs: null, L1Batch: false })
  t.deepEqual(dump.L2Txs, [{ amount: HUGE.toString() }])
  t.deepEqual(dump.ForgeBatchArgs.ProofB, [
    ['4', '3'],
    ['6', '5'],
  ])
  t.like(dump.Receipt, { transactionHash: hash, status: '0x1', blockNumber: '0xe', gasUsed: '0x7a120' })
  t.like(dump.Debug, { Status: 'mined', StartToMineBlocksDelay: 4, SendToMineDelay: 2, ResendNum: 0 })
  t.false(answer.body.includes('secretbytes'))
  const whole = (await get('/v1/forger/batches/7?inputs=true')).json()
  t.deepEqual(whole.ZKInputs, { currentNumBatch: '7' })
})

test('of several builds of a number the live one is dumped', async t => {
  const { orm, get } = await fresh()
  const em = orm.em.fork()
  em.create(Batch, batch(5, { state: 'sent' }))
  await em.flush()
  em.create(Batch, batch(5, { state: 'discarded' }))
  await em.flush()
  t.is((await get('/v1/forger/batches/5')).json().State, 'sent')
})

test('a batch that is not there is a 404 that says why', async t => {
  const { orm, get } = await fresh()
  t.regex((await get('/v1/forger/batches/9')).body, /no batch has been built yet/)
  const em = orm.em.fork()
  em.create(Batch, batch(3))
  await em.flush()
  const answer = await get('/v1/forger/batches/9')
  t.is(answer.statusCode, 404)
  t.like(answer.json(), { code: 'FRG_401', facts: { batch: 9, because: 'the newest batch is 3' } })
  t.is((await get('/v1/forger/batches/nine')).statusCode, 400)
})

test('the state says why the forger runs or waits, and who paused it', async t => {
  const { orm, get } = await fresh()
  t.like((await get('/v1/forger')).json(), { state: 'waiting', because: null, epoch: null, head: null })
  const em = orm.em.fork()
  em.create(Decision, {
    role: 'forger',
    subject: 'pipeline',
    choice: 'start',
    because: 'slot 3 is ours',
    decidedAt: at(0),
    repeatedAt: at(5),
    times: 3,
  })
  em.create(Epoch, { number: 4, fromBatch: 6, fromRoot: 0n, startedAt: at(0) })
  const slot = { slot: '3', startBlock: '100', endBlock: '139', forger: '0xboot', committed: true }
  em.create(HeadView, {
    name: 'head',
    blockNumber: 120n,
    blockHash: '0xh',
    view: {
      genesisBlock: '0',
      blocksPerSlot: 40,
      slotDeadline: 20,
      currentSlot: slot,
      nextSlot: null,
      forgeL1L2BatchTimeout: 10,
      lastL1L2Batch: '110',
      nextL1ToForgeQueue: '2',
      nextL1FillingQueue: '3',
      lastForgedBatch: 6,
      lastIdx: '260',
      stateRoot: HUGE.toString(),
    },
  })
  await em.flush()
  const running = (await get('/v1/forger')).json()
  t.like(running, { state: 'running', because: 'slot 3 is ours', slot, head: { block: '120', lastForgedBatch: 6 } })
  t.like(running.epoch, { number: 4, fromBatch: 6, stoppedAt: null })
  t.like((await get('/v1/forger/slots')).json(), { block: '120', blocksLeft: '19', current: slot, next: null })
  em.create(RoleControl, { role: 'forger', paused: true, by: 'operator (::1)', reason: 'upgrade', changedAt: at(1) })
  await em.flush()
  t.like((await get('/v1/forger')).json(), {
    state: 'paused',
    because: 'upgrade',
    paused: { by: 'operator (::1)', reason: 'upgrade', since: at(1).toISOString() },
  })
})

test('the pool is shown in numbers and the provers as they are', async t => {
  const { orm, get } = await fresh()
  const em = orm.em.fork()
  const tx = {
    type: 'Transfer' as const,
    toIdx: 257n,
    tokenId: 0n,
    amount: 1n,
    fee: 1,
    signature: '0x',
    receivedAt: at(1),
  }
  em.create(PoolTx, { ...tx, txId: '0x1', fromIdx: 256n, nonce: 0n })
  em.create(PoolTx, { ...tx, txId: '0x2', fromIdx: 256n, nonce: 1n })
  em.create(PoolTx, { ...tx, txId: '0x3', fromIdx: 257n, nonce: 0n, state: 'invl' })
  await em.flush()
  t.like((await get('/v1/forger/pool')).json(), {
    pending: 2,
    invalid: 1,
    senders: 1,
    oldestPendingAt: at(1).toISOString(),
  })
  t.deepEqual((await get('/v1/forger/provers')).json(), { provers: [proverOne] })
})
