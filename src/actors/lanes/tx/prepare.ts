/**
 * Finds out what queued wishes need before they can be signed: gas, and whether they would revert.
 */
import type { Address } from 'viem'
import type { StoredSimulation } from '../../../entities/kernel/intent.ts'
import { readCount } from './answers.ts'
import { whenChainAnswers } from './chain-look.ts'
import { endWithoutNonce, waits } from './endings.ts'
import { mostOf, type Fees } from './fees.ts'
import type { Lane } from './lane.ts'
import type { QueuedIntent } from './queued.ts'
import { simulate, withMargin, type Simulation } from './simulate.ts'

export interface Ready {
  readonly intent: QueuedIntent
  readonly gasLimit: bigint
}

/** Finds every gas limit. The first is simulated when nothing is in flight: nothing else can change its outcome then. */
export async function prepare(
  lane: Lane,
  inFlight: number,
  intents: readonly QueuedIntent[],
  nonce: number,
): Promise<{ readonly ready: readonly Ready[]; readonly ended: boolean }> {
  const ready: Ready[] = []
  for (const intent of intents) {
    if (inFlight > 0 || ready.length > 0) {
      if (intent.gasLimit === null) {
        await waits(lane, [intent], 'its gas can be estimated when the earlier transactions of this account are mined')
        break
      }
      ready.push({ intent, gasLimit: intent.gasLimit })
      continue
    }
    const gasLimit = await simulated(lane, intent, nonce)
    if (gasLimit === 'ended') return { ready: [], ended: true }
    if (gasLimit === null) break
    ready.push({ intent, gasLimit })
  }
  return { ready, ended: false }
}

/** Its gas with the margin; `ended` when it reverts and was settled so, null when it must wait. */
async function simulated(lane: Lane, intent: QueuedIntent, nonce: number): Promise<bigint | 'ended' | null> {
  const result = await simulate(lane, intent)
  switch (result.does) {
    case 'run':
      return withMargin(lane, result.gas)
    case 'revert':
      return (await endReverting(lane, intent, result.reason, nonce)) ? 'ended' : null
    case 'fail':
      if (intent.gasLimit !== null && result.class === 'AMBIG') return intent.gasLimit
      lane.again(1_000)
      await waits(lane, [intent], `cannot be simulated: ${result.because}`)
      return null
  }
}

/**
 * Ends a wish that would revert, if the chain is where we think it is: not after a reorganisation, and not when an
 * endpoint lags. False when it waits instead.
 */
export async function endReverting(lane: Lane, intent: QueuedIntent, reason: string, nonce: number): Promise<boolean> {
  const { client } = lane.args.rpc
  const params: [Address, 'latest'] = [lane.args.signer.address, 'latest']
  const ask = async (): Promise<number> =>
    readCount(await client.request({ method: 'eth_getTransactionCount', params }))
  const count = await whenChainAnswers(lane, ask)
  if (count === nonce) {
    await endWithoutNonce(lane, [{ intent, state: 'reverted', because: `simulation: ${reason}` }])
    return true
  }
  lane.again(1_000)
  await waits(lane, [intent], `simulation: ${reason}; waits for the chain to agree with itself`)
  return false
}

/** What a simulation found, to be shown to a person. `fees` is what would be offered now; null when nothing would. */
export function stored(lane: Lane, intent: QueuedIntent, result: Simulation, fees: Fees | null): StoredSimulation {
  const gas = result.does === 'run' ? withMargin(lane, result.gas) : null
  const cost = gas === null || fees === null ? null : intent.value + mostOf(fees, gas, intent.blobCount)
  return {
    outcome: result.does === 'run' ? 'runs' : result.does === 'revert' ? 'reverts' : 'unknown',
    gas: gas?.toString() ?? null,
    maxCostWei: cost?.toString() ?? null,
    reason: result.does === 'run' ? null : result.does === 'revert' ? result.reason : result.because,
    block: (lane.head?.number ?? 0n).toString(),
    at: new Date(lane.clock.now()).toISOString(),
  }
}
