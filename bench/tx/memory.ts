/**
 * The daemon's heap and resident memory while it does many transactions: after a fifth of them, and at the end.
 */
import { startHost, type Usage } from './daemon.ts'
import type { TxWorld } from './world.ts'

export interface Memory {
  readonly transactions: number
  /** After a collection, MB. */
  readonly heapMb: readonly [early: number, end: number]
  readonly rssMb: readonly [early: number, end: number]
  /** Growth of the heap from early to end, percent; negative when it shrank. */
  readonly heapGrowthPercent: number
  readonly rssGrowthPercent: number
}

const WARM_UP_PART = 0.2
const GROUP = 2_000

export async function measureMemory(world: TxWorld, total: number): Promise<Memory> {
  const host = await startHost(world)
  let wished = 0
  const to = async (count: number): Promise<Usage> => {
    while (wished < count) {
      const more = Math.min(GROUP, count - wished)
      host.wish(more, 0)
      wished += more
      await host.told(wished - more) // so that two groups are open at a time
      if (wished % (GROUP * 10) === 0) process.stderr.write(`memory: ${wished} of ${total}\n`)
    }
    await host.told(count)
    return host.usage()
  }
  const early = await to(Math.floor(total * WARM_UP_PART))
  const end = await to(total)
  await host.stop()
  const mb = (bytes: number): number => Math.round((bytes / 2 ** 20) * 10) / 10
  const growth = (from: number, until: number): number => Math.round(((until - from) / from) * 1000) / 10
  return {
    transactions: total,
    heapMb: [mb(early.heapBytes), mb(end.heapBytes)],
    rssMb: [mb(early.rssBytes), mb(end.rssBytes)],
    heapGrowthPercent: growth(early.heapBytes, end.heapBytes),
    rssGrowthPercent: growth(early.rssBytes, end.rssBytes),
  }
}
