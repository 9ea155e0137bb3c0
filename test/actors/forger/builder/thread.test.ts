import test, { type ExecutionContext } from 'ava'
import { build, builderActor } from '../../../../src/actors/forger/builder/actor.ts'
import { buildOn } from '../../../../src/actors/forger/builder/hold.ts'
import type { BuilderJob } from '../../../../src/actors/forger/builder/jobs.ts'
import { builder } from '../../../../src/actors/forger/messages.ts'
import { rootOf } from '../../../../src/actors/forger/rollup/state.ts'
import { storedOf } from '../../../../src/actors/forger/state-store.ts'
import { Account, FoldedState } from '../../../../src/entities/forger/batch.ts'
import { systemClock } from '../../../../src/clock.ts'
import { silentLog } from '../../../../src/log.ts'
import { worker } from '../../../../src/supervisors/child.ts'
import { createSystem, type System } from '../../../../src/supervisors/system.ts'
import { useForgerDatabase } from '../../../support/forger-database.ts'
import { waitFor } from '../../../support/patience.ts'
import { root } from '../../../supervisors/support.ts'
import { account, CIRCUIT, pooled, requestFor, stateOf } from '../rollup/support.ts'

const database = useForgerDatabase(test)
const POPULATION = [account(256), account(257), account(258)]
const STATE = stateOf(...POPULATION)
const AT = { batchNum: 4, root: rootOf(STATE) }
const LOAD: BuilderJob = { do: 'load', state: { ...AT, lastIdx: STATE.lastIdx, accounts: POPULATION } }
const TRANSFERS = [pooled(), pooled({ nonce: 1, toIdx: 258, amount: 5n })]
const BUILD: BuilderJob = {
  do: 'build',
  from: AT,
  selection: requestFor(TRANSFERS, { batchNum: 5 }),
  emptyAllowed: false,
  hasMore: false,
}

async function start(t: ExecutionContext): Promise<System> {
  const child = worker({ id: builder.id, actor: builderActor, args: () => undefined })
  const system = createSystem(root([child]), { clock: systemClock, random: () => 0.5, log: silentLog })
  await system.start()
  t.teardown(() => system.stop())
  return system
}

const forged = async (system: System) => {
  const built = await build(system, BUILD)
  if (built.kind !== 'batch') throw new Error(`the builder answered ${built.kind}`)
  return built.batch
}

test('a batch that is built gives the same roots when it is applied from its calldata', async t => {
  const system = await start(t)
  t.deepEqual(await build(system, LOAD), { kind: 'loaded' })
  const batch = await forged(system)
  t.deepEqual([batch.oldRoot, batch.l2TxIds.length, batch.nonces], [AT.root, 2, [{ idx: 256, nonce: 1 }]])
  t.truthy(batch.proverInput)
  const { newLastIdx, newRoot: newStRoot, newExitRoot, encodedL1CoordinatorTx, l1L2TxsData, feeIdxCoordinator } = batch
  const applied = await build(system, {
    do: 'apply',
    from: AT,
    forged: {
      batchNum: 5,
      chainId: 1337,
      rollup: '0x',
      circuit: CIRCUIT,
      l1UserTxs: [],
      forgeArguments: { newLastIdx, newStRoot, newExitRoot, encodedL1CoordinatorTx, l1L2TxsData, feeIdxCoordinator },
    },
  })
  if (applied.kind !== 'batch') throw new Error(`the builder answered ${applied.kind}`)
  t.is(applied.batch.newRoot, batch.newRoot)
  t.is(applied.batch.newExitRoot, batch.newExitRoot)
  t.deepEqual(applied.batch.accounts, batch.accounts)
  t.is(applied.batch.publicInput, batch.publicInput)
  t.is(applied.batch.proverInput, null)
})

test('the next batch is built on the one before without asking for its state', async t => {
  const system = await start(t)
  await build(system, LOAD)
  const { newRoot } = await forged(system)
  const next = pooled({ nonce: 2, amount: 1n })
  const second = await build(system, {
    ...BUILD,
    from: { batchNum: 5, root: newRoot },
    selection: requestFor([next], { batchNum: 6 }),
  })
  t.like(second, { kind: 'batch', batch: { batchNum: 6, oldRoot: newRoot, l2TxIds: [next.txId] } })
})

test('nothing selected is no batch, unless an empty one is wanted', async t => {
  const system = await start(t)
  await build(system, LOAD)
  const early = pooled({ nonce: 9 })
  const selection = requestFor([early], { batchNum: 5 })
  const nothing = await build(system, { ...BUILD, selection })
  t.like(nothing, { kind: 'nothing', discarded: [{ txId: early.txId }] })
  const empty = await build(system, { ...BUILD, selection, emptyAllowed: true })
  t.like(empty, { kind: 'batch', batch: { newRoot: AT.root, l2TxIds: [] } })
})

test('room that is left is told of instead of building, while the pool has more', async t => {
  const system = await start(t)
  await build(system, LOAD)
  t.deepEqual(await build(system, { ...BUILD, hasMore: true }), { kind: 'wants-more' })
  const full = requestFor(TRANSFERS, { batchNum: 5, circuit: { ...CIRCUIT, maxTx: 2 } })
  t.like(await build(system, { ...BUILD, selection: full, hasMore: true }), { kind: 'batch' })
})

test('a state that is not held is asked for, and loaded from the database', async t => {
  const orm = await database(t)
  const system = await start(t)
  t.deepEqual(await build(system, BUILD), { kind: 'unknown-checkpoint' })
  const em = orm.em.fork()
  await t.throwsAsync(buildOn(em, system, BUILD), { message: `no live batch leads to state 4:${AT.root}` })
  em.create(FoldedState, { name: 'base', batchNum: 4, root: AT.root, lastIdx: BigInt(STATE.lastIdx) })
  for (const leaf of POPULATION) {
    const { idx, tokenId, nonce, balance, ay, sign, ethAddr } = storedOf(leaf)
    const big = { tokenId: BigInt(tokenId), nonce: BigInt(nonce), balance: BigInt(balance), ay: BigInt(ay) }
    em.create(Account, { idx: BigInt(idx), ...big, sign, ethAddr, batchNum: 4 })
  }
  await em.flush()
  t.like(await buildOn(orm.em.fork(), system, BUILD), { kind: 'batch', batch: { oldRoot: AT.root } })
})

test('stored accounts that do not have the root they should are refused', async t => {
  const system = await start(t)
  const wrong = { ...LOAD, state: { ...LOAD.state, root: 1n } } as BuilderJob
  await t.throwsAsync(build(system, wrong), { message: 'the stored accounts do not have the root of batch 4' })
  t.deepEqual(await build(system, LOAD), { kind: 'loaded' }, 'the thread goes on')
})

test('a builder that is killed is started anew, and whoever waited is told', async t => {
  const system = await start(t)
  await build(system, LOAD)
  const waiting = build(system, BUILD)
  system.kill(builder.id)
  await t.throwsAsync(waiting)
  await waitFor('it runs again', () => {
    const [child] = system.snapshot().root.children
    return child?.restarts === 1 && child.state === 'running'
  })
  t.deepEqual(await build(system, BUILD), { kind: 'unknown-checkpoint' }, 'it holds nothing')
})
