/** The forger's actors together under their supervisor: what a start that is taken back at once leaves behind. */
import test from 'ava'
import { builderActor } from '../../../src/actors/forger/builder/actor.ts'
import { coordinatorActor } from '../../../src/actors/forger/coordinator.ts'
import { builder, coordinator, pipeline, purger, sender } from '../../../src/actors/forger/messages.ts'
import { pipelineActor } from '../../../src/actors/forger/pipeline.ts'
import { proofBook } from '../../../src/actors/forger/proof-book.ts'
import { purgerActor } from '../../../src/actors/forger/purger.ts'
import { senderActor } from '../../../src/actors/forger/sender.ts'
import { proverPool } from '../../../src/actors/lanes/prover-pool.ts'
import { proverPoolParts } from '../../../src/actors/lanes/prover/parts.ts'
import { prover } from '../../../src/actors/lanes/prover/prover.ts'
import { Epoch, ProverJob } from '../../../src/entities/forger/batch.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { silentLog } from '../../../src/log.ts'
import { supervisor, worker } from '../../../src/supervisors/child.ts'
import type { TreeNode } from '../../../src/supervisors/snapshot.ts'
import { createSystem } from '../../../src/supervisors/system.ts'
import { useForgerDatabase } from '../../support/forger-database.ts'
import { coordinatorArgs, pipelineArgs, senderArgs } from '../../support/forger-line.ts'
import { openChain } from '../../support/rollup-chain.ts'
import { scriptedProver } from '../../support/scripted-prover.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'

const database = useForgerDatabase(test)

const POOL = {
  ttl: 86_400_000,
  safetyPeriod: 10,
  purgeBlockDelay: 10,
  purgeBatchDelay: 10,
  invalidateBlockDelay: 20,
  invalidateBatchDelay: 20,
  externalDeleteInterval: 60_000,
}

function systemOf(orm: Orm, clock: SimulatedClock, proverUrl: string) {
  const db = (): Orm => orm
  const parts = proverPoolParts({
    role: 'forger',
    urls: [proverUrl],
    inputPath: 'input',
    pollMs: 1_000,
    proofTimeoutMs: 60_000,
    maxAttempts: 5,
    book: proofBook(() => orm.em.fork()),
    notify: [sender, pipeline],
    fetch,
    clock,
  })
  const root = supervisor({
    id: 'forger',
    strategy: 'rest-for-one',
    children: [
      worker({ id: builder.id, actor: builderActor, args: () => undefined }),
      worker({ id: coordinator.id, actor: coordinatorActor, args: () => coordinatorArgs(db) }),
      worker({ id: parts.pool.id, actor: proverPool, args: () => parts.pool.args }),
      ...parts.provers.map(({ id, args }) => worker({ id, actor: prover, args: () => args })),
      worker({ id: sender.id, actor: senderActor, args: () => senderArgs(db) }),
      worker({ id: pipeline.id, actor: pipelineActor, args: () => pipelineArgs(db) }),
      worker({ id: purger.id, actor: purgerActor, args: () => ({ db, pool: POOL }) }),
    ],
  })
  return createSystem(root, { clock, random: () => 0.5, log: silentLog })
}

test('scenario 14: a start and a stop at once leave no timer, no actor and no proof behind; doing either twice does no harm', async t => {
  const orm = await database(t)
  const clock = new SimulatedClock()
  await openChain(orm)
  const server = await scriptedProver(t)
  const system = systemOf(orm, clock, server.url)
  t.teardown(() => system.stop(2_000))
  await Promise.all([system.start(), system.start()])
  t.is(alive(system).length, 7)
  await Promise.all([system.stop(), system.stop()])
  await system.stop()
  t.deepEqual(alive(system), [])
  t.is(clock.pending, 0)
  t.deepEqual(server.inputs, [])
  const em = orm.em.fork()
  t.is(await em.count(ProverJob), 0)
  t.true((await em.count(Epoch, { stoppedAt: null })) <= 1, 'a run that was begun is continued by the next start')
})

/** The actors that live. */
const alive = (system: ReturnType<typeof systemOf>): string[] =>
  flat(system.snapshot().root)
    .filter(({ type, startedAt }) => type === 'worker' && startedAt !== null)
    .map(({ id }) => id)

const flat = (node: TreeNode): TreeNode[] => [node, ...node.children.flatMap(flat)]
