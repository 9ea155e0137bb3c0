/**
 * How far the consensus layer has come: the blocks a chain calls safe and finalized.
 */
import type { Finality } from '../../../entities/kernel/intent.ts'
import { isFatal } from '../../../errors.ts'
import { readBlock } from './answers.ts'
import { foreign } from './classify.ts'
import { decider, sayOnce, unsay, type Lane } from './lane.ts'
import type { OpenIntent } from './ledger.ts'
import type { Tagged } from './settle.ts'

/** The heights that open transactions with a used nonce wait for; asks nothing when none of them waits for a tag. */
export async function taggedHeights(lane: Lane, open: readonly OpenIntent[]): Promise<Tagged> {
  const used = open.filter(intent => intent.nonce < lane.latestCount)
  const tags = [...new Set(used.map(({ finality }) => finality).filter(tag => tag !== null))]
  const heights = await Promise.all(tags.map(tag => heightOf(lane, tag)))
  return new Map(tags.flatMap((tag, at) => (heights[at] == null ? [] : [[tag, heights[at]] as const])))
}

/** Null while the chain does not say, as one without a consensus layer never does: then nothing is that final. */
async function heightOf(lane: Lane, tag: Finality): Promise<bigint | null> {
  const topic = `no-${tag}-block`
  try {
    const block = readBlock(await decider(lane).request({ method: 'eth_getBlockByNumber', params: [tag, false] }))
    if (block !== null) {
      unsay(lane, topic)
      return block.number
    }
    sayOnce(lane, topic, () => lane.log.warn(`${lane.args.chain} has no ${tag} block: what asked for it waits`))
  } catch (error) {
    if (isFatal(error)) throw error
    const { text: because } = foreign(error)
    sayOnce(lane, topic, () =>
      lane.log.warn(`${lane.args.chain} tells of no ${tag} block: what asked for it waits`, { because }),
    )
  }
  return null
}
