/** The real tree of builder thread, coordinator, sender and pipeline, killed again and again while batches pass through it. */
import test, { type ExecutionContext } from 'ava'
import { builderActor } from '../../../src/actors/forger/builder/actor.ts'
import { coordinatorActor } from '../../../src/actors/forger/coordinator.ts'
import { builder, coordinator, pipeline, sender } from '../../../src/actors/forger/messages.ts'
import { pipelineActor } from '../../../src/actors/forger/pipeline.ts'
import { senderActor } from '../../../src/actors/forger/sender.ts'
import { systemClock } from '../../../src/clock.ts'
import { Batch } from '../../../src/entities/forger/batch.ts'
import { PoolTx } from '../../../src/entities/forger/pool-tx.ts'
import { RoleControl } from '../../../src/entities/kernel/operations.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { silentLog } from '../../../src/log.ts'
import { supervisor, worker } from '../../../src/supervisors/child.ts'
import { createSystem, type System } from '../../../src/supervisors/system.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { coordinatorArgs, pipelineArgs, proveFirst, senderArgs, storeTransfer } from '../../support/forger-line.ts'
import { wrongIn } from '../../support/line-invariants.ts'
import { PATIENCE_MS, waitFor } from '../../support/patience.ts'
import { openChain, type RollupChain } from '../../support/rollup-chain.ts'

const database = useForgerDatabase(test)
const backoff = { minMs: 1, maxMs: 5 }

async function start(t: ExecutionContext, orm: Orm): Promise<System> {
  const tree = supervisor({
    id: 'forger',
    strategy: 'rest-for-one',
    intensity: 1_000,
    period: 1,
    children: [
      worker({ id: builder.id, actor: builderActor, args: () => undefined, backoff }),
      worker({ id: coordinator.id, actor: coordinatorActor, args: () => coordinatorArgs(() => orm), backoff }),
      worker({ id: sender.id, actor: senderActor, args: () => senderArgs(() => orm), backoff }),
      worker({ id: pipeline.id, actor: pipelineActor, args: () => pipelineArgs(() => orm), backoff }),
    ],
  })
  const system = createSystem(tree, { clock: systemClock, random: () => 0.5, log: silentLog })
  await system.start()
  t.teardown(() => system.stop(PATIENCE_MS))
  return system
}

/** What provers, lane and chain do, once; then everybody is told. */
async function turn(system: System, orm: Orm, chain: RollupChain): Promise<void> {
  await proveFirst(orm, systemClock.now())
  await chain.send()
  await chain.mine()
  for (const who of [coordinator, sender, pipeline]) system.send(who, { type: 'look' })
}

const states = async (orm: Orm): Promise<string> => {
  const txs = await orm.em.fork().find(PoolTx, {}, { orderBy: { itemId: 'asc' } })
  return [...new Set(txs.map(({ state }) => state))].toSorted().join()
}
const numbers = async (orm: Orm): Promise<number[]> => {
  const live = { state: { $in: ['sent', 'mined', 'final'] as const } }
  return (await orm.em.fork().find(Batch, live as never, { orderBy: { num: 'asc' } })).map(({ num }) => num)
}

test('scenarios 80, 82: killed at any moment, the forger leaves no gap, no double and nothing behind', async t => {
  const orm = await database(t)
  const chain = await openChain(orm)
  const system = await start(t, orm)
  const victims = [pipeline.id, coordinator.id, builder.id, sender.id]
  for (let round = 0; round < 30; round += 1) {
    if (round < 20) await storeTransfer(orm, 256 + (round % 3))
    await turn(system, orm, chain)
    for (let wait = 0; wait < (round * 7) % 13; wait += 1) await new Promise(resolve => setImmediate(resolve))
    system.kill(victims[round % victims.length] ?? '')
    t.deepEqual(await wrongIn(orm), [], `round ${round}`)
  }
  await waitFor('every transaction is forged', async () => {
    await turn(system, orm, chain)
    return (await states(orm)) === 'fged'
  })
  await waitFor('all of it is mined', async () => {
    await turn(system, orm, chain)
    return (await orm.em.fork().count(Batch, { state: { $in: ['built', 'proving', 'proven', 'sent'] } })) === 0
  })
  const seen = await numbers(orm)
  t.deepEqual(
    seen,
    seen.map((_, at) => 2 + at),
  )
  t.deepEqual(await wrongIn(orm), [])
})

test('a pause outlives the process: what was in flight is finished, and nothing new begins', async t => {
  const orm = await database(t)
  const chain = await openChain(orm)
  for (let at = 0; at < 3; at += 1) await storeTransfer(orm, 256 + at)
  const first = await start(t, orm)
  await waitFor('a batch is built', async () => (await orm.em.fork().count(Batch, { state: 'built' })) === 1)
  const control = { role: 'forger', paused: true, by: 'operator', reason: null, changedAt: new Date(0) }
  await orm.em.fork().insert(RoleControl, control)
  await first.stop(PATIENCE_MS)
  for (let at = 0; at < 3; at += 1) await storeTransfer(orm, 256 + at)
  const second = await start(t, orm)
  await waitFor('what was in flight is mined', async () => {
    await turn(second, orm, chain)
    return (await orm.em.fork().count(Batch, { state: { $in: ['mined', 'final'] } })) === 1
  })
  t.deepEqual(await numbers(orm), [2])
  t.is(await states(orm), 'fged,pend')
  await orm.em.fork().nativeUpdate(RoleControl, { role: 'forger' }, { paused: false })
  await waitFor('the rest is forged, too', async () => {
    await turn(second, orm, chain)
    return (await states(orm)) === 'fged'
  })
})
