/**
 * Reading schemas: what kind a field is, the fields below a section, and the one schema of core and roles together.
 */
import { Type, type TObject, type TSchema } from 'typebox'
import { core } from './core.ts'
import type { EnvAlias, TableAlias } from './fields.ts'
import type { Unit } from './readers.ts'

/** The keywords this loader reads, seen untyped. */
export interface SchemaView {
  readonly type?: string
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly SchemaView[]
  readonly const?: unknown
  readonly items?: SchemaView
  readonly minimum?: number
  readonly maximum?: number
  readonly multipleOf?: number
  readonly minItems?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly uniqueItems?: boolean
  readonly properties?: Readonly<Record<string, SchemaView>>
  readonly patternProperties?: Readonly<Record<string, SchemaView>>
  readonly required?: readonly string[]
  readonly examples?: readonly unknown[]
  readonly 'x-unit'?: Unit
  readonly 'x-schemes'?: readonly string[]
  readonly 'x-reload'?: boolean
  readonly 'x-raw-keys'?: boolean
  readonly 'x-usual'?: boolean
  readonly 'x-table'?: 'chains' | 'accounts'
  readonly 'x-env-aliases'?: readonly EnvAlias[]
  readonly 'x-env-tables'?: Readonly<Record<string, readonly TableAlias[]>>
}

/** A role's section of the configuration: `name` is the table `[name]`. */
export interface RoleSection {
  readonly name: string
  readonly schema: TSchema
}

/** A field as found below a schema; `*` in the path stands for the NAME of a named table. */
export interface Field {
  readonly path: readonly string[]
  readonly schema: SchemaView
  readonly required: boolean
}

// Every TypeBox schema is a JSON Schema object; the view only makes its keywords visible.
export const view = (schema: TSchema): SchemaView => schema

/** The schema of every item of named tables, with the pattern their names must match; null for other schemas. */
export function namedItem(schema: SchemaView): { readonly pattern: string; readonly item: SchemaView } | null {
  const [entry] = Object.entries(schema.patternProperties ?? {})
  return entry === undefined ? null : { pattern: entry[0], item: entry[1] }
}

/** One schema for the core and the sections of `roles`. Throws on two sections of one name: a bug, not a user's error. */
export function compose(roles: readonly RoleSection[]): TObject {
  const properties: Record<string, TSchema> = { ...core.properties }
  for (const { name, schema } of roles) {
    if (name in properties) throw new Error(`two sections of the configuration are named ${name}`)
    properties[name] = schema
  }
  return Type.Object(properties, { additionalProperties: false, title: 'Forgekeeper configuration' })
}

/** All fields (not tables) below `schema`, in order of declaration. */
export function fieldsOf(schema: SchemaView, path: readonly string[] = [], required = true): Field[] {
  const named = namedItem(schema)
  if (named !== null) return fieldsOf(named.item, [...path, '*'])
  if (schema.properties === undefined) return [{ path, schema, required }]
  return Object.entries(schema.properties).flatMap(([key, inner]) =>
    fieldsOf(inner, [...path, key], schema.required?.includes(key) === true && inner.default === undefined),
  )
}

/** The schema at a path of plain keys, or null when there is none. */
export function schemaAt(schema: SchemaView, path: readonly string[]): SchemaView | null {
  const [key, ...rest] = path
  if (key === undefined) return schema
  const own = Object.hasOwn(schema.properties ?? {}, key) ? schema.properties?.[key] : undefined
  const inner = own ?? namedItem(schema)?.item ?? (/^\d+$/.test(key) ? schema.items : undefined)
  return inner === undefined ? null : schemaAt(inner, rest)
}

/** The schema as published for editors: keys with a default are not required, tables may be left out. */
export function published(roles: readonly RoleSection[]): Record<string, unknown> {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...(relax(structuredClone(view(compose(roles)))) as Record<string, unknown>),
  }
}

function relax(schema: SchemaView): unknown {
  const copy: Record<string, unknown> = { ...schema }
  if (schema.properties !== undefined) {
    const inner = Object.entries(schema.properties)
    copy['properties'] = Object.fromEntries(inner.map(([key, value]) => [key, relax(value)]))
    copy['required'] = (schema.required ?? []).filter(key => mustBeGiven(schema.properties?.[key]))
  }
  const named = namedItem(schema)
  if (named !== null) copy['patternProperties'] = { [named.pattern]: relax(named.item) }
  if (schema.items !== undefined) copy['items'] = relax(schema.items)
  return copy
}

/** True for a key without which the configuration is refused. */
export function mustBeGiven(schema: SchemaView | undefined): boolean {
  if (schema === undefined || schema.default !== undefined || namedItem(schema) !== null) return false
  if (schema.properties === undefined) return true
  return (schema.required ?? []).some(key => mustBeGiven(schema.properties?.[key]))
}
