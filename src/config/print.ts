/**
 * The configuration as it may be shown: every key in effect, with its source, secrets and URL credentials masked.
 */
import { maskUrl, parseSecretRef } from '../secrets.ts'
import type { Loaded } from './load.ts'
import { showOrigin } from './origins.ts'
import { namedItem, type SchemaView } from './schema.ts'

export interface Entry {
  /** Dotted, as in the file. */
  readonly key: string
  /** As TOML would write it; secrets are references or `***`. */
  readonly value: string
  /** `default`, `config.toml:12`, `env NAME`, `flag --set`. */
  readonly origin: string
}

/** Every key that has a value, in the order of the schema. */
export const entriesOf = (loaded: Loaded): Entry[] => walk(loaded, loaded.schema, loaded.layers.values, [])

function walk(loaded: Loaded, schema: SchemaView, raw: unknown, path: readonly string[]): Entry[] {
  const named = namedItem(schema)
  // A loaded configuration has passed the decoder: below a table's schema there is a table.
  const table = (raw ?? {}) as Readonly<Record<string, unknown>>
  if (named !== null) {
    return Object.entries(table).flatMap(([name, inner]) => walk(loaded, named.item, inner, [...path, name]))
  }
  if (schema.properties !== undefined) {
    return Object.entries(schema.properties).flatMap(([key, inner]) => walk(loaded, inner, table[key], [...path, key]))
  }
  const value = raw ?? schema.default
  if (value === undefined) return []
  const key = path.join('.')
  const origin = raw === undefined ? 'default' : showOrigin(loaded.layers.originOf(key))
  return [{ key, value: show(schema, value), origin }]
}

function show(schema: SchemaView, value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(item => show(schema.items ?? {}, item)).join(', ')}]`
  return JSON.stringify(typeof value === 'string' ? mask(schema, value) : value)
}

function mask(schema: SchemaView, text: string): string {
  const unit = schema['x-unit']
  if (unit !== 'secret' && unit !== 'url') return text
  if (parseSecretRef(text) !== null) return text
  return unit === 'secret' ? '***' : maskUrl(text)
}
