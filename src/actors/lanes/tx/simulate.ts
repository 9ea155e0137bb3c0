/**
 * Trying a transaction before it costs anything: the gas it needs, or the reason it would revert.
 */
import { decodeErrorResult, numberToHex, type Abi, type Address, type Hex } from 'viem'
import { readCount } from './answers.ts'
import { classify, foreign } from './classify.ts'
import type { ErrorClass } from './error-table.ts'
import type { Lane } from './lane.ts'

export interface Call {
  readonly to: Address
  readonly data: Hex
  readonly value: bigint
}

export type Simulation =
  | { readonly does: 'run'; readonly gas: bigint }
  | { readonly does: 'revert'; readonly reason: string }
  /** The node could not say; the world is at fault, not the call. */
  | { readonly does: 'fail'; readonly class: ErrorClass; readonly because: string }

/** How nodes say that code stopped without a revert: it would do so again. */
const HALTS =
  /invalid ?opcode|opcode ?not ?found|invalidfeopcode|undefined instruction|invalid jump|stack ?(under|over)flow|write protection|max code size exceeded|bad instruction/i

/** Runs the call on the newest state without sending it. */
export async function simulate(lane: Lane, call: Call): Promise<Simulation> {
  try {
    const gas = await lane.args.rpc.client.request({ method: 'eth_estimateGas', params: [callFrom(lane, call)] })
    return { does: 'run', gas: BigInt(readCount(gas)) }
  } catch (error) {
    const said = foreign(error)
    const found = classify(said)
    if (found === 'REVERT') return { does: 'revert', reason: revertReason(error, said.text, lane.args.errors) }
    if (HALTS.test(said.text)) return { does: 'revert', reason: said.text.slice(0, 300) }
    return { does: 'fail', class: found, because: said.text.slice(0, 300) }
  }
}

/** An estimate with the configured margin, but not beyond what a block can hold. */
export function withMargin(lane: Lane, gas: bigint): bigint {
  const padded = (gas * BigInt(100 + lane.args.limits.gasMarginPercent) + 99n) / 100n
  const most = lane.head?.gasLimit ?? padded
  return padded <= most || gas > most ? padded : most
}

/** Why a mined transaction reverted, by replaying it on the state of its block; an honest sentence when that fails. */
export async function replay(lane: Lane, call: Call, block: bigint): Promise<string> {
  for (const number of [block, block - 1n]) {
    if (number < 0n) continue
    try {
      const params = [callFrom(lane, call), numberToHex(number)] as const
      await lane.args.rpc.client.request({ method: 'eth_call', params: [...params] })
    } catch (error) {
      const said = foreign(error)
      if (classify(said) === 'REVERT') return revertReason(error, said.text, lane.args.errors)
    }
  }
  return 'no reason: the call does not revert when it is replayed (out of gas, or another order in the block)'
}

const callFrom = (lane: Lane, { to, data, value }: Call): { from: Address; to: Address; data: Hex; value: Hex } => ({
  from: lane.args.signer.address,
  to,
  data,
  value: numberToHex(value),
})

/** `Error(string)` as its text, panics and known custom errors by name, unknown ones as their data. */
export function revertReason(error: unknown, text: string, errors: Abi | undefined): string {
  const data = revertData(error)
  if (data !== null && data !== '0x') return decoded(data, errors)
  const said = /execution reverted:?\s*(.*)/is.exec(text)?.[1]?.trim() ?? ''
  return said === '' ? 'reverted without a reason' : said
}

function decoded(data: Hex, errors: Abi | undefined): string {
  try {
    const { errorName, args } = decodeErrorResult({ abi: errors ?? [], data }) as Decoded
    if (errorName === 'Error') return String(args?.[0])
    if (errorName === 'Panic') return `panic ${String(args?.[0])}`
    return `${errorName}(${(args ?? []).map(String).join(', ')})`
  } catch {
    return `custom error ${data.slice(0, 138)}`
  }
}

/** What viem answers for an ABI that is only known at run time. */
interface Decoded {
  readonly errorName: string
  readonly args?: readonly unknown[]
}

function revertData(error: unknown): Hex | null {
  for (let at = error, depth = 0; typeof at === 'object' && at !== null && depth < 8; depth += 1) {
    const found = hexIn('data' in at ? at.data : null)
    if (found) return found
    at = 'cause' in at ? at.cause : null
  }
  return null
}

/** Nodes put the data there directly or one level deeper. */
function hexIn(value: unknown): Hex | null {
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value)) return value as Hex // checked
  return typeof value === 'object' && value !== null && 'data' in value ? hexIn(value.data) : null
}
