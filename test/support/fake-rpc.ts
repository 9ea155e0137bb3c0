/**
 * A JSON-RPC endpoint with faults on demand: it answers from a script, passes on to a real node, or misbehaves.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface FakeCall {
  readonly method: string
  readonly params: readonly unknown[]
}

/** What to do with one call. `hang` never answers; `reset` cuts the connection; `http` answers the whole request so. */
export type Rule =
  | { readonly result: unknown }
  | { readonly error: { readonly code: number; readonly message: string; readonly data?: unknown } }
  | { readonly http: { readonly status: number; readonly body: string; readonly headers?: Record<string, string> } }
  | 'hang'
  | 'reset'

export interface FakeRpc {
  readonly url: string
  /** Every call that arrived. */
  readonly calls: FakeCall[]
  /** HTTP requests so far. */
  readonly requests: () => number
  /** Undefined: pass on, or `method not found` when there is nobody to pass on to. May be replaced at any time. */
  rule: (call: FakeCall) => Rule | undefined
  /** Where calls without a rule go. */
  upstream: string | null
  stop(): Promise<void>
}

export async function startFakeRpc(
  options: { readonly rule?: FakeRpc['rule']; readonly upstream?: string } = {},
): Promise<FakeRpc> {
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    serve(fake, request, response).catch(() => response.destroy())
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo // a TCP server has one
  const fake: FakeRpc = {
    url: `http://127.0.0.1:${port}`,
    calls: [],
    requests: () => requests,
    rule: options.rule ?? (() => undefined),
    upstream: options.upstream ?? null,
    stop: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  return fake
}

interface Body extends FakeCall {
  readonly id: number
}

async function serve(fake: FakeRpc, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = JSON.parse(await textOf(request)) as Body | Body[] // only our own client asks here
  const calls = Array.isArray(body) ? body : [body]
  fake.calls.push(...calls.map(({ method, params }) => ({ method, params })))
  const rules = calls.map(call => fake.rule(call))
  if (rules.includes('hang')) return
  if (rules.includes('reset')) return void response.destroy()
  const whole = rules.find(rule => typeof rule === 'object' && 'http' in rule)
  if (typeof whole === 'object' && 'http' in whole) {
    response.writeHead(whole.http.status, whole.http.headers).end(whole.http.body)
    return
  }
  const answers = await Promise.all(calls.map((call, at) => answer(fake, call, rules[at])))
  response.writeHead(200, { 'content-type': 'application/json' })
  response.end(JSON.stringify(Array.isArray(body) ? answers : answers[0]))
}

async function answer(fake: FakeRpc, call: Body, rule: Rule | undefined): Promise<unknown> {
  const { id } = call
  if (rule !== undefined) return { jsonrpc: '2.0', id, ...(rule as object) }
  if (fake.upstream === null) return { jsonrpc: '2.0', id, error: { code: -32_601, message: 'method not found' } }
  const reply = await fetch(fake.upstream, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...call, jsonrpc: '2.0' }),
  })
  return reply.json()
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request) text += String(chunk)
  return text
}
