/**
 * Secrets stay out of sight: a reference says where one is, a Secret carries it without ever printing it, and a masked
 * URL can be shown to anybody. No other file reads a key or a password.
 */
import { inspect } from 'node:util'
import { readFile } from 'node:fs/promises'
import { OperatorError } from './errors.ts'
import { KeystoreError, readKeystore } from './keystore.ts'

/** A value that must not be seen. Only `reveal` gives it out; text, JSON and inspection show `***`. */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  reveal(): string {
    return this.#value
  }

  toString(): string {
    return '***'
  }

  toJSON(): string {
    return '***'
  }

  [inspect.custom](): string {
    return 'Secret(***)'
  }
}

/** Where a secret is. `literal` exists for development keys only; the configuration refuses it elsewhere. */
export type SecretRef =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'keystore'; readonly path: string }
  | { readonly kind: 'literal'; readonly value: Secret }

/** A secret that cannot be had: the variable is not set or the file cannot be read. */
export class SecretError extends OperatorError {
  readonly code = 'CFG_004'
  readonly severity = 'fatal'
  readonly hint = 'Set the variable, or create the file (mode 0600) that the reference names.'
}

/** Reads `env:NAME`, `file:PATH` or `keystore:PATH`; null for any other text. */
export function parseSecretRef(text: string): SecretRef | null {
  const match = /^(env|file|keystore):(.+)$/s.exec(text)
  if (match === null) return null
  const [, kind, rest = ''] = match
  if (kind === 'env') return /^[A-Za-z_][A-Za-z0-9_]*$/.test(rest) ? { kind, name: rest } : null
  return kind === 'file' ? { kind, path: rest } : { kind: 'keystore', path: rest }
}

/** The reference as it may be shown. */
export function showSecretRef(ref: SecretRef): string {
  if (ref.kind === 'env') return `env:${ref.name}`
  return ref.kind === 'literal' ? '***' : `${ref.kind}:${ref.path}`
}

export interface ResolveOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The keystore's password; required for `keystore:`. */
  readonly password?: SecretRef
}

/**
 * Fetches the secret. Files lose one trailing line break; keystores answer the private key as `0x` and 64 hex digits.
 * Throws SecretError or KeystoreError, both without the secret in their text.
 */
export async function resolveSecret(ref: SecretRef, options: ResolveOptions): Promise<Secret> {
  switch (ref.kind) {
    case 'literal':
      return ref.value
    case 'env':
      return fromEnv(ref.name, options.env)
    case 'file':
      return new Secret((await readSecretFile(ref.path)).replace(/\r?\n$/, ''))
    case 'keystore':
      return fromKeystore(ref.path, options)
  }
}

function fromEnv(name: string, env: ResolveOptions['env']): Secret {
  const value = env[name]
  if (value === undefined || value === '') {
    throw new SecretError(`the environment variable ${name} is not set`, { facts: { name } })
  }
  return new Secret(value)
}

async function readSecretFile(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new SecretError(`${path} cannot be read`, { cause: error, facts: { path } })
  }
}

async function fromKeystore(path: string, options: ResolveOptions): Promise<Secret> {
  if (options.password === undefined) throw new KeystoreError(`${path}: no password is configured`, { facts: { path } })
  const password = await resolveSecret(options.password, { env: options.env })
  const text = await readSecretFile(path)
  return new Secret(await readKeystore(path, text, password.reveal()))
}

const longWord = /^[A-Za-z0-9_-]{20,}$/

/** A URL that can be shown: user, password, query values, fragments and long path words are `***`. */
export function maskUrl(url: string): string {
  if (!URL.canParse(url)) return '***'
  const parsed = new URL(url)
  const credentials = parsed.username === '' && parsed.password === '' ? '' : '***@'
  const path = parsed.pathname
    .split('/')
    .map(word => (longWord.test(word) ? '***' : word))
    .join('/')
  const query = [...parsed.searchParams.keys()].map(key => `${key}=***`).join('&')
  const shownPath = path === '/' && query === '' ? '' : path
  return `${parsed.protocol}//${credentials}${parsed.host}${shownPath}${query === '' ? '' : `?${query}`}`
}
