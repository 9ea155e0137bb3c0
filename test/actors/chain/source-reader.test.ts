import test, { type ExecutionContext } from 'ava'
import type { Hash } from 'viem'
import type { Header } from '../../../src/actors/chain/headers.ts'
import type { Answer, Call } from '../../../src/actors/chain/json-rpc.ts'
import { appendHeaders, loadCursors } from '../../../src/actors/chain/ledger.ts'
import { rollBack } from '../../../src/actors/chain/rollback.ts'
import type { Rpc } from '../../../src/actors/chain/rpc.ts'
import { createReader, type Step } from '../../../src/actors/chain/source-reader.ts'
import type { FactSource } from '../../../src/actors/chain/source.ts'
import type { Orm } from '../../../src/entities/orm.ts'
import { useDatabases } from '../../support/postgres.ts'
import { CHAIN, factsIn, noteSource, openDatabase, pictureOf } from './harness.ts'

const databases = useDatabases(test)

const hash = (branch: string, number: number): Hash => `0x${branch}${String(number).padStart(63, '0')}`
const header = (branch: string, number: number): Header => ({
  number: BigInt(number),
  hash: hash(branch, number),
  parentHash: hash(branch, number - 1),
  timestamp: 0n,
})
const branchOf = (branch: string, from: number, to: number): Header[] =>
  Array.from({ length: to - from + 1 }, (_, at) => header(branch, from + at))
const asBlock = ({ number, hash: own, parentHash }: Header): unknown => ({
  number: `0x${number.toString(16)}`,
  hash: own,
  parentHash,
  timestamp: '0x0',
})

interface Bench {
  readonly orm: Orm
  /** Answers of the node; may be replaced. */
  answer: (call: Call, asked: number) => Answer
  step(source: FactSource): Promise<Step>
  /** What the synchronizer does to the database when branch `b` replaces branch `a` above block 5. */
  reorganise(sources: readonly FactSource[]): Promise<void>
}

/** Branch `a`, blocks 0 to 8, is in the database; the node shows it too. */
async function open(t: ExecutionContext): Promise<Bench> {
  const orm = await openDatabase(t, databases)
  const a = branchOf('a', 0, 8)
  await orm.em.fork().transactional(em => appendHeaders(em, CHAIN, a, 64, 0))
  let asked = 0
  const bench: Bench = {
    orm,
    answer: call => nodeOn('a')(call),
    step: async source => {
      const rpc = { batch: async (calls: readonly Call[]) => calls.map(call => bench.answer(call, asked++)) }
      const reader = createReader({
        chain: CHAIN,
        rpc: rpc as unknown as Rpc, // all that a reader asks for
        source,
        em: () => orm.em.fork(),
        now: () => 0,
        startBlock: 0n,
        logRange: 100,
        onSkip: () => {},
        onNarrowed: () => {},
        onStray: () => {},
      })
      const cursors = await loadCursors(orm.em.fork(), CHAIN)
      return reader.step(cursors, cursors.head ?? { number: 0n, hash: '' })
    },
    reorganise: async sources => {
      const [fork, before] = [header('a', 5), header('a', 8)]
      await orm.em.fork().transactional(async em => {
        await rollBack(em, { chain: CHAIN, fork, before, sources, now: 0 })
        await appendHeaders(em, CHAIN, branchOf('b', 6, 9), 64, 0)
      })
    },
  }
  return bench
}

/** A node on this branch, with one note of the value 1 in block 7. */
const nodeOn =
  (branch: string) =>
  ({ method, params }: Call): Answer => {
    if (method === 'eth_getBlockByNumber') return { result: asBlock(header(branch, Number(params[0]))) }
    const log = {
      address: '0x00000000000000000000000000000000000f0f0f',
      topics: [hash('0', 0)],
      data: hash('0', 1),
      blockNumber: '0x7',
      blockHash: hash(branch, 7),
      transactionHash: hash('e', 1),
      logIndex: '0x0',
    }
    return { result: [log] }
  }

test.serial('a range whose end is the stored header becomes facts and a cursor', async t => {
  const bench = await open(t)
  t.is(await bench.step(noteSource()), 'read')
  t.deepEqual(await factsIn(bench.orm), [1])
  t.like(await pictureOf(bench.orm), { cursor: 8, newestFact: 7 })
  t.is(await bench.step(noteSource()), 'done')
})

test.serial('logs that come with another end than the stored header are not gathered', async t => {
  const bench = await open(t)
  bench.answer = (call, asked) => (asked < 2 ? nodeOn('b') : nodeOn('a'))(call)
  let gathered = false
  const source = noteSource({
    gather: async () => {
      gathered = true
      return []
    },
  })
  t.is(await bench.step(source), 'moved')
  t.false(gathered)
})

test.serial('facts are not stored when the chain shows another end after gathering', async t => {
  const bench = await open(t)
  let after = false
  bench.answer = call => nodeOn(after ? 'b' : 'a')(call)
  const source = noteSource({
    gather: async (...args) => {
      after = true
      return noteSource().gather(...args)
    },
  })
  t.is(await bench.step(source), 'moved')
  t.deepEqual(await factsIn(bench.orm), [])
  t.is((await pictureOf(bench.orm)).cursor, -1)
})

test.serial(
  'facts are not stored when the synchronizer has left the branch meanwhile, though a node still shows it',
  async t => {
    const bench = await open(t)
    const source: FactSource = noteSource({
      gather: async (...args) => {
        await bench.reorganise([])
        return noteSource().gather(...args)
      },
    })
    t.is(await bench.step(source), 'moved')
    t.deepEqual(await factsIn(bench.orm), [])
  },
)

test.serial('facts are not stored when the cursor has moved meanwhile', async t => {
  const bench = await open(t)
  t.is(await bench.step(noteSource()), 'read')
  await bench.orm.em.fork().transactional(em => appendHeaders(em, CHAIN, branchOf('a', 9, 10), 64, 0))
  const source = noteSource({
    gather: async (...args) => {
      await bench.orm.em.execute(
        `update kernel.cursor set number = 6, hash = '${hash('a', 6)}' where source = 'test/notes'`,
      )
      return noteSource().gather(...args)
    },
  })
  t.is(await bench.step(source), 'moved')
  t.is((await pictureOf(bench.orm)).cursor, 6)
})

test.serial('a rollback of a head that is no longer the head changes nothing', async t => {
  const bench = await open(t)
  await bench.reorganise([noteSource()])
  const before = await pictureOf(bench.orm)
  const done = await bench.orm.em
    .fork()
    .transactional(em =>
      rollBack(em, { chain: CHAIN, fork: header('a', 4), before: header('a', 8), sources: [], now: 0 }),
    )
  t.false(done)
  t.deepEqual(await pictureOf(bench.orm), before)
})

test.serial('rollbacks that were not told yet are told as one, from the lowest fork to the highest head', async t => {
  const bench = await open(t)
  await bench.reorganise([])
  await bench.orm.em
    .fork()
    .transactional(em =>
      rollBack(em, { chain: CHAIN, fork: header('a', 3), before: header('b', 9), sources: [], now: 0 }),
    )
  const { untold } = await loadCursors(bench.orm.em.fork(), CHAIN)
  t.deepEqual(untold, { fork: 3n, depth: 6 })
})
