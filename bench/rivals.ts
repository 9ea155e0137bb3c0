/**
 * Two forgers to look at: two real daemons with two keys, two databases and two status pages on one chain. They have bid
 * for every other slot; the left one is killed before one of its slots and comes back later. Prints who forged in which
 * slot, and one JSON line at the end.
 *
 *   node bench/rivals.ts [--slots N]
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { startDaemon } from './load/daemon.ts'
import { openDuel, type Duel } from './rivals/duel.ts'
import { openUsers } from './rivals/users.ts'
import { FIRST_BID_SLOT, openRivals, type Rival } from './rivals/world.ts'

const say = (text: string): void => void process.stderr.write(`${text}\n`)

const { values } = parseArgs({ options: { slots: { type: 'string', default: '8' } } })
const slots = Number(values.slots)
const world = await openRivals({ slots: slots + 2, users: 4 })
const [left, right] = world.rivals
const duel = openDuel(world)
const start = async (rival: Rival) => {
  const daemon = await startDaemon(rival.folder, rival.config)
  const token = (await readFile(join(rival.folder, 'data', 'tokens', 'viewer'), 'utf8')).trim()
  say(`${rival.name} ${rival.address} runs: ${daemon.url}/ (viewer token ${token})`)
  return daemon
}
const daemons = { left: await start(left), right: await start(right) }
try {
  await play(duel)
} finally {
  await Promise.all([daemons.left.stop(), daemons.right.stop()])
  await world.close()
}

/** Slot by slot; in the middle the left one is away for one slot of its own. */
async function play({ play, takeOver, reach, mineUntil, setRunning, forged, reverted }: Duel): Promise<void> {
  const users = await openUsers(world)
  await mineUntil('the deposits are accounts', async () => (await users.known(left)) && (await users.known(right)), 60)
  await reach(FIRST_BID_SLOT)
  const away = BigInt(Math.floor(slots / 4) * 2 + 1)
  for (let turn = 0n; turn < BigInt(slots); turn += 1n) {
    const owner = turn % 2n === 0n ? right : left
    const slot = FIRST_BID_SLOT + turn
    if (turn === away) {
      say(`slot ${slot}: the left one is killed; the slot opens to everybody at its deadline`)
      await daemons.left.kill()
      setRunning([right])
      await takeOver(slot, right)
      daemons.left = await start(left)
      setRunning([left, right])
    } else {
      await users.send(Number(turn) % 4, [owner])
      await play(slot, owner)
    }
    const here = (await forged()).filter(batch => batch.slot === slot)
    const list = here.map(({ num, transfers }) => `${num} (${transfers.length} transactions)`)
    say(`slot ${slot} of ${owner.name}: ${[...new Set(here.map(({ by }) => by))].join()} forged ${list.join(', ')}`)
  }
  const batches = await forged()
  const count = (name: Rival['name']): number => batches.filter(({ by }) => by === name).length
  process.stdout.write(
    `${JSON.stringify({ slots, left: count('left'), right: count('right'), reverted: await reverted() })}\n`,
  )
}
