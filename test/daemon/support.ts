/** The real daemon as a process of its own: started, watched through HTTP, its log and its end, and never left behind. */
import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ExecutionContext } from 'ava'
import { PATIENCE_MS } from '../support/patience.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/forgekeeper/compiled', import.meta.url))

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly actor?: string
  readonly code?: string
  readonly reason?: string
}

export interface Daemon {
  readonly pid: number
  /** Everything it wrote to standard error, and to standard output. */
  err(): string
  out(): string
  /** The lines of its log so far. */
  log(): LogLine[]
  /** Its exit code; null when it was killed. */
  readonly ended: Promise<number | null>
  /** Base URL of its HTTP interface, as soon as it listens. */
  url(): Promise<string>
  get<T>(path: string): Promise<T>
  /** With the operator token. */
  post(path: string): Promise<number>
  signal(signal: NodeJS.Signals): void
  stop(): Promise<number | null>
}

export interface DaemonSetting {
  /** Its data folder. */
  readonly data: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Starts it; it is killed with the test at the latest. */
export function startDaemon(t: ExecutionContext, { data, args, env = {} }: DaemonSetting): Daemon {
  const port = args.includes('--port') ? [] : ['--port', '0']
  const all = [MAIN, 'start', '--data-folder', data, ...port, '--log-format', 'json', ...args]
  const child = spawn(process.execPath, all, { stdio: ['ignore', 'pipe', 'pipe'], env: environment(env) })
  let err = ''
  let out = ''
  child.stderr.on('data', (text: Buffer) => (err += text.toString()))
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  const ended = new Promise<number | null>(resolve => void child.once('close', resolve))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    if (!t.passed) t.log(err.split('\n').slice(-40).join('\n'))
  })
  const url = (): Promise<string> => addressOf(data, child.pid ?? 0, () => child.exitCode)
  const get = async <T>(path: string): Promise<T> => (await (await ask(path, 'viewer')).json()) as T // our own API
  const ask = async (path: string, who: 'viewer' | 'operator', method = 'GET'): Promise<Response> => {
    const base = await url() // the tokens are made before it listens
    const token = (await readFile(join(data, 'tokens', who), 'utf8')).trim()
    return fetch(`${base}${path}`, { method, headers: { authorization: `Bearer ${token}` } })
  }
  return {
    pid: child.pid ?? 0,
    err: () => err,
    out: () => out,
    log: () => linesOf(err),
    ended,
    url,
    get,
    post: async path => (await ask(path, 'operator', 'POST')).status,
    signal: signal => void child.kill(signal),
    stop: () => {
      child.kill('SIGTERM')
      return ended
    },
  }
}

const environment = (env: DaemonSetting['env']): NodeJS.ProcessEnv => ({
  NODE_COMPILE_CACHE: COMPILED,
  ...process.env,
  ...env,
})

const linesOf = (text: string): LogLine[] =>
  text.split('\n').flatMap(line => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as LogLine] : []))

/**
 * What its log complains of: every error, and every warning since it was told to stop. Warnings before that may only say
 * that blocks came faster than this machine works.
 */
export function complaints(daemon: Daemon): LogLine[] {
  const lines = daemon.log()
  const told = lines.findIndex(({ msg }) => msg.startsWith('stopping'))
  return lines.filter(({ level }, at) => level >= 50 || (level > 30 && at >= told))
}

async function addressOf(data: string, pid: number, exitCode: () => number | null): Promise<string> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 50) {
    const note = noteOf(await readFile(join(data, 'daemon.json'), 'utf8').catch(() => ''))
    if (note.pid === pid && note.url !== undefined) return note.url
    if (exitCode() !== null) throw new Error(`the daemon ended with ${exitCode()}`)
    await sleep(50)
  }
  throw new Error('the daemon did not listen in time')
}

function noteOf(text: string): { pid?: number; url?: string } {
  try {
    return JSON.parse(text) as { pid?: number; url?: string } // written by the daemon
  } catch {
    return {} // not there, or half written
  }
}

/** Asks until the answer is not null; fails the test when that takes too long. */
export async function until<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  for (let waited = 0; waited < PATIENCE_MS; waited += 100) {
    const found = await look()
    if (found !== null) return found
    await sleep(100)
  }
  throw new Error(`waited in vain: ${what}`)
}

export interface Readiness {
  readonly ready: boolean
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[]
}

/** The detail of a failing check, as soon as it is like `pattern`. */
export async function failing(daemon: Daemon, name: string, pattern = /./): Promise<string> {
  let last = 'nothing'
  const look = async (): Promise<string | null> => {
    const { checks = [] } = await daemon.get<Partial<Readiness>>('/readyz?verbose')
    last = checks.find(check => check.name === name && !check.ok)?.detail ?? 'nothing'
    return pattern.test(last) && last !== 'nothing' ? last : null
  }
  return until(`/readyz says of ${name} ${String(pattern)}`, look).catch((error: unknown) => {
    throw new Error(`it said last: ${last}`, { cause: error })
  })
}

/** Resolves when nothing is missing but what is named. */
export const ready = (daemon: Daemon, ...missing: string[]): Promise<true> =>
  until('ready', async () => {
    const { checks } = await daemon.get<Partial<Readiness>>('/readyz?verbose')
    return checks?.every(({ name, ok }) => ok || missing.includes(name)) === true ? true : null
  })

export interface ShownBatch {
  readonly num: number
  readonly state: string
  readonly l2Txs: number
}

/** The batches as the API lists them, newest first; none while there is no database. */
export const batches = async (daemon: Daemon): Promise<readonly ShownBatch[]> =>
  (await daemon.get<{ batches?: readonly ShownBatch[] }>('/v1/forger/batches?limit=100')).batches ?? []
