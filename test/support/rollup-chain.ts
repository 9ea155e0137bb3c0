/**
 * A rollup contract and the lane that sends to it, as far as the forger sees them: blocks with forged batches, written as
 * facts; transactions mined in order of their nonces, refused when they do not fit; reorganisations; another forger; and,
 * when wanted, deposits into L1 queues, which every batch must then respect.
 */
import { openStates } from '../../src/actors/forger/builder/states.ts'
import type { BuiltBatchData } from '../../src/actors/forger/builder/jobs.ts'
import { l1UserTxOf } from '../../src/actors/forger/adopt.ts'
import { l1Digest } from '../../src/actors/forger/l1-digest.ts'
import { rollupSource } from '../../src/actors/forger/rollup-source.ts'
import { rootOf } from '../../src/actors/forger/rollup/state.ts'
import { storedOf } from '../../src/actors/forger/state-store.ts'
import { Account, Batch, FoldedState } from '../../src/entities/forger/batch.ts'
import { ForgedBatch, HeadView, L1Tx } from '../../src/entities/forger/chain-facts.ts'
import { Cursor } from '../../src/entities/kernel/block.ts'
import { Intent } from '../../src/entities/kernel/intent.ts'
import type { Em, Orm } from '../../src/entities/orm.ts'
import { account, CIRCUIT, pooled, requestFor, stateOf } from '../actors/forger/rollup/support.ts'
import { chainView, US } from './chain-view.ts'
import {
  queueOf,
  queuesAfter,
  TIMEOUT,
  type Deposit,
  type QueueBlock,
  type QueuedRow,
  type Queues,
} from './rollup-queues.ts'

export const ROLLUP = `0x${'c'.repeat(40)}` as const
export const CHAIN_ID = 1337
export const CONFIRMATIONS = 3
/** Users 256 to 258 are ours; 259 is whom the other forger forges for. */
const FOREIGN_USER = 259
const RICH = 10n ** 12n
const POPULATION = [256, 257, 258, FOREIGN_USER].map(idx => account(idx, { balance: RICH }))

interface Block extends QueueBlock {
  readonly events: readonly Event[]
}
type Event = { readonly deposit: Deposit } | { readonly batch: Forged }

interface Forged {
  readonly num: number
  readonly root: bigint
  readonly ours: boolean
  readonly l1: boolean
  readonly row: object
}

export interface RollupChain {
  readonly head: () => number
  readonly forged: () => readonly Forged[]
  /** Gives queued wishes their nonces, in order. */
  send(): Promise<void>
  /** A block with the next `most` transactions of ours. */
  mine(most?: number): Promise<void>
  /** A block with a batch of another forger. */
  forgeForeign(): Promise<void>
  /** A block in which one of our users puts something into the L1 queue; an empty one without `l1`. */
  deposit(user: number): Promise<void>
  /** L1 transactions that no batch of the chain has taken. */
  waitingL1(): number
  /**
   * The newest blocks are gone; one more takes their place: with the same batches and deposits, or with no batch and the
   * deposits in another order.
   */
  reorg(depth: number, batches?: 'lost' | 'included'): Promise<void>
  /** Whether the slot is ours from the next block on. */
  setOurs(ours: boolean): Promise<void>
}

