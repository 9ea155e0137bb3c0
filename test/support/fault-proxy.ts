/**
 * A JSON-RPC proxy before a real anvil that enforces what geth does (geth-rules.ts) and misbehaves as a test tells it to,
 * one method at a time.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestFn } from 'ava'
import { gethRules, type AskNode } from './geth-rules.ts'

export interface RpcCall {
  readonly method: string
  readonly params: readonly unknown[]
}
export type RpcReply =
  | { readonly result: unknown }
  | { readonly error: { code: number; message: string; data?: unknown } }

/** Instead of an answer: the connection breaks, an HTTP status with a body, or no answer at all. */
export type Breakdown = 'reset' | 'hang' | { readonly status: number; readonly body: string }

/** Answers a call, with or without the node. */
export type Rule = (call: RpcCall, forward: () => Promise<RpcReply>) => Promise<RpcReply | Breakdown>

export interface FaultProxy {
  readonly url: string
  /** Every call that arrived, in order; the oldest are forgotten beyond some thousands. */
  readonly calls: RpcCall[]
  /** From now on this method is handled by the rule; null ends that. */
  on(method: string, rule: Rule | null): void
  /** From now on every method without a rule of its own is handled by this one; null ends that. */
  every(rule: Rule | null): void
}

/** `const proxy = useFaultProxy(test)`, then `await proxy(nodeUrl)`: a proxy before that node, gone after the test file. */
export function useFaultProxy(test: TestFn): (nodeUrl: string) => Promise<FaultProxy> {
  const ends: (() => Promise<void>)[] = []
  test.after.always('the proxies of this file end', async () => {
    for (const end of ends) await end()
  })
  return async nodeUrl => {
    const { proxy, end } = await startProxy(nodeUrl)
    ends.push(end)
    return proxy
  }
}

const KEPT_CALLS = 5_000

/** A proxy before that node; the caller ends it. */
export async function startProxy(nodeUrl: string): Promise<{ proxy: FaultProxy; end: () => Promise<void> }> {
  const rules = new Map<string, Rule>()
  const forward: Rule = (_, through) => through()
  let otherwise = forward
  const calls: RpcCall[] = []
  const ask: AskNode = (method, params) => forwardTo(nodeUrl, { method, params })
  const geth = gethRules(ask)
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => void answer(Buffer.concat(chunks).toString(), response))
  })

  async function answer(text: string, response: ServerResponse): Promise<void> {
    const body = JSON.parse(text) as Numbered | Numbered[] // only our own clients ask here
    const replies: object[] = []
    for (const call of Array.isArray(body) ? body : [body]) {
      calls.push(call)
      if (calls.length > KEPT_CALLS) calls.shift()
      const reply = await (rules.get(call.method) ?? otherwise)(call, () => asGeth(call))
      if (reply === 'hang') return
      if (reply === 'reset') return void response.destroy()
      if ('status' in reply) return void response.writeHead(reply.status).end(reply.body)
      replies.push({ jsonrpc: '2.0', id: call.id, ...reply })
    }
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(Array.isArray(body) ? replies : replies[0]))
  }

  async function asGeth({ method, params }: RpcCall): Promise<RpcReply> {
    if (method === 'eth_sendRawTransaction') return geth.send(params[0] as `0x${string}`) // what that method takes
    if (method === 'eth_getBlockByNumber') await geth.wake()
    const parked = method === 'eth_getTransactionByHash' ? geth.parked(params[0]) : null
    return parked ? { result: parked } : ask(method, params)
  }

  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo // listening on TCP
  return {
    proxy: {
      url: `http://127.0.0.1:${port}`,
      calls,
      every: rule => void (otherwise = rule ?? forward),
      on: (method, rule) => void (rule ? rules.set(method, rule) : rules.delete(method)),
    },
    end: async () => {
      server.closeAllConnections()
      await new Promise(closed => server.close(closed))
    },
  }
}

type Numbered = RpcCall & { readonly id: number }

async function forwardTo(nodeUrl: string, call: RpcCall): Promise<RpcReply> {
  const response = await fetch(nodeUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...call }),
  })
  const { result, error } = (await response.json()) as { result?: unknown; error?: { code: number; message: string } }
  return error ? { error } : { result: result ?? null }
}
