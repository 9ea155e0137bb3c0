/**
 * From the start of a killed daemon to its first useful send, with ten thousand intents open: some hundreds of them in
 * flight on a chain that stands still, the others queued. Useful is a transaction that no node has had before.
 */
import { acknowledge, untold, wishAll } from '../../src/actors/lanes/wish.ts'
import { systemClock } from '../../src/clock.ts'
import { ended, launchDaemon, pause } from '../load/daemon.ts'
import { median, takeNumbers } from './daemon.ts'
import { ROLE, wishOf } from './wishes.ts'
import type { TxWorld } from './world.ts'

export interface Restart {
  readonly open: number
  /** Median of the rounds, the start of the process included. */
  readonly ms: number
  readonly rounds: readonly number[]
}

const FIRST_LIFE_SENDS = 200
const LIMIT_MS = 60_000
const GROUP = 500

export async function measureRestart(world: TxWorld, count: number, open: number): Promise<Restart> {
  await world.node.setIntervalMining({ interval: 0 })
  await accept(world, open)
  await life(world, FIRST_LIFE_SENDS)
  const rounds: number[] = []
  for (let round = 1; round <= count; round += 1) {
    rounds.push(await life(world, 1))
    process.stderr.write(`restart ${round} of ${count}: ${rounds.at(-1)} ms\n`)
  }
  await world.node.setIntervalMining({ interval: 1 })
  await finish(world)
  return { open, ms: median(rounds), rounds }
}

async function accept({ orm }: TxWorld, count: number): Promise<void> {
  const from = takeNumbers(count)
  for (let at = 0; at < count; at += GROUP) {
    const wishes = Array.from({ length: GROUP }, (_, index) => ({ ...wishOf(from + at + index), confirmations: 0 }))
    await orm.em.fork().transactional(em => wishAll(em, wishes, systemClock))
  }
}

/** Runs the daemon until it has sent so many that were not sent before, and kills it; answers when the first was. */
async function life(world: TxWorld, sends: number): Promise<number> {
  const before = await lastAttempt(world)
  const started = Date.now()
  const daemon = launchDaemon(world.folder, world.config)
  try {
    for (;;) {
      const [row] = await world.orm.em.execute<{ n: number; first: number | null }[]>(
        `select count(*)::int as n, (extract(epoch from min(broadcast_at)) * 1000)::float8 as first
         from kernel.attempt where id > ? and broadcast_at is not null`,
        [before],
      )
      if (row !== undefined && row.n >= sends && row.first !== null) return Math.round(row.first - started)
      if (Date.now() - started > LIMIT_MS) throw new Error(`nothing was sent; see ${world.folder}/daemon.log`)
      await pause(10)
    }
  } finally {
    await ended(daemon, 'SIGKILL')
  }
}

async function lastAttempt({ orm }: TxWorld): Promise<string> {
  const [row] = await orm.em.execute<{ id: string }[]>('select coalesce(max(id), 0)::text as id from kernel.attempt')
  return row?.id ?? '0'
}

/** Lets a last life settle everything, so that the next measurement begins with nothing open. */
async function finish(world: TxWorld): Promise<void> {
  const daemon = launchDaemon(world.folder, world.config)
  for (let open = 1; open > 0; await pause(250)) {
    await world.orm.em.fork().transactional(async em => acknowledge(em, await untold(em, ROLE), systemClock))
    const [row] = await world.orm.em.execute<{ n: number }[]>(
      'select count(*)::int as n from kernel.intent where settled_at is null or acknowledged_at is null',
    )
    open = row?.n ?? 0
  }
  await ended(daemon, 'SIGTERM')
}