/** Batch 1, with accounts, is on the chain and folded. Without `l1` the contract never asks for an L1 batch. */
export async function openChain(orm: Orm, { l1 = false }: { readonly l1?: boolean } = {}): Promise<RollupChain> {
  const run = openStates()
  const blocks: Block[] = []
  let ours = true
  let foreignSalt = 0
  let depositSalt = 0
  const genesis = stateOf(...POPULATION)
  const base: Forged = { num: 1, root: rootOf(genesis), ours: true, l1: true, row: {} }
  run({ do: 'load', state: { batchNum: 1, root: base.root, lastIdx: genesis.lastIdx, accounts: POPULATION } })
  const forged = (): Forged[] => [base, ...blocks.flatMap(batchesIn)]
  const tip = (): Forged => forged().at(-1) ?? base
  const head = (): number => blocks.at(-1)?.number ?? 1

  const source = rollupSource({ rollup: ROLLUP, auction: ROLLUP }, 0n)
  const noteHead = async (em: Em): Promise<void> => {
    const view = chainView(head(), ours ? [US, US] : ['0x', '0x'], {
      committed: true,
      lastForgedBatch: tip().num,
      ...(l1 ? queueView(queuesAfter(blocks)) : { lastL1L2Batch: String(head()) }),
    })
    const at = { number: BigInt(head()), hash: `0x${head()}` }
    await em.upsert(HeadView, { name: 'head', blockNumber: at.number, blockHash: at.hash, view })
    await em.upsert(Cursor, { chain: 'local', source: 'head', ...at, updatedAt: new Date(0) })
  }
  const add = async (events: readonly Event[]): Promise<void> => {
    const block = { number: head() + 1, events }
    blocks.push(block)
    const deposits = queuesAfter(blocks).rows.filter(({ blockNumber }) => blockNumber === BigInt(block.number))
    await orm.em.fork().transactional(async em => {
      for (const row of deposits) await em.insert(L1Tx, row)
      for (const { row } of batchesIn(block)) await em.insert(ForgedBatch, row as never) // made by rowOf
      await noteHead(em)
      await em.execute(
        `update kernel.intent set state = 'confirmed', settled_at = now() where state = 'mined' and mined_block <= ?`,
        [head() - CONFIRMATIONS],
      )
    })
  }

  /** What the contract does with a call of ours: takes it, or reverts. */
  const land = async (em: Em, intent: Intent, before: readonly Event[], block: number): Promise<Forged | null> => {
    const parent = before.flatMap(eventBatches).at(-1) ?? tip()
    const queues = queuesAfter([...blocks, { number: block, events: before }])
    const now = new Date(0)
    if (intent.state === 'cancelling') {
      Object.assign(intent, { state: 'cancelled', settledAt: now })
      return null
    }
    const batch = await em.findOneOrFail(Batch, { intentKey: intent.key }, { populate: ['contents'] })
    const isL1 = batch.l1Queue != null
    const queue = isL1 ? queueOf(queues, queues.toForge) : []
    const fits = batch.num === parent.num + 1 && batch.oldRoot === parent.root
    const rightQueue = !isL1 || (batch.l1Queue === BigInt(queues.toForge) && batch.l1Digest === l1Digest(queue))
    const because =
      l1 && !isL1 && block >= queues.lastL1 + TIMEOUT
        ? 'L1L2BATCH_REQUIRED'
        : fits && rightQueue
          ? null
          : 'INVALID_PROOF'
    if (because !== null) {
      Object.assign(intent, { state: 'reverted', because, settledAt: now })
      return null
    }
    apply(batch, queue)
    Object.assign(intent, { state: 'mined', minedBlock: BigInt(block) })
    const { num, newRoot, newExitRoot, encodedL1CoordinatorTx, l1L2TxsData, feeIdxCoordinator } = batch
    const content = { newRoot, newExitRoot, encodedL1CoordinatorTx, l1L2TxsData, feeIdxCoordinator }
    const data = { ...content, batchNum: num, newLastIdx: Number(batch.newLastIdx) }
    const row = { ...rowOf(data, US, block, `0x${intent.key}`), ...taken(isL1, queues) }
    return { num: batch.num, root: batch.newRoot, ours: true, l1: isL1, row }
  }
  /** The contract verifies a proof; here the batch is done again, which throws when it is not right. */
  const apply = (batch: Batch, queue: readonly QueuedRow[]): void => {
    run({
      do: 'apply',
      from: { batchNum: batch.num - 1, root: batch.oldRoot },
      forged: {
        batchNum: batch.num,
        chainId: CHAIN_ID,
        rollup: ROLLUP,
        circuit: CIRCUIT,
        l1UserTxs: queue.map(row => l1UserTxOf(row as L1Tx)), // all of the row that is read
        forgeArguments: {
          newLastIdx: Number(batch.newLastIdx),
          newStRoot: batch.newRoot,
          newExitRoot: batch.newExitRoot,
          encodedL1CoordinatorTx: batch.encodedL1CoordinatorTx as `0x${string}`, // stored from the engine's Hex
          l1L2TxsData: batch.l1L2TxsData as `0x${string}`,
          feeIdxCoordinator: batch.feeIdxCoordinator as `0x${string}`,
        },
      },
    })
  }

  await seed(orm, base.root, genesis.lastIdx)
  await orm.em.fork().transactional(noteHead)
  return {
    head,
    forged,
    send: () =>
      orm.em.fork().transactional(async em => {
        const [last] = await em.find(Intent, { nonce: { $ne: null } }, { orderBy: { nonce: 'desc' }, limit: 1 })
        let nonce = last?.nonce ?? -1
        for (const intent of await em.find(Intent, { state: 'queued' }, { orderBy: { id: 'asc' } })) {
          // guarded as the lane's own: a wish may be taken back meanwhile
          const signed = { state: 'sent', nonce: nonce + 1 } as const
          nonce += await em.nativeUpdate(Intent, { id: intent.id, state: 'queued' }, signed)
        }
      }),
    mine: async (most = 16) => {
      const events: Event[] = []
      await orm.em.fork().transactional(async em => {
        const open = { state: { $in: ['sent', 'cancelling'] as const } }
        for (const intent of await em.find(Intent, open, { orderBy: { nonce: 'asc' }, limit: most })) {
          const landed = await land(em, intent, events, head() + 1)
          if (landed) events.push({ batch: landed })
        }
      })
      await add(events)
    },
    forgeForeign: async () => {
      foreignSalt += 1
      const parent = tip()
      const nonce = forged().filter(one => !one.ours).length
      const tx = pooled({ fromIdx: FOREIGN_USER, toIdx: 256, amount: BigInt(foreignSalt), nonce })
      const queues = queuesAfter(blocks)
      const isL1 = l1 && head() + 1 >= queues.lastL1 + TIMEOUT
      const l1UserTxs = isL1 ? queueOf(queues, queues.toForge).map(row => l1UserTxOf(row as L1Tx)) : [] // as above
      const result = run({
        do: 'build',
        from: { batchNum: parent.num, root: parent.root },
        selection: requestFor([tx], { batchNum: parent.num + 1, chainId: CHAIN_ID, l1UserTxs }),
        emptyAllowed: true,
        hasMore: false,
      })
      if (result.kind !== 'batch' || result.batch.l2TxIds.length !== 1) throw new Error('nothing to forge for them')
      const { batch } = result
      const row = { ...rowOf(batch, '0xthem', head() + 1, `0xforeign${foreignSalt}`), ...taken(isL1, queues) }
      await add([{ batch: { num: batch.batchNum, root: batch.newRoot, ours: false, l1: isL1, row } }])
    },
    deposit: user => add(!l1 ? [] : [{ deposit: { idx: 256 + (user % 3), salt: (depositSalt += 1) } }]),
    waitingL1: () => {
      const queues = queuesAfter(blocks)
      return !l1 ? 0 : queues.rows.filter(({ queue }) => queue >= BigInt(queues.toForge)).length
    },
    reorg: async (depth, batches = 'lost') => {
      const kept = Math.max(0, blocks.length - depth)
      const fork = blocks[kept - 1]?.number ?? 1
      const gone = blocks.splice(kept).flatMap(block => block.events)
      const again =
        batches === 'included'
          ? gone.map(event => moved(event, fork + 1))
          : gone.filter(event => 'deposit' in event).toReversed()
      await orm.em.fork().transactional(async em => {
        await source.forget(em, BigInt(fork))
        await em.execute(
          batches === 'included'
            ? `update kernel.intent set mined_block = ${fork + 1} where state = 'mined' and mined_block > ?`
            : `update kernel.intent set mined_block = null,
                 state = case when cancel_because is null then 'sent' else 'cancelling' end
               where state = 'mined' and mined_block > ?`,
          [fork],
        )
      })
      await add(again)
    },
    setOurs: async value => {
      ours = value
      await orm.em.fork().transactional(noteHead)
    },
  }
}

