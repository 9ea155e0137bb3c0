/** Batches whose window of the pool is full of transactions that cannot be forged. */
import test, { type ExecutionContext } from 'ava'
import { createBuildPlanned } from '../../../src/actors/forger/build-planned.ts'
import { openStates } from '../../../src/actors/forger/builder/states.ts'
import type { BuilderMessage } from '../../../src/actors/forger/messages.ts'
import type { BatchPlan } from '../../../src/actors/forger/plan.ts'
import { loadPool } from '../../../src/actors/forger/pool-view.ts'
import { rootOf } from '../../../src/actors/forger/rollup/state.ts'
import { tokenValuesOf } from '../../../src/actors/forger/token-values.ts'
import type { Context } from '../../../src/actors/kit/actor.ts'
import { SimulatedClock } from '../../support/simulated-clock.ts'
import { storePoolTx, useForgerDatabase } from '../../support/forger-database.ts'
import { account, CIRCUIT, requestFor, stateOf } from './rollup/support.ts'

const database = useForgerDatabase(test)
const EQUAL = tokenValuesOf([])
const WINDOW = 2
const POPULATION = [account(256), account(257), account(258)]
const AT = { batchNum: 4, root: rootOf(stateOf(...POPULATION)) }

/** The pool and a builder that counts its selections, each of which takes a second. */
async function scene(t: ExecutionContext) {
  const orm = await database(t)
  const clock = new SimulatedClock()
  const run = openStates()
  run({ do: 'load', state: { ...AT, lastIdx: 258, accounts: POPULATION } })
  let selections = 0
  const ask: Context<never>['ask'] = (_to, question) =>
    new Promise((resolve, reject) => {
      // Only the builder is asked anything here.
      const message = question(resolve) as unknown as Extract<BuilderMessage, { type: 'run' }>
      selections += 1
      clock.advance(1000).then(() => message.reply({ ok: true, result: run(message.job) }), reject)
    })
  const planned = createBuildPlanned(EQUAL, clock)
  const build = async () => {
    const em = orm.em.fork()
    const { txs, authorisations, isWhole } = await loadPool(em, WINDOW, EQUAL)
    const selection = { ...requestFor(txs, { batchNum: 5 }), authorisations }
    const job = { do: 'build', from: AT, selection, emptyAllowed: false, hasMore: !isWhole } as const
    selections = 0
    return planned(em, { ask }, { window: WINDOW, job } as unknown as BatchPlan) // nothing else of the plan is read
  }
  return { em: orm.em.fork(), clock, build, selections: () => selections }
}

/** Nobody reaches nonce 1 of account 257, but to the folded accounts these look as good as any. */
const crowd = async (em: Parameters<typeof storePoolTx>[0], size: number): Promise<void> => {
  for (let nonce = 1; nonce <= size; nonce += 1) await storePoolTx(em, 257, nonce, { fee: 200, tokenId: 1n })
}

test('transactions that cannot be forged hide nothing, however many, old and dear they are', async t => {
  const { em, build, selections } = await scene(t)
  await crowd(em, 30)
  const good = await storePoolTx(em, 256, 0, { fee: 0, tokenId: 1n })
  const result = await build()
  t.like(result, { kind: 'batch' })
  t.deepEqual(result.kind === 'batch' && result.batch.l2TxIds.length, 1)
  t.deepEqual(
    result.kind === 'batch' && result.discarded.map(({ txId }) => txId).includes(good as `0x${string}`),
    false,
  )
  t.true(selections() > 1)
})

test('a window that fills the batch is not left', async t => {
  const { em, build, selections } = await scene(t)
  for (let nonce = 0; nonce < CIRCUIT.maxTx + 5; nonce += 1) await storePoolTx(em, 256, nonce, { fee: 0, tokenId: 1n })
  await build()
  const many = selections()
  t.is(many, 2, 'two are too few for the batch, eight fill it')
})

test('when looking wider brought nothing, it rests before it is tried again', async t => {
  const { em, build, clock, selections } = await scene(t)
  await crowd(em, 30)
  t.is((await build()).kind, 'nothing')
  t.is(selections(), 3)
  t.is((await build()).kind, 'nothing')
  t.is(selections(), 1, 'the window alone')
  await clock.advance(120_000)
  t.is((await build()).kind, 'nothing')
  t.is(selections(), 3)
})
