/**
 * Catching up on historical sessions from the logs of a chain: how many a minute, and what memory. The last of them are
 * still open and due, so that one sees that the daemon has read to the end.
 *
 *   npm run bench -- finalizer-catch-up --sessions 100000
 */
import { parseArgs } from 'node:util'
import { closedSince, compare, type Wanted } from './finalizer/judge.ts'
import { FAMILIES, inWorld, stateOf, type World } from './finalizer/world.ts'
import { pause, startDaemon } from './load/daemon.ts'

const OPEN = 100
const LIMIT_MS = 900_000

const { values } = parseArgs({ options: { sessions: { type: 'string', default: '100000' } } })
const sessions = Number(values.sessions)
const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Past sessions of both families, then some that are due. */
async function history(world: World): Promise<Wanted[]> {
  const half = Math.floor((sessions - OPEN) / 2)
  const wanted: Wanted[] = []
  for (const family of FAMILIES) {
    await world.settled(family, 0n, half)
    say(`${half} ${family} sessions are history`)
    const deadline = await world.chain.getBlockNumber()
    await world.open(family, BigInt(half), OPEN / 2, deadline)
    wanted.push(...Array.from({ length: OPEN / 2 }, (_, index) => ({ family, height: BigInt(half + index) })))
  }
  return wanted
}

async function run(world: World): Promise<boolean> {
  const due = await history(world)
  const from = await world.chain.getBlockNumber()
  // blocks go on meanwhile, as they would
  const mining = setInterval(() => void world.tools.mine({ blocks: 1 }).catch(() => {}), 1_000)
  const daemon = await startDaemon(world.folder, world.config)
  const began = performance.now()
  const memory: number[] = []
  try {
    let known = 0
    let readMs: number | null = null
    let settled = 0
    while (performance.now() - began < LIMIT_MS && settled < sessions) {
      await pause(250)
      const states = await stateOf(world, daemon.url)
      if (states === null) continue
      known = Object.values(states).reduce((sum, n) => sum + n, 0)
      settled = (states['finalized'] ?? 0) + (states['finalized-by-other'] ?? 0)
      memory.push(daemon.memory())
      if (readMs === null && known >= sessions) readMs = performance.now() - began
    }
    const totalMs = performance.now() - began
    const outcome = compare(due, await closedSince(world, from))
    const quarter = memory[Math.floor(memory.length / 4)] ?? 0
    const reached = known === sessions && settled === sessions && outcome.forgotten === 0
    const perMinute = Math.round((sessions * 60_000) / totalMs)
    const line = {
      bench: 'finalizer-catch-up',
      sessions,
      reached,
      settled,
      readSeconds: readMs === null ? null : Number((readMs / 1000).toFixed(1)),
      seconds: Number((totalMs / 1000).toFixed(1)),
      perMinute,
      memoryMb: { quarter: mb(quarter), end: mb(memory.at(-1) ?? 0), peak: mb(daemon.peakMemory()) },
      ...outcome,
    }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return reached && perMinute >= 10_000
  } finally {
    clearInterval(mining)
    await daemon.stop()
  }
}

const mb = (bytes: number): number => Math.round(bytes / 2 ** 20)

process.exitCode = (await inWorld({ blockSeconds: null, confirmations: 1 }, run)) ? 0 : 1
