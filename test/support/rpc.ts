/** Endpoints that answer as a test tells them to, and the way to a chain over them. */
import type { ExecutionContext } from 'ava'
import { createRpc, type Rpc, type RpcOptions } from '../../src/actors/chain/rpc.ts'
import { silentLog, type Log } from '../../src/log.ts'
import { startFakeRpc, type FakeCall, type FakeRpc, type Rule } from './fake-rpc.ts'
import { SimulatedClock } from './simulated-clock.ts'

export const CHAIN_ID = 31_337
export const block = (number: number, branch = 'a'): unknown => ({
  number: `0x${number.toString(16)}`,
  hash: `0x${branch}${number.toString(16).padStart(63, '0')}`,
  parentHash: `0x${branch}${(number - 1).toString(16).padStart(63, '0')}`,
  timestamp: '0x0',
})

/** Answers as a node at this head; `head` may be changed. */
export interface Node extends FakeRpc {
  head: number
}

export async function startNode(t: ExecutionContext, head = 100, chainId = CHAIN_ID): Promise<Node> {
  const fake = await startFakeRpc()
  const node: Node = Object.assign(fake, { head })
  node.rule = healthy(node, chainId)
  t.teardown(() => node.stop())
  return node
}

export const healthy =
  (node: Node, chainId = CHAIN_ID) =>
  ({ method, params }: FakeCall): Rule | undefined => {
    if (method === 'eth_chainId') return { result: `0x${chainId.toString(16)}` }
    if (method === 'eth_blockNumber') return { result: `0x${node.head.toString(16)}` }
    if (method === 'eth_getBlockByNumber' && params[0] === 'latest') return { result: block(node.head) }
    return undefined
  }

export const warnings: string[] = []
const log: Log = { ...silentLog, warn: (text, fields) => void warnings.push(`${text} ${JSON.stringify(fields)}`) }

/** The endpoints in this order, asked for by a daemon of the test chain. */
export function open(
  t: ExecutionContext,
  urls: readonly string[],
  more: Partial<RpcOptions> = {},
): Rpc & { clock: SimulatedClock } {
  const clock = new SimulatedClock()
  const rpc = createRpc({
    name: 'test',
    urls,
    chainId: CHAIN_ID,
    clock,
    random: () => 0.5,
    log,
    requestTimeoutMs: 1000,
    ...more,
  })
  t.teardown(() => rpc.close())
  return Object.assign(rpc, { clock })
}

export const states = (rpc: Rpc): string[] => rpc.status().map(({ state }) => state)
