/**
 * Many sessions due at once: all must be closed, each by one transaction, with no revert and no gap of nonces.
 *
 *   npm run bench -- finalizer-burst --sessions 1000
 */
import { parseArgs } from 'node:util'
import { judge, waitForClosings, type Wanted } from './finalizer/judge.ts'
import { FAMILIES, inWorld, type World } from './finalizer/world.ts'
import { pause, startDaemon } from './load/daemon.ts'

const { values } = parseArgs({
  options: { sessions: { type: 'string', default: '1000' }, 'block-seconds': { type: 'string', default: '1' } },
})
const sessions = Number(values.sessions)
const LIMIT_MS = 300_000

async function openAll(world: World, deadline: bigint): Promise<Wanted[]> {
  const half = Math.ceil(sessions / 2)
  const opened = FAMILIES.map(async (family, index) => {
    const count = index === 0 ? half : sessions - half
    await world.open(family, 0n, count, deadline)
    return Array.from({ length: count }, (_, height) => ({ family, height: BigInt(height) }))
  })
  return (await Promise.all(opened)).flat()
}

async function run(world: World): Promise<boolean> {
  const daemon = await startDaemon(world.folder, world.config)
  try {
    const from = await world.chain.getBlockNumber()
    const deadline = from + 20n
    const due = await openAll(world, deadline)
    while ((await world.chain.getBlockNumber()) <= deadline) await pause(100)
    const began = performance.now()
    const closed = await waitForClosings(world, from, sessions, LIMIT_MS)
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1))
    const blocks = Number(closed.reduce((most, { block }) => (block > most ? block : most), 0n) - deadline)
    const verdict = await judge(world, due, closed)
    const peakMemoryMb = Math.round(daemon.peakMemory() / 2 ** 20)
    const line = { bench: 'finalizer-burst', sessions, seconds, blocks, ...verdict, peakMemoryMb }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return verdict.reached && verdict.mined === sessions
  } finally {
    await daemon.stop()
  }
}

process.exitCode = (await inWorld({ blockSeconds: Number(values['block-seconds']), confirmations: 1 }, run)) ? 0 : 1
