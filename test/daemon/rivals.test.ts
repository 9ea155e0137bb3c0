/** Two real daemons with two keys and two databases on one chain: they bid, alternate slots and stand in for each other. */
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { askRival, openDuel, type Duel, type ForgedByRival } from '../../bench/rivals/duel.ts'
import { openUsers } from '../../bench/rivals/users.ts'
import { FIRST_BID_SLOT, openRivals, type Rival } from '../../bench/rivals/world.ts'
import { useDatabases } from '../support/postgres.ts'
import { startDaemon, type Daemon } from './support.ts'

const databases = useDatabases(test)

/** Starts a rival's daemon; the second time with the same database. */
async function starter(t: ExecutionContext, rival: Rival): Promise<() => Daemon> {
  const database = await databases.create()
  const env = { FORGEKEEPER_DATABASE_URL: 'env:TEST_DATABASE', TEST_DATABASE: database }
  return () => startDaemon(t, { data: join(rival.folder, 'data'), args: ['--config', rival.config], env })
}

const forgersOf = (forged: readonly ForgedByRival[], slot: bigint): string =>
  [...new Set(forged.filter(batch => batch.slot === slot).map(({ by }) => by))].join()

/** The state root after every batch, as a forger takes it for true. */
const rootsOf = (rival: Rival, upTo: number): Promise<readonly string[]> =>
  Promise.all(
    Array.from({ length: upTo }, async (_, at) => {
      const batch = await askRival<{ ForgeBatchArgs: { NewStRoot: string } }>(rival, `/v1/forger/batches/${at + 1}`)
      return batch?.ForgeBatchArgs.NewStRoot ?? 'unknown'
    }),
  )

test('scenarios 2, 5, 66, 67, 88: two forgers alternate slots, stand in for each other, and agree on every batch', async t => {
  t.timeout(1_200_000)
  const world = await openRivals({ slots: 12, users: 4 })
  t.teardown(() => world.close())
  const duel: Duel = openDuel(world)
  const [left, right] = world.rivals
  const [startLeft, startRight] = [await starter(t, left), await starter(t, right)]
  const leftDaemon = startLeft()
  startRight()
  const users = await openUsers(world)

  await duel.mineUntil(
    'the deposits are accounts for both',
    async () => (await users.known(left)) && (await users.known(right)),
    40,
  )
  const sent = [await users.send(0, [left]), await users.send(1, [right]), await users.send(2, [left, right])]

  // Slots before the first that can be bid for are the boot coordinator's: the left one's.
  await duel.reach(FIRST_BID_SLOT)
  await duel.play(FIRST_BID_SLOT, right)
  await duel.play(FIRST_BID_SLOT + 1n, left)
  sent.push(await users.send(1, [right]), await users.send(0, [left, right]))
  await duel.play(FIRST_BID_SLOT + 2n, right)

  // The left one dies before its slot: the right one may from the slot's deadline on.
  leftDaemon.signal('SIGKILL')
  await leftDaemon.ended
  duel.setRunning([right])
  sent.push(await users.send(3, [right]))
  await duel.takeOver(FIRST_BID_SLOT + 3n, right)

  // It comes back in a slot of the other's, and has everything that was forged without it.
  const again = startLeft()
  duel.setRunning([left, right])
  await duel.play(FIRST_BID_SLOT + 4n, right)
  t.is(await duel.reverted(), 0, 'until here nobody was in the way of the other')

  // It rests at the beginning of its slot. From the deadline on the slot is open, and both forge at the same time.
  t.is(await again.post('/v1/forger/pause'), 200)
  await duel.reachDeadline(FIRST_BID_SLOT + 5n)
  for (const user of [0, 1, 2])
    sent.push(await users.send(user, user === 2 ? [left, right] : [[left, right][user] ?? left]))
  t.is(await again.post('/v1/forger/resume'), 200)
  await duel.mineUntil('all transfers are forged', async () => {
    const forged = new Set((await duel.forged()).flatMap(({ transfers }) => transfers))
    return sent.every(name => forged.has(name))
  })

  const forged = await duel.forged()
  for (const batch of forged)
    t.log(`batch ${batch.num}: slot ${batch.slot}, ${batch.by}, ${batch.transfers.length} transactions`)
  const owners = [0n, 1n, 2n, 3n, 4n].map(turn => forgersOf(forged, FIRST_BID_SLOT + turn))
  t.deepEqual(owners, ['right', 'left', 'right', 'right', 'right'])
  const names = forged.flatMap(({ transfers }) => transfers)
  t.deepEqual(
    sent.filter(name => names.filter(one => one === name).length !== 1),
    [],
    'every transfer exactly once',
  )
  t.deepEqual(
    forged.map(({ num }) => num),
    forged.map((_, at) => at + 1),
  )
  const roots = await rootsOf(left, forged.length)
  t.false(roots.includes('unknown'))
  t.deepEqual(roots, await rootsOf(right, forged.length))
})
