/**
 * Coordinator and pipeline in the hand of a test, on a real database and the real engine, with provers that answer when
 * told to. Any transaction of theirs can be made to fail before or after its commit: the actor is then started anew.
 */
import { openStates } from '../../src/actors/forger/builder/states.ts'
import type { BuilderMessage } from '../../src/actors/forger/messages.ts'
import {
  coordinator,
  pipeline,
  type CoordinatorMessage,
  type PipelineMessage,
} from '../../src/actors/forger/messages.ts'
import { coordinatorActor, type CoordinatorArgs } from '../../src/actors/forger/coordinator.ts'
import { pipelineActor, type PipelineArgs } from '../../src/actors/forger/pipeline.ts'
import { proofBook } from '../../src/actors/forger/proof-book.ts'
import type { Context } from '../../src/actors/kit/actor.ts'
import { ref } from '../../src/actors/kit/ref.ts'
import { l2TxId } from '../../src/actors/forger/rollup/l2-codec.ts'
import type { Groth16Proof } from '../../src/actors/lanes/prover/proof.ts'
import { PoolTx } from '../../src/entities/forger/pool-tx.ts'
import type { Em, Orm } from '../../src/entities/orm.ts'
import { CIRCUIT, requestFor, transfer } from '../actors/forger/rollup/support.ts'
import { US } from './chain-view.ts'
import { drive, type DrivenActor } from './context.ts'
import { CHAIN_ID, CONFIRMATIONS, openChain, ROLLUP, type RollupChain } from './rollup-chain.ts'
import { groth16 } from './scripted-prover.ts'
import { SimulatedClock, until } from './simulated-clock.ts'

/** The next transaction but `skip` of the actors ends this way instead. */
export interface Fault {
  readonly skip: number
  readonly when: 'before' | 'after'
}

export interface ForgerLine {
  readonly orm: Orm
  readonly clock: SimulatedClock
  readonly chain: RollupChain
  /** How often an actor was started anew. */
  readonly crashes: () => number
  /** Both look, and go on until there is nothing more to do. */
  settle(): Promise<void>
  tell(message: CoordinatorMessage): Promise<void>
  /** Only the pipeline is told to look; then as `settle`. */
  forward(): Promise<void>
  /** Both look at the same moment, while `meanwhile` runs. */
  race(meanwhile: () => Promise<unknown>): Promise<void>
  /** Coordinator and pipeline die now; a batch in the builder's hands is lost. */
  kill(): Promise<void>
  inject(fault: Fault): void
  /** A transfer of user 256 + `user` % 3, with the next nonce. */
  addTx(user: number): Promise<string>
  /** The first batch that waits is proven, or its prover gives up for good; false when none waits. */
  prove(outcome?: 'proven' | 'failed'): Promise<boolean>
}

class Killed extends Error {}

const US_FORGING = { address: US, mustForgeAtSlotDeadline: true }

/** A coordinator of the test's chain, without margins. */
export const coordinatorArgs = (db: () => Orm): CoordinatorArgs => ({
  db,
  chain: 'local',
  confirmBlocks: CONFIRMATIONS,
  rules: { us: US_FORGING, startSlotBlocksDelay: 0, scheduleBatchBlocksAheadCheck: 0 },
  adoption: async () => ({ circuit: CIRCUIT, chainId: CHAIN_ID, rollup: ROLLUP, verifierIdx: 0 }),
  lane: ref('lane'),
  others: [],
  purger: ref('purger'),
})

/** A pipeline that forges three transactions a batch as fast as it can. */
export const pipelineArgs = (db: () => Orm, forgeNoTxsDelay = 86_400_000): PipelineArgs => ({
  db,
  plan: async () => ({
    forgeDelay: 0,
    forgeNoTxsDelay,
    ignoreSlotCommitment: true,
    forgeOncePerSlotIfTxs: false,
    circuit: CIRCUIT,
    chainId: CHAIN_ID,
    l1BatchTimeoutPart: 0.5,
    maxUnproven: 3,
    feeAccount: requestFor([]).feeAccount,
    selectionWindow: 3,
    verifierIdx: 0,
    tokenPrice: () => 1,
  }),
  forward: {
    us: US_FORGING,
    sendBatchBlocksMarginCheck: 0,
    chain: 'local',
    account: 'forger',
    rollup: ROLLUP,
    confirmations: CONFIRMATIONS,
    gas: { fixed: 900_000, l1UserTx: 0, l1CoordTx: 0, l2Tx: 600 },
  },
  provers: ref('provers'),
  lane: ref('lane'),
  retryMs: 500,
  onStep: () => {},
})

