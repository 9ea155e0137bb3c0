/**
 * The tx-manager, measured: PostgreSQL that waits for its disk, anvil with a block a second, all on this machine.
 *
 *   npm run bench -- tx [--rounds 3] [--count 4000] [--only speed,latency,restart,gap,memory] [--memory 100000]
 *     [--profile FOLDER]
 *
 * `speed` runs plain viem (nonceManager, 64 in flight) and us one after the other in every round; what counts is the
 * ratio within a round, because machines are noisy. Prints a table on standard error and one JSON line.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { measureGap } from './tx/gap.ts'
import { measureLatency } from './tx/latency.ts'
import { measureMemory } from './tx/memory.ts'
import { measureRestart } from './tx/restart.ts'
import { measureSpeed } from './tx/speed.ts'
import { printTable } from './tx/table.ts'
import { openTxWorld } from './tx/world.ts'

const PARTS = ['speed', 'latency', 'restart', 'gap', 'memory'] as const

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    count: { type: 'string', default: '4000' },
    memory: { type: 'string', default: '100000' },
    only: { type: 'string', default: PARTS.join(',') },
    profile: { type: 'string' },
  },
})
const wanted = values.only.split(',')
const unknown = wanted.find(name => !PARTS.some(part => part === name))
if (unknown !== undefined) throw new TypeError(`there is no part "${unknown}": ${PARTS.join(', ')}`)
const [rounds, count, memory] = [Number(values.rounds), Number(values.count), Number(values.memory)]

const folder = await mkdtemp(join(tmpdir(), 'fk-tx-'))
const world = await openTxWorld({ folder, maxInFlight: 3000 })
const end = async (): Promise<void> => {
  await world.close()
  await rm(folder, { recursive: true, force: true })
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void end().then(() => process.exit(1)))
try {
  const figures = {
    ...(wanted.includes('speed') && { speed: await measureSpeed(world, rounds, count, values.profile) }),
    ...(wanted.includes('latency') && { latency: await measureLatency(world, 50, 30) }),
    ...(wanted.includes('restart') && { restart: await measureRestart(world, rounds, 10_000) }),
    ...(wanted.includes('gap') && { gap: await measureGap(world, rounds) }),
    ...(wanted.includes('memory') && { memory: await measureMemory(world, memory) }),
  }
  printTable(figures)
  process.stdout.write(`${JSON.stringify(figures)}\n`)
} finally {
  await end()
}
