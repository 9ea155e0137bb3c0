/**
 * From raw values to the typed configuration, collecting every problem on the way instead of stopping at the first.
 */
import { accessSync, constants, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { maskUrl, parseSecretRef, Secret, type SecretRef } from '../secrets.ts'
import type { Problem } from './errors.ts'
import { nearest } from './nearest.ts'
import { isTable, showOrigin, type Layers, type Origin } from './origins.ts'
import { UNITS } from './readers.ts'
import { mustBeGiven, namedItem, type SchemaView } from './schema.ts'
import { camel } from './types.ts'

export interface DecodeOptions {
  readonly layers: Layers
  readonly env: Readonly<Record<string, string | undefined>>
  /** Relative paths that no file names start here. */
  readonly workingFolder: string
  readonly problems: Problem[]
  /** True for a required key that may be absent now; its value is then undefined. */
  readonly mayMiss: (key: string) => boolean
  /** Whether the variables and files that secrets refer to must be there now. */
  readonly secretsAreThere: boolean
}

/** Decodes the whole configuration. The value is only meaningful when no problem was added. */
export const decode = (schema: SchemaView, options: DecodeOptions): unknown =>
  new Decoder(options).decode(schema, options.layers.values, '')

class Decoder {
  readonly #options: DecodeOptions

  constructor(options: DecodeOptions) {
    this.#options = options
  }

  decode(schema: SchemaView, raw: unknown, path: string): unknown {
    const named = namedItem(schema)
    if (named !== null) return this.#named(named, raw ?? {}, path)
    if (schema.properties !== undefined) return this.#table(schema, raw ?? {}, path)
    if (schema.items !== undefined) return this.#list(schema, schema.items, raw, path)
    return schema['x-unit'] === undefined ? this.#plain(schema, raw, path) : this.#unit(schema, raw, path)
  }

  #table(schema: SchemaView, raw: unknown, path: string): unknown {
    if (!isTable(raw)) return this.#wrong(path, raw, 'a table')
    const properties = schema.properties ?? {}
    for (const key of Object.keys(raw)) {
      if (!Object.hasOwn(properties, key)) this.#unknown(join(path, key), nearest(key, Object.keys(properties)))
    }
    const entries = Object.entries(properties).flatMap(([key, inner]) => {
      const optional = schema.required?.includes(key) !== true
      const value = raw[key] ?? inner.default
      if (value !== undefined) return [[camel(key), this.decode(inner, value, join(path, key))]]
      if (optional) return []
      if (inner.properties === undefined && mustBeGiven(inner)) return this.#missing(inner, join(path, key))
      return [[camel(key), this.decode(inner, undefined, join(path, key))]]
    })
    return Object.fromEntries(entries)
  }

  #named(named: { pattern: string; item: SchemaView }, raw: unknown, path: string): unknown {
    if (!isTable(raw)) return this.#wrong(path, raw, `tables such as [${path}.NAME]`)
    const entries = Object.entries(raw).map(([name, value]) => {
      const inner = join(path, name)
      if (!new RegExp(named.pattern).test(name)) {
        this.#problem(
          inner,
          `the name "${name}" is not allowed`,
          'lower-case letters, digits and dashes, a letter first',
        )
      }
      return [name, this.decode(named.item, value, inner)]
    })
    return Object.fromEntries(entries)
  }

  #list(schema: SchemaView, items: SchemaView, raw: unknown, path: string): unknown {
    if (!Array.isArray(raw)) return this.#wrong(path, raw, expectation(schema))
    if (raw.length < (schema.minItems ?? 0)) this.#problem(path, 'too few items', expectation(schema))
    if (schema.uniqueItems === true && new Set(raw).size < raw.length) {
      this.#problem(path, 'an item is there twice', 'each item once')
    }
    return raw.map((item, index) => this.decode(items, item, join(path, String(index))))
  }

  #plain(schema: SchemaView, raw: unknown, path: string): unknown {
    // The view is the schema itself, seen untyped.
    const [error] = Errors(schema as TSchema, raw)
    if (error === undefined) return raw
    const words = schema.enum?.filter(word => typeof word === 'string') ?? []
    const near = typeof raw === 'string' ? nearest(raw, words) : null
    return this.#wrong(path, raw, expectation(schema), near)
  }

  #unit(schema: SchemaView, raw: unknown, path: string): unknown {
    const unit = schema['x-unit'] ?? 'path'
    if (unit === 'secret') return this.#secret(schema, raw, path)
    if (typeof raw !== 'string' || raw.length < (schema.minLength ?? 0))
      return this.#wrong(path, raw, expectation(schema))
    if (unit === 'url') return this.#url(schema, raw, path)
    if (unit === 'path') return this.#absolute(raw, path)
    const value = UNITS[unit].read(raw)
    return value ?? this.#wrong(path, raw, expectation(schema))
  }

  #secret(schema: SchemaView, raw: unknown, path: string): SecretRef | undefined {
    const { expected } = UNITS.secret
    const origin = this.#options.layers.originOf(path)
    const reference = typeof raw === 'string' ? parseSecretRef(raw) : null
    if (reference !== null) return this.#reachable(this.#anchored(reference, path), path)
    if (typeof raw === 'string' && origin.source === 'env') return { kind: 'env', name: origin.name }
    if (typeof raw === 'string' && schema['x-raw-keys'] === true && /^0x[0-9a-fA-F]{64}$/.test(raw)) {
      return { kind: 'literal', value: new Secret(raw) }
    }
    this.#problem(path, 'a secret must be named by a reference, never written here', expected)
    return undefined
  }

  #anchored(reference: SecretRef, path: string): SecretRef {
    if (reference.kind === 'env' || reference.kind === 'literal') return reference
    return { kind: reference.kind, path: this.#absolute(reference.path, path) }
  }

  /** The same reference, after a look at whether it leads anywhere. What a role that is off refers to may be missing. */
  #reachable(reference: SecretRef, path: string): SecretRef {
    const { secretsAreThere, mayMiss, env } = this.#options
    if (!secretsAreThere || mayMiss(path) || reference.kind === 'literal') return reference
    if (reference.kind === 'env') this.#fromEnv(reference.name, env, path)
    else if (!readable(reference.path)) this.#problem(path, `${reference.path} cannot be read`, null)
    return reference
  }

  #url(schema: SchemaView, raw: string, path: string): string | undefined {
    const reference = parseSecretRef(raw)
    const text = reference === null ? raw : this.#fetched(reference, path)
    if (text === null) return undefined
    const scheme = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : null
    const schemes = schema['x-schemes'] ?? []
    if (scheme === null || !schemes.includes(scheme)) {
      this.#problem(
        path,
        `${maskUrl(text) === '***' ? 'the text is no URL' : maskUrl(text)} is refused`,
        expectation(schema),
      )
      return undefined
    }
    const { source } = this.#options.layers.originOf(path)
    const exposed = reference === null && (source === 'file' || source === 'flag') && new URL(text).password !== ''
    if (exposed) this.#problem(path, 'a URL with a password must be named by a reference', '"env:NAME" or "file:PATH"')
    return text
  }

  #fetched(reference: SecretRef, path: string): string | null {
    if (reference.kind === 'env') return this.#fromEnv(reference.name, this.#options.env, path)
    if (reference.kind !== 'file') {
      this.#problem(path, `a URL cannot come from a ${reference.kind}`, UNITS.url.expected)
      return null
    }
    const file = this.#absolute(reference.path, path)
    try {
      return readFileSync(file, 'utf8').trim()
    } catch {
      this.#problem(path, `${file} cannot be read`, null)
      return null
    }
  }

  #fromEnv(name: string, env: DecodeOptions['env'], path: string): string | null {
    const value = env[name] ?? ''
    if (value === '') this.#problem(path, `the environment variable ${name} is not set`, null)
    return value === '' ? null : value
  }

  #absolute(text: string, path: string): string {
    const origin = this.#options.layers.originOf(path)
    return resolve(this.#options.workingFolder, origin.source === 'file' ? dirname(origin.file) : '.', text)
  }

  #unknown(path: string, near: string | null): void {
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('.')))
    this.#problem(path, 'unknown key', null, near === null ? null : join(parent, near))
  }

  #missing(schema: SchemaView, path: string): [] {
    if (!this.#options.mayMiss(path)) this.#problem(path, 'missing', expectation(schema))
    return []
  }

  #wrong(path: string, raw: unknown, expected: string, near: string | null = null): undefined {
    this.#problem(path, `${show(raw)} is refused`, expected, near)
    return undefined
  }

  #problem(key: string, text: string, expected: string | null, near: string | null = null): void {
    this.#options.problems.push(problemAt(this.#options.layers.originOf(key), key, text, expected, near))
  }
}

