/**
 * Many sessions due at once: all must be closed, each by one transaction, with no revert and no gap of nonces.
 *
 *   npm run bench -- finalizer-burst --sessions 1000
 */
import { parseArgs } from 'node:util'
import { closedSince, compare, sentBy, type Wanted } from './finalizer/judge.ts'
import { FAMILIES, openWorld, type World } from './finalizer/world.ts'
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
    let closed = await closedSince(world, from)
    while (closed.length < sessions && performance.now() - began < LIMIT_MS) {
      await pause(500)
      closed = await closedSince(world, from)
    }
    const seconds = Number(((performance.now() - began) / 1000).toFixed(1))
    const sent = await sentBy(world, 0n)
    const outcome = compare(due, closed)
    const blocks = Number(closed.reduce((most, { block }) => (block > most ? block : most), 0n) - deadline)
    const reached = outcome.forgotten === 0 && outcome.twice === 0 && sent.reverted === 0 && sent.noGap
    const line = { bench: 'finalizer-burst', sessions, reached, seconds, blocks, ...outcome, ...sent }
    process.stdout.write(`${JSON.stringify({ ...line, peakMemoryMb: Math.round(daemon.peakMemory() / 2 ** 20) })}\n`)
    return reached && sent.mined === sessions
  } finally {
    await daemon.stop()
  }
}

const world = await openWorld({ blockSeconds: Number(values['block-seconds']), confirmations: 1 })
try {
  process.exitCode = (await run(world)) ? 0 : 1
} finally {
  await world.close()
}
