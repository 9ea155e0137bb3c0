/**
 * What the contract would do with a call, asked of the node without a transaction.
 */
import { numberToHex, type Address, type Hex, type PublicClient } from 'viem'
import { isTransient, messageOf } from '../../errors.ts'
import { classify, foreign } from '../lanes/tx/classify.ts'
import { revertReason } from '../lanes/tx/simulate.ts'
import type { Trial } from './policy.ts'
import { classifyRevert } from './revert.ts'

export interface Call {
  readonly from: Address
  readonly to: Address
  readonly data: Hex
}

/** Requests at a time: enough to keep a node busy, not enough to be refused. */
const AT_ONCE = 24
const NO_REASON = 'reverted without a reason'

/** Runs the call on the newest block; throws the transient error of an outage. */
export async function tryCall(client: PublicClient, { from, to, data }: Call): Promise<Trial> {
  try {
    const params = [{ from, to, data, value: numberToHex(0) }, 'latest'] as const
    const gas = await client.request({ method: 'eth_estimateGas', params: [...params] })
    return { does: 'run', gas: BigInt(gas) }
  } catch (error) {
    if (isTransient(error)) throw error
    return trialOf(error)
  }
}

/** What a node's refusal of the call means. */
export function trialOf(error: unknown): Exclude<Trial, { does: 'run' }> {
  const said = foreign(error)
  const known = classifyRevert(said.text) !== 'unknownRevert' // some nodes answer the bare text, under any code
  if (!known && classify(said) !== 'REVERT' && !/\brevert/i.test(said.text)) {
    return { does: 'fail', because: messageOf(said.text === '' ? error : said.text).slice(0, 300) }
  }
  const reason = revertReason(error, said.text, undefined)
  if (reason !== NO_REASON) return { does: 'revert', reason }
  return { does: 'revert', reason: known ? said.text : null }
}

/** Answers of all calls, in their order. */
export async function tryAll(client: PublicClient, calls: readonly Call[]): Promise<Trial[]> {
  const trials: Trial[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let at = next++; at < calls.length; at = next++) {
      const call = calls[at]
      if (call !== undefined) trials[at] = await tryCall(client, call)
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, calls.length) }, lane))
  return trials
}
