/**
 * The two tokens of the HTTP interface: the configured ones, or made once and kept in the data folder.
 */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from './config/core.ts'
import { resolveSecret, Secret, type SecretRef } from './secrets.ts'

export interface Tokens {
  /** May read. */
  readonly viewer: Secret
  /** May read and change. */
  readonly operator: Secret
}

/** Reads or makes both; files are for their owner only. */
export async function openTokens(
  { http }: Config,
  dataFolder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Tokens> {
  const folder = join(dataFolder, 'tokens')
  const open = (ref: SecretRef | undefined, name: string): Promise<Secret> =>
    ref ? resolveSecret(ref, { env }) : keptToken(folder, name)
  const [viewer, operator] = await Promise.all([open(http.viewerToken, 'viewer'), open(http.operatorToken, 'operator')])
  return { viewer, operator }
}

async function keptToken(folder: string, name: string): Promise<Secret> {
  const file = join(folder, name)
  const kept = await readFile(file, 'utf8').catch(() => null)
  if (kept !== null && kept.trim() !== '') return new Secret(kept.trim())
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const token = randomBytes(24).toString('base64url')
  await writeFile(file, `${token}\n`, { mode: 0o600 })
  return new Secret(token)
}
