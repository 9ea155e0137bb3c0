/**
 * `kill -9` of the daemon at random moments while sessions become due all the time: none may be finalized twice, which
 * would be a revert we pay for, and none forgotten.
 *
 *   npm run bench -- finalizer-kill --kills 50 --seed 1
 */
import { parseArgs } from 'node:util'
import { seeded } from '../src/random.ts'
import { judge, waitForClosings, type Wanted } from './finalizer/judge.ts'
import { FAMILIES, inWorld, type World } from './finalizer/world.ts'
import { launchDaemon, ended, pause, startDaemon } from './load/daemon.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    'block-seconds': { type: 'string', default: '0.5' },
  },
})
const kills = Number(values.kills)
const PER_BATCH = 5
const DRAIN_MS = 120_000
/** From a moment in the start until some time at work. */
const LIFE_MS = { least: 500, most: 6_000 }

/** Opens some sessions every second or so until it is told to end. */
function keepOpening(world: World, random: () => number) {
  const wanted: Wanted[] = []
  const over = new AbortController()
  const run = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const family = FAMILIES[(wanted.length / PER_BATCH) % FAMILIES.length] ?? 'specimen'
      const first = BigInt(wanted.length)
      const deadline = (await world.chain.getBlockNumber()) + 2n + BigInt(Math.floor(random() * 6))
      await world.open(family, first, PER_BATCH, deadline)
      wanted.push(...Array.from({ length: PER_BATCH }, (_, index) => ({ family, height: first + BigInt(index) })))
      await pause(300 + random() * 700)
    }
  }
  const running = run()
  return {
    wanted,
    end: async () => {
      over.abort()
      await running
    },
  }
}

async function run(world: World): Promise<boolean> {
  const random = seeded(Number(values.seed))
  const from = await world.chain.getBlockNumber()
  const opening = keepOpening(world, random)
  for (let done = 0; done < kills; done += 1) {
    const child = launchDaemon(world.folder, world.config)
    await pause(LIFE_MS.least + random() * (LIFE_MS.most - LIFE_MS.least))
    await ended(child, 'SIGKILL')
    if (done % 10 === 9) process.stderr.write(`${done + 1} kills, ${opening.wanted.length} sessions\n`)
  }
  await opening.end()
  const daemon = await startDaemon(world.folder, world.config)
  try {
    const { wanted } = opening
    const verdict = await judge(world, wanted, await waitForClosings(world, from, wanted.length, DRAIN_MS))
    const line = { bench: 'finalizer-kill', kills, sessions: wanted.length, ...verdict }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return verdict.reached
  } finally {
    await daemon.stop()
  }
}

process.exitCode = (await inWorld({ blockSeconds: Number(values['block-seconds']), confirmations: 1 }, run)) ? 0 : 1
