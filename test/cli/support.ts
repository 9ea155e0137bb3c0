/** A command line without a terminal, and a daemon that answers what it is told to. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { runCli } from '../../src/cli/program.ts'
import type { Clock } from '../../src/clock.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Noon of a day: what relative times are relative to. */
export const NOON = Date.parse('2030-01-01T12:00:00Z')

const clock: Clock = {
  now: () => NOON,
  after: () => () => undefined,
  sleep: () => Promise.resolve(),
}

/** Runs one command line in `cwd` with only `env` set. */
export async function run(cwd: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ran> {
  const out: string[] = []
  const err: string[] = []
  const code = await runCli(args, {
    out: text => void out.push(text),
    err: text => void err.push(text),
    env,
    cwd,
    clock,
    terminal: false,
    stopAsked: () => Promise.resolve(),
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}

/** An empty folder that goes with the test. */
export async function emptyFolder(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'forgekeeper-cli-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export interface Asked {
  readonly method: string
  readonly path: string
  readonly token: string | null
  readonly body: string
}

export interface FakeDaemon {
  readonly url: string
  readonly asked: Asked[]
}

/** Answers `answers[path]` (status and JSON, or text as it is) and 404 for the rest. */
export async function fakeDaemon(
  t: ExecutionContext,
  answers: Readonly<Record<string, readonly [status: number, body: unknown]>>,
): Promise<FakeDaemon> {
  const asked: Asked[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = '', url = '' } = request
    const token = request.headers.authorization ?? null
    asked.push({ method, path: url, token, body: await bodyOf(request) })
    const [status, body] = answers[url] ?? [404, { code: 'HTTP_003', detail: 'not there', status: 404 }]
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo // a listening TCP server has one
  return { url: `http://127.0.0.1:${port}`, asked }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  return body
}
