/**
 * What `check` looks at outside the configuration itself: the database, the endpoints of each chain, the keys, the URLs
 * in the sections of the enabled roles. Each look is one finding; none throws.
 */
import { createECDH } from 'node:crypto'
import { Client } from 'pg'
import type { AccountConfig, ChainConfig } from '../config/core.ts'
import type { Loaded } from '../config/load.ts'
import { fieldsOf, type SchemaView } from '../config/schema.ts'
import { camel } from '../config/types.ts'
import { formatGwei } from '../config/units.ts'
import { OperatorError, messageOf } from '../errors.ts'
import { maskUrl, resolveSecret, showSecretRef } from '../secrets.ts'

export interface Finding {
  readonly name: string
  readonly ok: boolean
  /** The problem is outside: something does not answer. */
  readonly down: boolean
  readonly detail: string
}

type Env = Readonly<Record<string, string | undefined>>
const TIMEOUT_MS = 5000

/** All findings, in the order of the configuration. */
export async function findings(loaded: Loaded, env: Env, demo: boolean): Promise<Finding[]> {
  const { chains, accounts, roles } = loaded.config
  const looks = [
    database(loaded.config.database.url),
    ...Object.entries(chains).flatMap(([name, chain]) => chain.rpc.map(url => endpoint(name, url, chain))),
    ...Object.entries(accounts).map(([name, account]) => key(name, account, env)),
    ...Object.entries(accounts).flatMap(([name, account]) => ceiling(loaded, name, account)),
    ...roles.enabled.flatMap(name => urlsOf(loaded, name).map(([path, url]) => reachable(path, url))),
  ]
  const found = await Promise.all(looks)
  const chainless = Object.keys(chains).length === 0 && !demo
  const none = {
    name: 'chains',
    ok: false,
    down: false,
    detail: 'no [chains.NAME] is configured; --demo brings its own',
  }
  return chainless ? [...found, none] : found
}

async function database(url: string | undefined): Promise<Finding> {
  if (url === undefined) return good('database', 'embedded, in the data folder')
  const client = new Client({ connectionString: url, connectionTimeoutMillis: TIMEOUT_MS })
  try {
    await client.connect()
    const { rows } = await client.query<{ version: number }>(
      "select current_setting('server_version_num')::int as version",
    )
    const version = Math.floor((rows[0]?.version ?? 0) / 10_000)
    if (version < 15) return bad('database', `${maskUrl(url)} is PostgreSQL ${version}; 15 or later is needed`)
    return good('database', `${maskUrl(url)} is PostgreSQL ${version}`)
  } catch (error) {
    return down('database', `${maskUrl(url)}: ${reason(error)}`)
  } finally {
    await client.end().catch(() => undefined)
  }
}

async function endpoint(name: string, url: string, chain: ChainConfig): Promise<Finding> {
  const label = `chain ${name}`
  try {
    const request = { jsonrpc: '2.0', id: 1, method: 'eth_chainId', params: [] }
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const answer: unknown = await response.json()
    const id = typeof answer === 'object' && answer !== null && 'result' in answer ? Number(answer.result) : Number.NaN
    if (Number.isNaN(id)) return down(label, `${maskUrl(url)} answers, but not with a chain id`)
    if (id !== chain.chainId) return bad(label, `${maskUrl(url)} is chain ${id}; ${chain.chainId} is configured`)
    return good(label, `${maskUrl(url)} is chain ${id}`)
  } catch (error) {
    return down(label, `${maskUrl(url)}: ${reason(error)}`)
  }
}

async function key(name: string, account: AccountConfig, env: Env): Promise<Finding> {
  const label = `account ${name}`
  if (account.key === undefined) return good(label, `${account.address ?? ''} is signed for elsewhere; not asked`)
  try {
    const options = account.password === undefined ? { env } : { env, password: account.password }
    const secret = (await resolveSecret(account.key, options)).reveal().trim()
    const shown = showSecretRef(account.key)
    if (!/^(0x)?[0-9a-fA-F]{64}$/.test(secret)) return bad(label, `${shown} is no private key (0x and 64 hex digits)`)
    // Throws for a number that is no key of this curve.
    createECDH('secp256k1').setPrivateKey(secret.replace(/^0x/, ''), 'hex')
    return good(label, `${shown} holds a key`)
  } catch (error) {
    return bad(label, error instanceof OperatorError ? error.message : 'the key is no key of secp256k1')
  }
}

/** Whether anything could be sent now: the fee ceiling against the base fee. */
function ceiling({ config }: Loaded, name: string, account: AccountConfig): Promise<Finding>[] {
  const [url] = config.chains[account.chain]?.rpc ?? []
  if (url === undefined) return []
  const most = account.maxFee ?? config.tx.maxFee
  const label = `fee ceiling ${name}`
  const look = async (): Promise<Finding> => {
    const base = await baseFeeOf(url).catch(() => undefined)
    if (base === undefined) return down(label, `${formatGwei(most)}; the base fee cannot be read`)
    if (base === null) return good(label, `${formatGwei(most)}; the chain has no base fee`)
    if (base <= most) return good(label, `${formatGwei(most)}, the base fee is ${formatGwei(base)}`)
    return bad(label, `TX_106 ${formatGwei(most)} is below the base fee of ${formatGwei(base)}: raise max_fee, or wait`)
  }
  return [look()]
}

/** Of the newest block, wei; null on a chain without one. */
async function baseFeeOf(url: string): Promise<bigint | null> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'eth_getBlockByNumber', params: ['latest', false] }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  const answer = (await response.json()) as { readonly result?: { readonly baseFeePerGas?: unknown } } | null // read below
  const fee = answer?.result?.baseFeePerGas
  return typeof fee === 'string' && /^0x[0-9a-f]+$/i.test(fee) ? BigInt(fee) : null
}

async function reachable(path: string, url: string): Promise<Finding> {
  try {
    const { status } = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    return good(path, `${maskUrl(url)} answers (${status})`)
  } catch (error) {
    return down(path, `${maskUrl(url)}: ${reason(error)}`)
  }
}

/** Every http(s) URL in the section of a role, with its key. */
function urlsOf(loaded: Loaded, role: string): [string, string][] {
  const schema = loaded.schema.properties?.[role]
  if (schema === undefined) return []
  const fields = fieldsOf(schema).filter(field => isHttp(field.schema) || isHttp(field.schema.items ?? {}))
  return fields.flatMap(({ path }) => {
    const dotted = [role, ...path].join('.')
    const value = path.reduce(stepInto, loaded.sections.get(role))
    if (typeof value === 'string') return [[dotted, value] satisfies [string, string]]
    return Array.isArray(value) ? value.map((url, index): [string, string] => [`${dotted}.${index}`, String(url)]) : []
  })
}

const isHttp = (schema: SchemaView): boolean =>
  schema['x-unit'] === 'url' && (schema['x-schemes'] ?? []).some(scheme => scheme.startsWith('http'))

function stepInto(value: unknown, part: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as Readonly<Record<string, unknown>>)[camel(part)] // any object can be looked into by name
}

/** The innermost reason without anything that a URL could ride on. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : ''
  if (code !== '') return code
  return cause instanceof Error && cause.name === 'TimeoutError' ? `no answer in ${TIMEOUT_MS} ms` : messageOf(cause)
}

const good = (name: string, detail: string): Finding => ({ name, ok: true, down: false, detail })
const bad = (name: string, detail: string): Finding => ({ name, ok: false, down: false, detail })
const down = (name: string, detail: string): Finding => ({ name, ok: false, down: true, detail })
