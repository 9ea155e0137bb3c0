/**
 * Coordinator, pipeline and sender in the hand of a test, on a real database and the real engine, with provers that answer when
 * told to. Any transaction of theirs can be made to fail before or after its commit: the actor is then started anew.
 */
import { openStates } from '../../src/actors/forger/builder/states.ts'
import type { BuilderMessage } from '../../src/actors/forger/messages.ts'
import {
  coordinator,
  pipeline,
  sender,
  type CoordinatorMessage,
  type Look,
  type PipelineMessage,
} from '../../src/actors/forger/messages.ts'
import { coordinatorActor, type CoordinatorArgs } from '../../src/actors/forger/coordinator.ts'
import { pipelineActor, type PipelineArgs } from '../../src/actors/forger/pipeline.ts'
import { senderActor, type SenderArgs } from '../../src/actors/forger/sender.ts'
import { proofBook } from '../../src/actors/forger/proof-book.ts'
import { tokenValuesOf } from '../../src/actors/forger/token-values.ts'
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
  /** All look, and go on until there is nothing more to do. */
  settle(): Promise<void>
  tell(message: CoordinatorMessage): Promise<void>
  /** Only the sender is told to look; then as `settle`. */
  forward(): Promise<void>
  /** All look at the same moment, while `meanwhile` runs. */
  race(meanwhile: () => Promise<unknown>): Promise<void>
  /** All die now; a batch in the builder's hands is lost. */
  kill(): Promise<void>
  inject(fault: Fault): void
  /** A transfer of user 256 + `user` % 3, with the next nonce. */
  addTx(user: number): Promise<string>
  /** The first batch that waits is proven, or its prover gives up for good; false when none waits. */
  prove(outcome?: 'proven' | 'failed'): Promise<boolean>
}

class Killed extends Error {}

const US_FORGING = { address: US, mustForgeAtSlotDeadline: true }

/** Three transactions a batch. */
const SMALL = { ...CIRCUIT, maxTx: 3 }

/** A coordinator of the test's chain, without margins. */
export const coordinatorArgs = (db: () => Orm): CoordinatorArgs => ({
  db,
  chain: 'local',
  confirmBlocks: CONFIRMATIONS,
  rules: { us: US_FORGING, startSlotBlocksDelay: 0, scheduleBatchBlocksAheadCheck: 0 },
  adoption: async () => ({ circuit: SMALL, chainId: CHAIN_ID, rollup: ROLLUP, verifierIdx: 0 }),
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
    circuit: SMALL,
    chainId: CHAIN_ID,
    l1BatchTimeoutPart: 0.5,
    maxUnproven: 3,
    feeAccount: requestFor([]).feeAccount,
    selectionWindow: 3,
    verifierIdx: 0,
    tokenValues: tokenValuesOf([]),
  }),
  provers: ref('provers'),
  retryMs: 500,
  onStep: () => {},
})

/** A sender without margins. */
export const senderArgs = (db: () => Orm): SenderArgs => ({
  db,
  rules: {
    us: US_FORGING,
    sendBatchBlocksMarginCheck: 0,
    chain: 'local',
    account: 'forger',
    rollup: ROLLUP,
    confirmations: CONFIRMATIONS,
    gas: { fixed: 900_000, l1UserTx: 0, l1CoordTx: 0, l2Tx: 600 },
  },
  lane: ref('lane'),
  onStep: () => {},
})

type Who = 'coordinator' | 'pipeline' | 'sender'
type Letter = CoordinatorMessage | PipelineMessage

const LOOK: Look = { type: 'look' }
const NAMES: ReadonlyMap<string, Who> = new Map([
  [coordinator.id, 'coordinator'],
  [pipeline.id, 'pipeline'],
  [sender.id, 'sender'],
])
const WHO: readonly Who[] = ['sender', 'pipeline', 'coordinator']

export async function openLine(
  orm: Orm,
  rules: { readonly forgeNoTxsDelay?: number; readonly l1?: boolean } = {},
): Promise<ForgerLine> {
  const clock = new SimulatedClock()
  const chain = await openChain(orm, rules)
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
  const start: Record<Who, () => Promise<DrivenActor<Letter>>> = {
    coordinator: startCoordinator,
    pipeline: startPipeline,
    sender: () => drive(senderActor, senderArgs(db.orm), { id: sender.id, clock }),
  }
  const actors = {
    coordinator: await start.coordinator(),
    pipeline: await start.pipeline(),
    sender: await start.sender(),
  }

  const deliver = async (to: Who, message: Letter) => {
    if (message.type === 'built') building = false
    try {
      await actors[to].deliver(message)
    } catch (error) {
      if (!(error instanceof Killed)) throw error
      crashes += 1
      actors[to] = await start[to]()
    }
  }
  const letters = () => Object.values(actors).flatMap(actor => actor.sent.splice(0))
  const pump = async (): Promise<void> => {
    for (let turns = 0; turns < 500; turns += 1) {
      const mine = letters().flatMap(({ to, message }) => {
        const who = NAMES.get(to)
        return who === undefined ? [] : [{ who, message: message as Letter }] // it is one of ours
      })
      // Two looks are one, as in the mailbox.
      const seen = new Set<string>()
      for (const { who, message } of mine) {
        const letter = `${who} ${message.type}`
        if (seen.has(letter)) continue
        seen.add(letter)
        await deliver(who, message)
      }
      if (mine.length > 0) continue
      if (!building) return
      await until(() => actors.pipeline.sent.length > 0, 'the builder’s answer')
    }
    throw new Error('coordinator, pipeline and sender do not come to rest')
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
      await tell(LOOK)
      for (const who of ['sender', 'pipeline'] as const) await deliver(who, LOOK)
      await pump()
    },
    forward: async () => {
      await deliver('sender', LOOK)
      await pump()
    },
    race: async meanwhile => {
      await Promise.all([...WHO.map(who => deliver(who, LOOK)), meanwhile()])
      await pump()
    },
    kill: async () => {
      for (const who of WHO) actors[who] = await start[who]()
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
