/**
 * Writes a configuration file with every key and its description. Keys with a default are commented out; keys that must
 * be given have an example.
 */
import { stringify } from 'smol-toml'
import type { Unit } from './readers.ts'
import { mustBeGiven, namedItem, view, compose, type RoleSection, type SchemaView } from './schema.ts'

/** The names the example gives to named tables; they are those the roles' defaults refer to. */
const NAMES: Readonly<Record<string, string>> = { chains: 'local', accounts: 'forger', roles: 'forger' }

/** TOML text with all keys of the core and of `roles`; loads as it is when the variables it refers to are set. */
export function exampleToml(roles: readonly RoleSection[]): string {
  const head = [
    '# Configuration of Forgekeeper. Every key is here; those with a default are commented out, showing it.',
    '# Defaults < this file < environment (FORGEKEEPER_HTTP_PORT) < flags (--set http.port=8421).',
    '# Durations, sizes and amounts have units. Secrets are references: env:NAME, file:PATH, keystore:PATH.',
  ]
  return `${[...head, ...tableLines(view(compose(roles)), [])].join('\n')}\n`
}

function tableLines(schema: SchemaView, path: readonly string[]): string[] {
  const entries = Object.entries(schema.properties ?? {})
  const required = new Set(schema.required)
  const fields = entries.filter(([, inner]) => !isTable(inner))
  const tables = entries.filter(([, inner]) => isTable(inner))
  const lines = fields.flatMap(([key, inner]) => fieldLines(key, inner, required.has(key)))
  return [...lines, ...tables.flatMap(([key, inner]) => headed(inner, [...path, key]))]
}

function headed(schema: SchemaView, path: readonly string[]): string[] {
  const named = namedItem(schema)
  if (named === null) return ['', ...comment(schema.description), `[${path.join('.')}]`, ...tableLines(schema, path)]
  const inner = [...path, NAMES[path.at(-1) ?? ''] ?? 'name']
  return ['', ...comment(schema.description), `[${inner.join('.')}]`, ...tableLines(named.item, inner)]
}

function fieldLines(key: string, schema: SchemaView, required: boolean): string[] {
  const mark = (required && mustBeGiven(schema)) || schema['x-usual'] === true ? '' : '# '
  return [...comment(schema.description), `${mark}${stringify({ [key]: sample(schema) }).trim()}`]
}

/** A value the field accepts: its default, its first example, or one made from what it says about itself. */
function sample(schema: SchemaView): unknown {
  if (schema.default !== undefined) return schema.default
  if (schema.examples?.[0] !== undefined) return schema.examples[0]
  if (schema.items !== undefined) return [sample(schema.items)]
  if (schema.type === 'integer' || schema.type === 'number') return schema.minimum ?? 0
  if (schema.type === 'boolean') return false
  return text(schema)
}

const TEXTS: Readonly<Record<Unit, string>> = {
  address: `0x${'0'.repeat(38)}01`,
  url: '127.0.0.1:3000',
  secret: 'env:NAME',
  cron: '*/10 * * * *',
  duration: '10m',
  size: '1 MiB',
  wei: '20 gwei',
  path: 'folder',
}

function text(schema: SchemaView): string {
  const unit = schema['x-unit']
  if (unit === undefined) return typeof schema.enum?.[0] === 'string' ? schema.enum[0] : ''
  return unit === 'url' ? `${schema['x-schemes']?.[0] ?? 'http'}://${TEXTS.url}` : TEXTS[unit]
}

const isTable = (schema: SchemaView): boolean => schema.properties !== undefined || namedItem(schema) !== null

function comment(description: string | undefined): string[] {
  const lines: string[] = []
  let line = '#'
  for (const word of (description ?? '').split(/\s+/)) {
    if (line.length + word.length > 100) {
      lines.push(line)
      line = '#'
    }
    line += ` ${word}`
  }
  return [...lines, line]
}
