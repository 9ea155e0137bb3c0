/**
 * Loads the configuration: defaults < file (TOML) < environment < flags. All problems are reported at once.
 */
import { readFile } from 'node:fs/promises'
import { relative } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { DEFAULT_ROLES, type Config } from './core.ts'
import { decode, problemAt } from './decode.ts'
import { readEnv } from './env.ts'
import { ConfigError, ConfigFileError, ConfigSyntaxError, type Problem } from './errors.ts'
import { nearest } from './nearest.ts'
import { isTable, Layers, type Origin } from './origins.ts'
import { crossCheck } from './rules.ts'
import { compose, fieldsOf, schemaAt, view, type RoleSection, type SchemaView } from './schema.ts'
import { addTableAliases } from './table-aliases.ts'
import { fromText } from './text.ts'
import { tomlLines } from './toml-lines.ts'

/** One `--set KEY=VALUE`, or a named flag that stands for one; `flag` is how the user wrote it. */
export interface FlagValue {
  readonly key: string
  readonly text: string
  readonly flag: string
}

export interface LoadOptions {
  /** The TOML file; null for none. */
  readonly file: string | null
  readonly env: Readonly<Record<string, string | undefined>>
  readonly flags: readonly FlagValue[]
  /** The sections of all roles there are, enabled or not. */
  readonly roles: readonly RoleSection[]
  /** Relative paths outside the file start here. */
  readonly workingFolder: string
  /** The daemon brings a chain named `local` of its own, and what roles need on it comes later, as `base`. */
  readonly demo: boolean
  /** Whether every variable and file that a secret refers to must be there; unless said, that is left to its user. */
  readonly needSecrets?: boolean
  /** Whether environment names of predecessors are read; unless said, only outside the demo, which brings its own. */
  readonly oldNames?: boolean
  /** Values by dotted key, stronger than defaults and weaker than the file; what `--demo` has set up. */
  readonly base?: ReadonlyMap<string, unknown>
}

export interface Loaded {
  readonly config: Config
  /** The decoded section of every role, by role name. The role's schema says its type (`Decoded<typeof schema>`). */
  readonly sections: ReadonlyMap<string, unknown>
  /** Things to tell the operator that refuse nothing. */
  readonly warnings: readonly string[]
  readonly file: string | null
  /** For `config print`: the raw values and where each came from. */
  readonly layers: Layers
  readonly schema: SchemaView
  /** What it was loaded with: load again with these and `base` once the demo is set up. */
  readonly options: LoadOptions
}

/** Throws ConfigError with all problems, ConfigSyntaxError or ConfigFileError. */
export async function loadConfig(options: LoadOptions): Promise<Loaded> {
  const schema = view(compose(options.roles))
  const layers = new Layers()
  const problems: Problem[] = []
  for (const [key, raw] of options.base ?? []) layers.set(key.split('.'), raw, { source: 'base' })
  if (options.file !== null) await addFile(layers, options.file, options.workingFolder)
  const { oldNames = !options.demo } = options
  const env = readEnv(schema, options.env, oldNames)
  for (const { name, path, text } of env.values) {
    layers.set(path, fromText(schemaAt(schema, path), text), { source: 'env', name })
  }
  for (const flag of options.flags) addFlag(layers, schema, flag, problems)
  if (oldNames) addTableAliases(layers, schema, options.roles.filter(runs(layers)), options.env)
  const { workingFolder } = options
  const mayMiss = (key: string): boolean => excused(key, layers, options)
  const { needSecrets: secretsAreThere = false } = options
  const value = decode(schema, { layers, env: options.env, workingFolder, problems, mayMiss, secretsAreThere })
  // `decode` answers the value of `compose(roles)`, whose core part is `core`, except where it added problems.
  const config = value as Config
  const all = value as Readonly<Record<string, unknown>>
  const wrong = problems.map(problem => problem.key)
  problems.push(...crossCheck(config, all, layers, wrong, options))
  if (problems.length > 0) throw new ConfigError(problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0)))
  const sections = new Map(options.roles.map(({ name }) => [name, all[name]]))
  return { config, sections, warnings: env.warnings, file: options.file, layers, schema, options }
}

/** What a role needs is only asked for when the role runs, and in the demo only after the demo is set up. */
function excused(key: string, layers: Layers, { roles, demo, base }: LoadOptions): boolean {
  const role = roles.find(({ name }) => name === key.split('.')[0])
  if (role === undefined) return false
  return !runs(layers)(role) || (demo && base === undefined)
}

/** Tells whether a role is enabled, as far as the layers say. */
function runs(layers: Layers): (role: RoleSection) => boolean {
  const section = layers.values['roles']
  const enabled: unknown = isTable(section) ? section['enabled'] : undefined
  return ({ name }) => (Array.isArray(enabled) ? enabled.includes(name) : DEFAULT_ROLES.includes(name))
}

async function addFile(layers: Layers, file: string, workingFolder: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new ConfigFileError(file, error)
  })
  const lines = tomlLines(text)
  const shown = relative(workingFolder, file)
  const name = shown.startsWith('..') ? file : shown
  for (const [key, value] of Object.entries(parseToml(name, text))) {
    addValue(layers, [key], value, { source: 'file', file: name, line: lines.get(key) ?? null })
  }
  for (const [path, line] of lines) layers.note(path, { source: 'file', file: name, line })
}

/** Key by key, so that a table of the file and one of a weaker source become one. */
function addValue(layers: Layers, path: readonly string[], value: unknown, origin: Origin): void {
  const inner = isTable(value) ? Object.entries(value) : []
  if (inner.length === 0) return layers.set(path, value, origin)
  for (const [key, one] of inner) addValue(layers, [...path, key], one, origin)
}

function parseToml(file: string, text: string): Record<string, unknown> {
  try {
    return parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = error.message.split('\n')[0] ?? ''
    throw new ConfigSyntaxError(file, error.line, error.column, reason.replace(/^Invalid TOML document: /, ''))
  }
}

function addFlag(layers: Layers, schema: SchemaView, flagValue: FlagValue, problems: Problem[]): void {
  const { key, flag } = flagValue
  const path = key.split('.')
  const target = schemaAt(schema, path)
  const origin = { source: 'flag', flag } as const
  if (target === null || isTable(target.properties)) {
    const known = fieldsOf(schema).map(field => field.path.join('.'))
    const text = target === null ? 'unknown key' : 'a whole table cannot be set'
    problems.push(problemAt(origin, key, text, null, nearest(key, known)))
    return
  }
  layers.set(path, fromText(target, flagValue.text), origin)
}
