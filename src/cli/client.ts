/**
 * Speaks HTTP to the daemon. Where it is and which token to use: the flag, the environment, what the running daemon
 * left in its data folder, the configuration, in this order.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Type } from 'typebox'
import { Check } from 'typebox/value'
import type { Loaded } from '../config/load.ts'
import { OperatorError } from '../errors.ts'
import { maskUrl, resolveSecret } from '../secrets.ts'
import { environment, flagsOf, load, type GlobalOptions } from './context.ts'
import { DaemonDownError, RefusedError, TokenRefusedError, UnexpectedAnswerError, UsageError } from './errors.ts'
import type { Io } from './io.ts'

export interface ClientOptions extends GlobalOptions {
  readonly url?: string
  readonly token?: string
}

export interface Client {
  readonly url: string
  /** The JSON of a path below the daemon's URL, read with the viewer token. */
  get(path: string): Promise<unknown>
  /** Sends JSON with the operator token and answers the daemon's JSON. */
  post(path: string, body: unknown): Promise<unknown>
}

type Level = 'viewer' | 'operator'

/** A running daemon's note in its data folder, `daemon.json`. */
const Note = Type.Object({ pid: Type.Integer(), url: Type.String(), startedAt: Type.String() })

/** Throws ConfigError and its kin when the configuration is needed and wrong; the methods throw the CLI errors. */
export async function openClient(io: Io, options: ClientOptions): Promise<Client> {
  const url = options.url ?? io.env['FORGEKEEPER_URL']
  if (url !== undefined && !URL.canParse(url)) throw new UsageError('--url is not a URL')
  const token = options.token ?? io.env['FORGEKEEPER_TOKEN']
  const loaded = url !== undefined && token !== undefined ? null : await loadLeniently(io, options, url !== undefined)
  const base = (url ?? (await noted(loaded)) ?? configured(loaded)).replace(/\/+$/, '')
  const tokenFor = async (level: Level): Promise<string | null> => token ?? (await stored(io, options, loaded, level))
  return {
    url: base,
    get: async path => ask(base, path, { method: 'GET' }, 'viewer', await tokenFor('viewer')),
    post: async (path, body) => {
      const request = { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      return ask(base, path, request, 'operator', await tokenFor('operator'))
    },
  }
}

/** With a URL given, a configuration that does not load only means that no token is known. */
async function loadLeniently(io: Io, options: ClientOptions, optional: boolean): Promise<Loaded | null> {
  try {
    // The demo's allowances: a client needs nothing that only the daemon needs.
    return await load(io, { options, flags: flagsOf(options), demo: true, usualFile: true })
  } catch (error) {
    if (optional && error instanceof OperatorError) return null
    throw error
  }
}

async function noted(loaded: Loaded | null): Promise<string | null> {
  if (loaded === null) return null
  try {
    const note: unknown = JSON.parse(await readFile(join(loaded.config.dataFolder, 'daemon.json'), 'utf8'))
    return Check(Note, note) ? note.url : null
  } catch {
    return null // no daemon has left a note: it never ran here, or it was stopped
  }
}

function configured(loaded: Loaded | null): string {
  const { host, port } = loaded?.config.http ?? { host: '127.0.0.1', port: 8420 }
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}

async function stored(io: Io, options: ClientOptions, loaded: Loaded | null, level: Level): Promise<string | null> {
  if (loaded === null) return null
  const { http, dataFolder } = loaded.config
  const reference = level === 'viewer' ? http.viewerToken : http.operatorToken
  if (reference !== undefined) return (await resolveSecret(reference, { env: environment(io, options) })).reveal()
  return readFile(join(dataFolder, 'tokens', level), 'utf8').then(
    text => text.trim(),
    () => null,
  )
}

async function ask(
  base: string,
  path: string,
  request: RequestInit,
  level: Level,
  token: string | null,
): Promise<unknown> {
  const headers = new Headers(request.headers)
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  let response: Response
  let text: string
  try {
    response = await fetch(base + path, { ...request, headers, signal: AbortSignal.timeout(15_000) })
    text = await response.text()
  } catch (error) {
    throw new DaemonDownError(maskUrl(base), error)
  }
  if (response.status === 401 || response.status === 403) throw refusedToken(base, level, token)
  const json = parse(text)
  if (response.ok && json !== undefined) return json
  if (json === undefined) {
    throw new UnexpectedAnswerError(`${maskUrl(base)}${path} answered ${response.status} without JSON`, {
      facts: { status: response.status },
    })
  }
  throw refused(path, response.status, json)
}

function refusedToken(base: string, level: Level, token: string | null): TokenRefusedError {
  const what = token === null ? `no ${level} token is known here` : `the ${level} token was refused`
  return new TokenRefusedError(`${maskUrl(base)}: ${what}`, { facts: { url: maskUrl(base), token: level } })
}

const Problem = Type.Object({
  code: Type.Optional(Type.String()),
  title: Type.Optional(Type.String()),
  detail: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  hint: Type.Optional(Type.String()),
})

/** The daemon's code for an address it does not have. */
const NO_ROUTE = 'HTTP_003'

function refused(path: string, status: number, json: unknown): RefusedError {
  const problem = Check(Problem, json) ? json : {}
  const reason = problem.detail ?? problem.message ?? problem.title ?? 'no reason given'
  const { code = null, hint = null } = problem
  const [, role] = /^\/v1\/([a-z-]+)\/./.exec(path) ?? []
  if (code === NO_ROUTE && role !== undefined) {
    const message = `there is no role "${role}" in this daemon, or it cannot do that`
    return new RefusedError(message, status, { code, hint: '`forgekeeper status` lists its roles.' }, { path, status })
  }
  const where = code === null ? `${path} answered ${status}: ` : ''
  return new RefusedError(`${where}${reason}`, status, { code, hint }, { path, status })
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
