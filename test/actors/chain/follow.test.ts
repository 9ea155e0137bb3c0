import test from 'ava'
import type { ChainNews, Reorg } from '../../../src/actors/chain/messages.ts'
import { waitFor } from '../../support/patience.ts'
import { useDatabases } from '../../support/postgres.ts'
import { factsIn, follow, openDatabase, pictureOf, startNotebook } from './harness.ts'

const databases = useDatabases(test)
const reorgs = (news: readonly ChainNews[]): Reorg[] => news.filter(item => item.type === 'Reorg')

test.serial('every log up to the head becomes a fact, and the subscribers hear of the head', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1, 2)
  await notebook.mine(3)
  await notebook.note(3)
  const chain = await follow(t, { notebook, orm })
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2, 3])
  await notebook.note(4)
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1, 2, 3, 4])
  await notebook.mine(1)
  await chain.inStep()
  const head = BigInt(await notebook.head())
  t.like(chain.news.at(-1), { type: 'SyncBlock', chain: 'local', number: head, head })
  t.deepEqual(reorgs(chain.news), [])
  t.like(await pictureOf(orm), { head: Number(head), cursor: Number(head) })
})

for (const depth of [1, 3, 20]) {
  test.serial(
    `a reorganisation ${depth} deep takes its facts away, is told once, and the new branch is read`,
    async t => {
      const notebook = await startNotebook(t)
      const orm = await openDatabase(t, databases)
      await notebook.note(1)
      await notebook.mine(25)
      const chain = await follow(t, { notebook, orm })
      for (let i = 0; i < depth; i++) await notebook.note(100 + i)
      await chain.inStep()
      t.is((await factsIn(orm)).length, 1 + depth)
      const fork = BigInt((await notebook.head()) - depth)
      await notebook.reorg(depth, 7)
      await chain.inStep()
      t.deepEqual(await factsIn(orm), [1, 7])
      t.deepEqual(reorgs(chain.news), [{ type: 'Reorg', chain: 'local', fork, depth }])
      const at = chain.news.findIndex(item => item.type === 'Reorg')
      t.true(chain.news.slice(at + 1).every(item => item.type === 'SyncBlock' && item.head > fork))
      t.regex(await chain.metrics.text(), /chain_reorgs_total\{chain="local"\} 1/)
    },
  )
}

test.serial('a reorganisation that comes with new blocks on top is followed in one go', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(5)
  await notebook.note(1)
  const chain = await follow(t, { notebook, orm })
  await chain.inStep()
  await notebook.reorg(2)
  await notebook.mine(4)
  await notebook.note(2)
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [2])
  t.like(reorgs(chain.news), [{ depth: 2 }])
})

test.serial('a reorganisation deeper than the limit stops the chain and says what to do', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(30)
  await notebook.note(1)
  const chain = await follow(t, { notebook, orm, reorgLimit: 8 })
  await chain.inStep()
  const before = await pictureOf(orm)
  await notebook.reorg(12)
  let ended = false
  void chain.system.done.then(() => (ended = true))
  await chain.until(() => ended)
  const { error } = await chain.system.done
  t.like(error, { code: 'CHN_001', severity: 'fatal' })
  t.deepEqual(await pictureOf(orm), before, 'nothing was touched')
  t.deepEqual(await factsIn(orm), [1])
})

test.serial('a reorganisation exactly as deep as the limit is followed', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(30)
  await notebook.note(1)
  const chain = await follow(t, { notebook, orm, reorgLimit: 8 })
  await chain.inStep()
  await notebook.reorg(8)
  await chain.inStep()
  t.like(reorgs(chain.news), [{ depth: 8 }])
  t.deepEqual(await factsIn(orm), [])
})

test.serial('a branch that died while the daemon was down is left at the next start', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(5)
  const first = await follow(t, { notebook, orm })
  await notebook.note(1)
  await notebook.note(2)
  await first.inStep()
  await first.stop()
  await notebook.reorg(2, 8)
  await notebook.mine(3)
  const second = await follow(t, { notebook, orm })
  await second.inStep()
  t.deepEqual(await factsIn(orm), [8])
  t.like(reorgs(second.news), [{ depth: 2 }])
})

test.serial('after a long time down the chain goes on where it was, without the headers between', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.note(1)
  const first = await follow(t, { notebook, orm, reorgLimit: 10 })
  await first.inStep()
  await first.stop()
  await notebook.mine(50)
  await notebook.note(2)
  await notebook.mine(50)
  const second = await follow(t, { notebook, orm, reorgLimit: 10 })
  await second.inStep()
  t.deepEqual(await factsIn(orm), [1, 2])
  t.deepEqual(reorgs(second.news), [])
})

test.serial('a chain that was rolled back is followed back', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(5)
  const chain = await follow(t, { notebook, orm })
  await notebook.note(1)
  await notebook.note(2)
  await chain.inStep()
  await notebook.rpc('anvil_rollback', [1])
  await chain.until(() => reorgs(chain.news).length > 0)
  await chain.inStep()
  t.deepEqual(await factsIn(orm), [1])
  t.like(reorgs(chain.news), [{ depth: 1 }])
  t.is((await pictureOf(orm)).head, await notebook.head())
})

test.serial('a chain with another id than configured ends the tree with a clear error', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  const chain = await follow(t, { notebook, orm, chainId: 1 })
  let ended = false
  void chain.system.done.then(() => (ended = true))
  await chain.until(() => ended)
  const { error } = await chain.system.done
  t.like(error, { code: 'RPC_002', severity: 'fatal' })
  t.deepEqual((await pictureOf(orm)).cursors, {})
})

test.serial('another chain behind the same id and URL is not mistaken for a reorganisation', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  await notebook.mine(20)
  const first = await follow(t, { notebook, orm, reorgLimit: 10 })
  await first.inStep()
  await first.stop()
  const other = await startNotebook(t)
  await other.note(99) // two chains that start in the same second are else the same
  await other.mine(40)
  const second = await follow(t, { notebook: other, orm, reorgLimit: 10 })
  let ended = false
  void second.system.done.then(() => (ended = true))
  await second.until(() => ended)
  t.like((await second.system.done).error, { code: 'CHN_001' })
})

test.serial('an announced head is read at once, without waiting for the next look', async t => {
  const notebook = await startNotebook(t)
  const orm = await openDatabase(t, databases)
  const chain = await follow(t, { notebook, orm, wsUrl: notebook.wsUrl })
  await chain.inStep()
  await waitFor('heads are announced', () => chain.rpc.announced)
  await notebook.note(5)
  const head = BigInt(await notebook.head())
  // neither a look nor time: only the announcement can bring it
  await waitFor('the news of it', () => chain.news.some(item => item.type === 'SyncBlock' && item.number === head))
  t.deepEqual(await factsIn(orm), [5])
})
