/**
 * The fields a section of the configuration is made of. Each is a plain TypeBox schema of the text in the file; the
 * extension keywords say how it is read:
 *
 * `x-unit`: which reader turns the text into the value. `x-reload`: nothing keeps it for longer than a task, so
 * that a change would need no restart; none is read yet while the daemon runs.
 * `x-env-aliases`: environment names of a predecessor that are accepted for this key (EnvAlias). `x-env-tables`: such names
 * for keys of the named table that this key names.
 */
import { Type, type TObject, type TProperties, type TRecord, type TSchema, type TUnsafe } from 'typebox'
import type { SecretRef } from '../secrets.ts'
import { UNITS, type Unit } from './readers.ts'

/**
 * A predecessor's environment name; with `unit`, a bare number there means that unit (`gwei`, `s`); with `warning`, this
 * is said when it is used.
 */
export type EnvAlias = string | { readonly name: string; readonly unit?: string; readonly warning?: string }

/**
 * A predecessor's environment name for a key of a named table. `values` says what the texts there mean, others mean
 * nothing; `sameAs` takes the value of a key of the role's section. What is only concluded like this gives way to
 * anything that was said.
 */
export type TableAlias =
  | string
  | { readonly name: string; readonly values: Readonly<Record<string, string>> }
  | { readonly name: string; readonly sameAs: string }

export interface FieldOptions {
  /** What the key does, for the reference and editors. One or two sentences. */
  readonly description: string
  readonly 'x-reload'?: boolean
  readonly 'x-env-aliases'?: readonly EnvAlias[]
  /** A literal key is let through to the cross-checks, which accept it on development chains only. */
  readonly 'x-raw-keys'?: boolean
  readonly examples?: readonly unknown[]
  /** Set in the example file although it may be left out: the usual one of several ways. */
  readonly 'x-usual'?: boolean
}

/** With a default the key is never required; without one it is, unless wrapped in `Type.Optional`. */
export interface TextOptions extends FieldOptions {
  readonly default?: string
}

const text = <T>(unit: Unit, options: TextOptions, more: Record<string, unknown> = {}): TUnsafe<T> =>
  Type.Unsafe<T>({
    type: 'string',
    'x-unit': unit,
    ...(UNITS[unit].pattern && { pattern: UNITS[unit].pattern }),
    ...more,
    ...options,
  })

/** Text such as `"10m"`, `"1h30m"`, `"500ms"`; the value is milliseconds. */
export const Duration = (options: TextOptions): TUnsafe<number> => text('duration', options)

/** Text such as `"17 3 * * *"`: times in UTC as cron writes them. The value is the text. */
export const CronTimes = (options: TextOptions): TUnsafe<string> => text('cron', options)

/** Text such as `"1 MiB"`; the value is bytes. */
export const Size = (options: TextOptions): TUnsafe<number> => text('size', options)

/** Text such as `"0.5 ether"`, `"20 gwei"`, `"0"`; the value is wei. */
export const Wei = (options: TextOptions): TUnsafe<bigint> => text('wei', options)

/** `0x` and 40 hex digits; a mixed-case address must carry a right checksum. The value is as written. */
export const Address = (options: TextOptions): TUnsafe<`0x${string}`> => text('address', options)

/** `env:NAME`, `file:PATH` or `keystore:PATH`; the value is the reference, fetched with `resolveSecret`. */
export const SecretReference = (options: FieldOptions): TUnsafe<SecretRef> => text('secret', options)

/**
 * A URL, or `env:NAME` / `file:PATH` that holds one: resolved when the configuration is loaded. The value is the plain
 * URL, which may carry credentials: pass it through `maskUrl` before it is shown. `schemes` without colon.
 */
export const Url = (options: TextOptions & { readonly schemes: readonly string[] }): TUnsafe<string> => {
  const { schemes, ...rest } = options
  return text('url', rest, { 'x-schemes': schemes })
}

/** A path, relative to the folder of the configuration file (or the working folder). The value is absolute. */
export const Path = (options: TextOptions): TUnsafe<string> => text('path', options, { minLength: 1 })

export interface NameOptions extends TextOptions {
  /** By key of the named table. */
  readonly 'x-env-tables'?: Readonly<Record<string, readonly TableAlias[]>>
}

/** The NAME of a `[chains.NAME]` or `[accounts.NAME]` table; that it is there is checked when the role runs. */
export const NameOf = (table: 'chains' | 'accounts', options: NameOptions): TUnsafe<string> =>
  Type.Unsafe<string>({ type: 'string', minLength: 1, 'x-table': table, ...options })

/** One of a closed list of words. */
export const OneOf = <const W extends readonly string[]>(
  words: W,
  options: FieldOptions & { readonly default?: W[number] },
): TUnsafe<W[number]> => Type.Unsafe<W[number]>({ type: 'string', enum: [...words], ...options })

/** A section: unknown keys are refused. */
export const Section = <P extends TProperties>(properties: P, options: { readonly description: string }): TObject<P> =>
  Type.Object(properties, { additionalProperties: false, ...options })

/** Names of tables such as `[chains.NAME]`. */
export const NAME_PATTERN = '^[a-z][a-z0-9-]{0,30}$'

/** Named tables of one kind: `[chains.main]`, `[chains.side]`. */
export const Named = <S extends TSchema>(item: S, options: { readonly description: string }): TRecord<string, S> =>
  Type.Record(Type.String({ pattern: NAME_PATTERN }), item, { additionalProperties: false, ...options })