export async function openLine(orm: Orm, rules: { readonly forgeNoTxsDelay?: number } = {}): Promise<ForgerLine> {
  const clock = new SimulatedClock()
  const chain = await openChain(orm)
  const run = openStates()
  const db = faulty(orm)
  let building = false
  let crashes = 0

  /** The builder in this thread: the same work, answered at once. */
  const answer =
    (asked: () => void): Context<never>['ask'] =>
    (_to, question) =>
      new Promise((resolve, reject) => {
        asked()
        // Only the builder is asked anything here.
        const message = question(resolve) as unknown as Extract<BuilderMessage, { type: 'run' }>
        try {
          message.reply({ ok: true, result: run(structuredClone(message.job)) })
        } catch (error) {
          reject(error)
        }
      })
  const startCoordinator = (): Promise<DrivenActor<CoordinatorMessage>> =>
    drive(coordinatorActor, coordinatorArgs(db.orm), { id: coordinator.id, clock, ask: answer(() => {}) })
  const startPipeline = (): Promise<DrivenActor<PipelineMessage>> => {
    building = false
    const args = pipelineArgs(db.orm, rules.forgeNoTxsDelay)
    return drive(pipelineActor, args, { id: pipeline.id, clock, ask: answer(() => (building = true)) })
  }
  const actors = { coordinator: await startCoordinator(), pipeline: await startPipeline() }

  const deliver = async (to: 'coordinator' | 'pipeline', message: CoordinatorMessage | PipelineMessage) => {
    if (message.type === 'built') building = false
    try {
      if (to === 'coordinator') await actors.coordinator.deliver(message as CoordinatorMessage)
      else await actors.pipeline.deliver(message as PipelineMessage)
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      crashes += 1
      if (to === 'coordinator') actors.coordinator = await startCoordinator()
      else actors.pipeline = await startPipeline()
    }
  }
  const letters = () => [...actors.coordinator.sent.splice(0), ...actors.pipeline.sent.splice(0)]
  const pump = async (): Promise<void> => {
    for (let turns = 0; turns < 500; turns += 1) {
      const mine = letters().filter(({ to }) => to === coordinator.id || to === pipeline.id)
      // Two looks are one, as in the mailbox.
      const seen = new Set<string>()
      for (const { to, message } of mine) {
        const { type } = message as CoordinatorMessage
        if (seen.has(`${to} ${type}`)) continue
        seen.add(`${to} ${type}`)
        await deliver(to === coordinator.id ? 'coordinator' : 'pipeline', message as CoordinatorMessage)
      }
      if (mine.length > 0) continue
      if (!building) return
      await until(() => actors.pipeline.sent.length > 0, 'the builder’s answer')
    }
    throw new Error('coordinator and pipeline do not come to rest')
  }
  const tell = async (message: CoordinatorMessage): Promise<void> => {
    await deliver('coordinator', message)
    await pump()
  }
  return {
    orm,
    clock,
    chain,
    crashes: () => crashes,
    tell,
    settle: async () => {
      await tell({ type: 'look' })
      await deliver('pipeline', { type: 'look' })
      await pump()
    },
    forward: async () => {
      await deliver('pipeline', { type: 'look' })
      await pump()
    },
    race: async meanwhile => {
      const look = { type: 'look' } as const
      await Promise.all([deliver('pipeline', look), deliver('coordinator', look), meanwhile()])
      await pump()
    },
    kill: async () => {
      actors.coordinator = await startCoordinator()
      actors.pipeline = await startPipeline()
    },
    inject: db.inject,
    addTx: user => storeTransfer(orm, 256 + (user % 3)),
    prove: outcome => proveFirst(orm, clock.now(), outcome),
  }
}

/** The database with a fault in one transaction to come: it never begins, or its commit is never heard of. */
function faulty(orm: Orm) {
  let fault: Fault | null = null
  let begun = 0
  const watched = (em: Em): Em => {
    const { fork, transactional } = em
    em.fork = (...args) => watched(fork.apply(em, args))
    em.transactional = async (work, options) => {
      const due = fault !== null && begun++ >= fault.skip ? fault.when : null
      if (due !== null) fault = null
      if (due === 'before') throw new Killed('before the transaction')
      const result = await transactional.call(em, work as never, options)
      if (due === 'after') throw new Killed('after the commit')
      return result as never
    }
    return em
  }
  const view = { em: { fork: () => watched(orm.em.fork()) } } as unknown as Orm // all that actors use of it
  return {
    orm: () => view,
    inject: (next: Fault): void => {
      fault = next
      begun = 0
    },
  }
}

/** A transfer of an account with its next nonce; answers its id. */
export async function storeTransfer(orm: Orm, fromIdx: number): Promise<string> {
  const em = orm.em.fork()
  const nonce = await em.count(PoolTx, { fromIdx: BigInt(fromIdx) })
  const tx = transfer({ fromIdx, toIdx: 256 + ((fromIdx - 255) % 3), nonce, amount: BigInt(10 + nonce) })
  const txId = l2TxId(tx)
  em.create(PoolTx, {
    txId,
    type: 'Transfer',
    fromIdx: BigInt(fromIdx),
    toIdx: BigInt(tx.toIdx),
    tokenId: BigInt(tx.tokenId),
    amount: tx.amount,
    fee: tx.userFee,
    nonce: BigInt(nonce),
    signature: tx.signature,
    receivedAt: new Date(0),
  })
  await em.flush()
  return txId
}

/** The first batch that waits is proven, or its prover gives up for good; false when none waits. */
export async function proveFirst(orm: Orm, at: number, outcome: 'proven' | 'failed' = 'proven'): Promise<boolean> {
  const book = proofBook(() => orm.em.fork())
  const [first] = (await book.load(1)).waiting
  const lease = first && (await book.claim({ batch: first.batch, prover: 'a', at, deadlineAt: at + 60_000 }))
  if (!lease) return false
  const proof = groth16(lease.publicInput) as Groth16Proof // shaped as one
  const failed = { as: 'failed', because: 'status failed', last: true } as const
  await book.settle(lease.job, outcome === 'proven' ? { as: 'proven', proof } : failed, at)
  return true
}
