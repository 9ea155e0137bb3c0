/**
 * From the accepted wish to the block that has it, at a steady rate: when a block was first seen by a watcher beside the
 * daemon, less when the wish was stored.
 */
import { sql } from 'kysely'
import { rows } from '../../src/actors/lanes/tx/rows.ts'
import { median, quantile, startHost } from './daemon.ts'
import type { TxWorld } from './world.ts'
import { pause } from '../load/daemon.ts'

export interface Latency {
  readonly perSecond: number
  readonly samples: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** From the wish to the first byte sent. */
  readonly toBroadcastP50Ms: number
}

const LOOK_MS = 5

export async function measureLatency(world: TxWorld, perSecond: number, seconds: number): Promise<Latency> {
  const host = await startHost(world)
  const blocks = watchBlocks(world)
  host.wish(10, 0)
  await host.told(10)
  const count = perSecond * seconds
  const began = performance.now()
  let first = Number.POSITIVE_INFINITY
  for (let wished = 0; wished < count; wished += 1) {
    await pause(Math.max(0, began + (wished * 1000) / perSecond - performance.now()))
    first = Math.min(first, host.wish(1, 0))
  }
  await host.told(10 + count)
  const seen = await blocks.stop()
  await host.stop()
  const subjects = Array.from({ length: count }, (_, at) => `effect/${first + at}`)
  const landed = await rows<{ block: string; accepted: number; sent: number }>(
    world.orm.em.fork(),
    sql`select i.mined_block::text as block, (extract(epoch from i.created_at) * 1000)::float8 as accepted,
        (extract(epoch from min(a.broadcast_at)) * 1000)::float8 as sent
      from kernel.intent i join kernel.attempt a on a.intent_id = i.id
      where i.subject = any(${subjects}::text[]) group by i.id`,
  )
  const mined = landed.map(({ block, accepted }) => (seen.get(block) ?? Number.NaN) - accepted)
  const sent = landed.map(({ sent: at, accepted }) => at - accepted)
  return {
    perSecond,
    samples: mined.length,
    p50Ms: Math.round(median(mined)),
    p99Ms: Math.round(quantile(mined, 0.99)),
    toBroadcastP50Ms: Math.round(median(sent)),
  }
}

/** Notes the wall clock at the first sight of every block. */
function watchBlocks(world: TxWorld): { stop(): Promise<ReadonlyMap<string, number>> } {
  const seen = new Map<string, number>()
  const over = new AbortController()
  const watching = (async (): Promise<void> => {
    let last = await world.chain.getBlockNumber()
    while (!over.signal.aborted) {
      const head = await world.chain.getBlockNumber()
      for (; last < head; last += 1n) seen.set(String(last + 1n), Date.now())
      await pause(LOOK_MS)
    }
  })()
  return {
    stop: async () => {
      over.abort()
      await watching
      return seen
    },
  }
}
