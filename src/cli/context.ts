/**
 * What every command shares: the options that all of them take, finding and loading the configuration, and printing a
 * result for people or as JSON.
 */
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { ConfigFileError } from '../config/errors.ts'
import type { FlagValue, Loaded } from '../config/load.ts'
import type { Io } from './io.ts'
import { UsageError } from './errors.ts'

/** Options of every command. */
export interface GlobalOptions {
  readonly json?: boolean
  readonly config?: string
  readonly envFile?: string
  readonly set?: readonly string[]
  readonly dataFolder?: string
}

/** Prints the value as JSON with `--json`, else the text made for people. */
export function show(io: Io, options: GlobalOptions, value: unknown, text: () => string): void {
  io.out(options.json === true ? toJson(value) : text())
}

/** JSON on one line; big integers as decimal strings. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner))

/** `--set KEY=VALUE` and the named flags that stand for one. */
export function flagsOf(options: GlobalOptions, named: Readonly<Record<string, string | undefined>> = {}): FlagValue[] {
  const sets = (options.set ?? []).map(text => {
    const equals = text.indexOf('=')
    if (equals < 1) throw new UsageError(`--set ${text}: KEY=VALUE is expected`)
    return { key: text.slice(0, equals), text: text.slice(equals + 1), flag: '--set' }
  })
  const all = { data_folder: options.dataFolder, ...named }
  const others = Object.entries(all).flatMap(([key, text]) =>
    text === undefined ? [] : [{ key, text, flag: FLAG_NAMES[key] ?? '--set' }],
  )
  return [...sets, ...others]
}

const FLAG_NAMES: Readonly<Record<string, string>> = {
  data_folder: '--data-folder',
  'log.level': '--log-level',
  'log.format': '--log-format',
  'http.host': '--host',
  'http.port': '--port',
  'roles.enabled': '--roles',
}

export interface LoadRequest {
  readonly options: GlobalOptions
  readonly flags: readonly FlagValue[]
  /** Ask for no more than the demo needs: chains, contracts and provers come with it. */
  readonly demo: boolean
  /** Read environment names of predecessors; unless said, only outside the demo. */
  readonly oldNames?: boolean
  /** Report secrets that are not there with all other problems. */
  readonly needSecrets?: boolean
  /** Use ./config.toml when it is there and no file is named. */
  readonly usualFile: boolean
}

/**
 * Loads the configuration as the daemon would: `--config`, FORGEKEEPER_CONFIG, or ./config.toml when it is there (not
 * in the demo, which needs no file). Throws the errors of `loadConfig`.
 */
export async function load(io: Io, { options, flags, usualFile, ...how }: LoadRequest): Promise<Loaded> {
  const { loadConfig } = await import('../config/load.ts')
  const { findRoleSections } = await import('../config/sections.ts')
  return loadConfig({
    file: configFile(io, options, usualFile),
    env: environment(io, options),
    flags,
    roles: await findRoleSections(),
    workingFolder: io.cwd,
    ...how,
  })
}

/** The environment, over the variables of `--env-file`. */
export function environment(io: Io, options: GlobalOptions): Readonly<Record<string, string | undefined>> {
  const named = options.envFile ?? io.env['FORGEKEEPER_ENV_FILE']
  if (named === undefined) return io.env
  const file = resolve(io.cwd, named)
  try {
    return { ...parseEnv(readFileSync(file, 'utf8')), ...io.env }
  } catch (error) {
    throw new ConfigFileError(file, error)
  }
}

function configFile(io: Io, options: GlobalOptions, usualFile: boolean): string | null {
  const named = options.config ?? io.env['FORGEKEEPER_CONFIG']
  if (named !== undefined) return resolve(io.cwd, named)
  const usual = resolve(io.cwd, 'config.toml')
  return usualFile && existsSync(usual) ? usual : null
}
