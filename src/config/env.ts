/**
 * Environment names of configuration keys: `http.port` is FORGEKEEPER_HTTP_PORT, `chains.main.chain_id` is
 * FORGEKEEPER_CHAINS_MAIN_CHAIN_ID (one underscore; a dash in a NAME is an underscore too). Aliases are names of
 * predecessors that a field accepts.
 */
import { nearest } from './nearest.ts'
import { fieldsOf, type Field, type SchemaView } from './schema.ts'

export const PREFIX = 'FORGEKEEPER_'

/** Names with our prefix that are not configuration keys. */
const RESERVED = new Set(['CONFIG', 'URL', 'TOKEN', 'SHARED', 'ENV_FILE'].map(name => PREFIX + name))

export interface EnvValue {
  readonly name: string
  readonly path: readonly string[]
  readonly text: string
}

export interface EnvReading {
  /** In rising order of strength: aliases first, our own names last. */
  readonly values: readonly EnvValue[]
  /** Names with our prefix that mean nothing, each as a sentence. Not errors: orchestrators inject such names. */
  readonly warnings: readonly string[]
}

/** The environment name of a field; `NAME` stands for the name of a table. */
export const envName = (field: Field): string =>
  PREFIX + field.path.map(part => (part === '*' ? 'NAME' : part.toUpperCase())).join('_')

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What `env` says about the keys of `schema`. Empty variables count as not set. Without `predecessors` their names are
 * passed over.
 */
export function readEnv(schema: SchemaView, env: Environment, predecessors: boolean): EnvReading {
  // Longest first, so that the longest key wins where two could match.
  const fields = fieldsOf(schema).toSorted((a, b) => envName(b).length - envName(a).length)
  const values: EnvValue[] = []
  const warnings: string[] = []
  for (const [name, text] of Object.entries(env)) {
    if (text === undefined || text === '' || !name.startsWith(PREFIX) || RESERVED.has(name)) continue
    const path = match(fields, name)
    if (path === null) warnings.push(unknown(fields, name))
    else values.push({ name, path, text })
  }
  const old = predecessors ? aliases(fields, env) : { values: [], warnings: [] }
  return { values: [...old.values, ...values], warnings: [...warnings, ...old.warnings] }
}

function match(fields: readonly Field[], name: string): string[] | null {
  for (const field of fields) {
    const parts = field.path.map(part => (part === '*' ? '([A-Z0-9_]+?)' : part.toUpperCase()))
    const found = new RegExp(`^${PREFIX}${parts.join('_')}$`).exec(name)
    if (found === null) continue
    const names = found.slice(1)
    return field.path.map(part => (part === '*' ? tableName(names.shift() ?? '') : part))
  }
  return null
}

const tableName = (text: string): string => text.toLowerCase().replaceAll('_', '-')

function unknown(fields: readonly Field[], name: string): string {
  const near = nearest(name, fields.filter(field => !field.path.includes('*')).map(envName))
  return `${name} is not a configuration key and is ignored${near === null ? '' : `; did you mean ${near}?`}`
}

interface Aliases {
  readonly values: readonly EnvValue[]
  readonly warnings: readonly string[]
}

function aliases(fields: readonly Field[], env: Environment): Aliases {
  const found = fields.flatMap(({ path, schema }) =>
    (schema['x-env-aliases'] ?? []).flatMap(alias => {
      const { name, unit = '', warning = null } = typeof alias === 'string' ? { name: alias } : alias
      const text = env[name]
      if (text === undefined || text === '') return []
      const bare = /^\d+(\.\d+)?$/.test(text)
      return [{ value: { name, path, text: bare && unit !== '' ? `${text} ${unit}` : text }, warning }]
    }),
  )
  const warnings = found.flatMap(({ value, warning }) => (warning === null ? [] : [`${value.name} ${warning}`]))
  return { values: found.map(({ value }) => value), warnings }
}
