/**
 * Environment names of a predecessor for keys of named tables: the finalizer's FINALIZER_PRIVATE_KEY is the key of the
 * account that `finalizer.account` names. They are read last, when it is known which tables are named; our own names and
 * flags win nevertheless.
 */
import { PREFIX, type Environment } from './env.ts'
import type { TableAlias } from './fields.ts'
import { isTable, type Layers, type Origin } from './origins.ts'
import { fieldsOf, schemaAt, view, type RoleSection, type SchemaView } from './schema.ts'
import { fromText } from './text.ts'

/** Adds what `env` says by the aliases of the sections of `roles` to the layers. Empty variables count as not set. */
export function addTableAliases(
  layers: Layers,
  schema: SchemaView,
  roles: readonly RoleSection[],
  env: Environment,
): void {
  for (const { name: role, schema: section } of roles) {
    for (const { path, schema: field } of fieldsOf(view(section))) {
      const table = field['x-table']
      const named = valueAt(layers, [role, ...path]) ?? field.default
      if (table === undefined || typeof named !== 'string') continue
      for (const [key, aliases] of Object.entries(field['x-env-tables'] ?? {}))
        for (const alias of aliases) add(layers, schema, [table, named, key], alias, { role, section, env })
    }
  }
}

interface Source {
  readonly role: string
  readonly section: RoleSection['schema']
  readonly env: Environment
}

function add(layers: Layers, schema: SchemaView, path: readonly string[], alias: TableAlias, source: Source): void {
  const name = typeof alias === 'string' ? alias : alias.name
  const text = source.env[name]
  if (text === undefined || text === '') return
  const meant = meaning(layers, alias, text, source)
  const mayBeSet = typeof alias === 'string' ? isWeaker(layers.originOf(path.join('.'))) : !valueAt(layers, path)
  if (meant === null || !mayBeSet) return
  layers.set(path, fromText(schemaAt(schema, path), meant), { source: 'env', name })
}

/** The text the key shall have; null when the variable says nothing of it. */
function meaning(layers: Layers, alias: TableAlias, text: string, { role, section }: Source): string | null {
  if (typeof alias === 'string') return text
  if ('values' in alias) return alias.values[text] ?? null
  const same = valueAt(layers, [role, alias.sameAs]) ?? schemaAt(view(section), [alias.sameAs])?.default
  return typeof same === 'string' ? same : null
}

/** A predecessor's name wins over the file, and gives way to a flag and to our own name for the same key. */
const isWeaker = (origin: Origin): boolean =>
  origin.source !== 'flag' && !(origin.source === 'env' && origin.name.startsWith(PREFIX))

function valueAt(layers: Layers, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => (isTable(value) ? value[key] : undefined), layers.values)
}
