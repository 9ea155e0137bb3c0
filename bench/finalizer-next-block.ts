/**
 * From the deadline to the block with our transaction: sessions become due one after the other, several in some blocks.
 * A session may be closed in the first block after its deadline D at the earliest; that D has passed is only known with
 * block D+1, so that "sent in the next block after it" is a place in block D+2 at the latest.
 *
 *   npm run bench -- finalizer-next-block --sessions 300 --block-seconds 1
 */
import { parseArgs } from 'node:util'
import { closedSince, judge, quantile, type Wanted } from './finalizer/judge.ts'
import { FAMILIES, inWorld, type World } from './finalizer/world.ts'
import { pause, startDaemon } from './load/daemon.ts'

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '300' },
    'per-block': { type: 'string', default: '3' },
    'block-seconds': { type: 'string', default: '1' },
  },
})
const sessions = Number(values.sessions)
const perBlock = Number(values['per-block'])
const LEAD_BLOCKS = 20n
const PATIENCE_BLOCKS = 30n

interface Due extends Wanted {
  readonly deadline: bigint
}

/** Deadlines in one block after the other; each block has sessions of one family, in turn. */
async function openAll(world: World): Promise<Due[]> {
  const first = (await world.chain.getBlockNumber()) + LEAD_BLOCKS + BigInt(Math.ceil(sessions / 100))
  const due: Due[] = []
  const opening: Promise<void>[] = []
  for (let at = 0; at < sessions; at += perBlock) {
    const family = FAMILIES[(at / perBlock) % FAMILIES.length] ?? 'specimen'
    const deadline = first + BigInt(at / perBlock)
    const count = Math.min(perBlock, sessions - at)
    opening.push(world.open(family, BigInt(at), count, deadline))
    due.push(...Array.from({ length: count }, (_, index) => ({ family, height: BigInt(at + index), deadline })))
    await pause(5)
  }
  await Promise.all(opening)
  return due
}

async function run(world: World): Promise<boolean> {
  const daemon = await startDaemon(world.folder, world.config)
  try {
    const from = await world.chain.getBlockNumber()
    const due = await openAll(world)
    const last = (due.at(-1)?.deadline ?? 0n) + PATIENCE_BLOCKS
    while ((await world.chain.getBlockNumber()) < last && (await closedSince(world, from)).length < sessions)
      await pause(1_000)
    const closed = await closedSince(world, from)
    const deadlines = new Map(due.map(({ family, height, deadline }) => [`${family}/${height}`, deadline]))
    const after = closed.map(({ family, height, block }) =>
      Number(block - (deadlines.get(`${family}/${height}`) ?? block)),
    )
    const p99 = quantile(after, 0.99)
    const verdict = await judge(world, due, closed)
    const reached = verdict.reached && p99 !== null && p99 <= 2
    const blocksAfterDeadline = { p50: quantile(after, 0.5), p99, max: quantile(after, 1) }
    const line = { bench: 'finalizer-next-block', sessions, blocksAfterDeadline, ...verdict, reached }
    process.stdout.write(`${JSON.stringify(line)}\n`)
    return reached
  } finally {
    await daemon.stop()
  }
}

process.exitCode = (await inWorld({ blockSeconds: Number(values['block-seconds']), confirmations: 1 }, run)) ? 0 : 1
