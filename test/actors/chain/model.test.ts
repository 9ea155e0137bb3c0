import test from 'ava'
import { array, assert, asyncProperty, integer, oneof, record, constant } from 'fast-check'
import { scannerOf, synchronizerOf } from '../../../src/actors/chain/messages.ts'
import { useDatabases } from '../../support/postgres.ts'
import { factsIn, follow, openDatabase, pictureOf, startNotebook, type Follower, type Picture } from './harness.ts'

const databases = useDatabases(test)

const value = integer({ min: 1, max: 600 })
const command = oneof(
  record({ do: constant('note' as const), values: array(value, { minLength: 1, maxLength: 3 }) }),
  record({ do: constant('mine' as const), blocks: integer({ min: 1, max: 12 }) }),
  record({
    do: constant('reorg' as const),
    depth: integer({ min: 1, max: 8 }),
    values: array(value, { maxLength: 2 }),
  }),
  record({ do: constant('look' as const), ms: integer({ min: 0, max: 300 }) }),
  record({
    do: constant('kill' as const),
    who: oneof(constant('scanner' as const), constant('synchronizer' as const)),
  }),
  record({ do: constant('restart' as const) }),
  record({ do: constant('settle' as const) }),
)

const idOf = { scanner: scannerOf('local').id, synchronizer: synchronizerOf('local').id }

test('whatever happens, no fact is above the cursor, no cursor above the head, and in the end the facts are the chain', async t => {
  const property = asyncProperty(array(command, { minLength: 8, maxLength: 24 }), async commands => {
    const notebook = await startNotebook(t)
    const orm = await openDatabase(t, databases)
    await notebook.mine(10)
    let chain: Follower = await follow(t, { notebook, orm, reorgLimit: 40, logRange: 7 })
    const ordered = ({ newestFact, cursor, head }: Picture): boolean => newestFact <= cursor && cursor <= head
    const done = new AbortController()
    const broken: Picture[] = []
    const watch = (async () => {
      while (!done.signal.aborted) {
        const picture = await pictureOf(orm)
        if (!ordered(picture)) broken.push(picture)
        await new Promise(resolve => setTimeout(resolve, 1))
      }
    })()
    for (const step of commands) {
      switch (step.do) {
        case 'note':
          await notebook.note(...step.values)
          break
        case 'mine':
          await notebook.mine(step.blocks)
          break
        case 'reorg':
          await notebook.reorg(step.depth, ...step.values)
          break
        case 'look':
          chain.look()
          await chain.clock.advance(step.ms)
          break
        case 'kill':
          chain.system.kill(idOf[step.who])
          break
        case 'restart':
          await chain.stop()
          chain = await follow(t, { notebook, orm, reorgLimit: 40, logRange: 7 })
          break
        case 'settle':
          await chain.inStep()
          break
      }
    }
    await chain.inStep()
    done.abort()
    await watch
    t.deepEqual(broken, [])
    t.deepEqual(await factsIn(orm), await notebook.notes())
    const { head, cursors } = await pictureOf(orm)
    t.is(head, await notebook.head())
    t.deepEqual(Object.keys(cursors).sort(), ['head', 'test/notes'], 'nothing is left untold')
    await chain.stop()
  })
  await assert(property, { numRuns: 8, endOnFailure: true })
})