/** A problem with a key whose value came from `origin`. */
export function problemAt(
  origin: Origin,
  key: string,
  text: string,
  expected: string | null,
  near: string | null = null,
): Problem {
  const file = origin.source === 'file' ? origin.file : null
  const line = origin.source === 'file' ? origin.line : null
  const where = origin.source === 'default' ? '' : showOrigin(origin)
  return { key, where, file, line, text, expected, nearest: near }
}

/** What a schema accepts, in words that complete "expected …". */
export function expectation(schema: SchemaView): string {
  if (schema['x-unit'] === 'url')
    return `a URL (${(schema['x-schemes'] ?? []).join(', ')}), or "env:NAME" or "file:PATH" that holds one`
  if (schema['x-unit'] !== undefined) return UNITS[schema['x-unit']].expected
  const words = schema.enum ?? schema.anyOf?.flatMap(choice => (choice.const === undefined ? [] : [choice.const]))
  if (words !== undefined && words.length > 0) return `one of ${words.map(word => JSON.stringify(word)).join(', ')}`
  if (schema.items !== undefined) {
    return `a list${(schema.minItems ?? 0) > 0 ? ` of at least ${schema.minItems}` : ''}, each ${expectation(schema.items)}`
  }
  const step = schema.multipleOf === undefined ? '' : ` in steps of ${schema.multipleOf}`
  if (schema.type === 'integer') return `a whole number${range(schema)}${step}`
  if (schema.type === 'number') return `a number${range(schema)}`
  if (schema.type === 'boolean') return 'true or false'
  if (schema.type === 'string') return schema.pattern === undefined ? 'text' : `text that matches ${schema.pattern}`
  return 'another value'
}

function range({ minimum, maximum }: SchemaView): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` of at least ${minimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}

function show(raw: unknown): string {
  if (raw instanceof Date) return 'a date'
  if (Array.isArray(raw)) return 'a list'
  if (isTable(raw)) return 'a table'
  const text = typeof raw === 'string' ? JSON.stringify(withoutCredentials(raw)) : String(raw)
  return text.length > 80 ? `${text.slice(0, 77)}…` : text
}

/** Also where no URL belongs, one may have been written that holds a password or an API key. */
const withoutCredentials = (text: string): string => text.replaceAll(/\w[\w+.-]*:\/\/\S+/g, maskUrl)

function readable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK)
    return true
  } catch {
    return false
  }
}

const join = (path: string, key: string): string => (path === '' ? key : `${path}.${key}`)