const eventBatches = (event: Event): Forged[] => ('batch' in event ? [event.batch] : [])
const batchesIn = ({ events }: Block): Forged[] => events.flatMap(eventBatches)

const queueView = ({ toForge, filling, lastL1 }: Queues) => ({
  lastL1L2Batch: String(lastL1),
  nextL1ToForgeQueue: String(toForge),
  nextL1FillingQueue: String(filling),
})

/** What an L1 batch says of the queue it takes. */
const taken = (isL1: boolean, queues: Queues) =>
  isL1
    ? { l1Queue: BigInt(queues.toForge), l1UserTxs: queueOf(queues, queues.toForge).length }
    : { l1Queue: null, l1UserTxs: 0 }

/** The same thing by the same transaction, in another block. */
const moved = (event: Event, block: number): Event =>
  'deposit' in event
    ? event
    : {
        batch: {
          ...event.batch,
          row: { ...event.batch.row, blockNumber: BigInt(block), blockHash: `0x${block}'` },
        },
      }

async function seed(orm: Orm, root: bigint, lastIdx: number): Promise<void> {
  const em = orm.em.fork()
  em.create(FoldedState, { name: 'base', batchNum: 1, root, lastIdx: BigInt(lastIdx) })
  for (const leaf of POPULATION) {
    const { idx, tokenId, nonce, balance, ay, sign, ethAddr } = storedOf(leaf)
    em.create(Account, {
      idx: BigInt(idx),
      tokenId: BigInt(tokenId),
      nonce: BigInt(nonce),
      balance: BigInt(balance),
      ay: BigInt(ay),
      sign,
      ethAddr,
      batchNum: 1,
    })
  }
  await em.flush()
  const empty = { newExitRoot: 0n, encodedL1CoordinatorTx: '0x', l1L2TxsData: '0x', feeIdxCoordinator: '0x' } as const
  await em.insert(ForgedBatch, rowOf({ ...empty, batchNum: 1, newRoot: root, newLastIdx: lastIdx }, US, 1, '0x1'))
}

type Content = Pick<BuiltBatchData, 'batchNum' | 'newRoot' | 'newExitRoot' | 'newLastIdx'> &
  Readonly<Record<'encodedL1CoordinatorTx' | 'l1L2TxsData' | 'feeIdxCoordinator', string>>

const rowOf = (content: Content, forger: string, block: number, ethTxHash: string) => ({
  batchNum: content.batchNum,
  forger,
  stateRoot: content.newRoot,
  exitRoot: content.newExitRoot,
  lastIdx: BigInt(content.newLastIdx),
  l1UserTxs: 0,
  encodedL1CoordinatorTx: content.encodedL1CoordinatorTx,
  l1L2TxsData: content.l1L2TxsData,
  feeIdxCoordinator: content.feeIdxCoordinator,
  blockNumber: BigInt(block),
  blockHash: `0x${block}`,
  ethTxHash,
  forgedAt: new Date(0),
})
