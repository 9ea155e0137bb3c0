/**
 * The daemon's own keys: read once, kept in memory, handed only to the lane that signs with them.
 */
import { privateKeyToAccount, type PrivateKeyAccount } from 'viem/accounts'
import type { AccountConfig } from './config/core.ts'
import { OperatorError } from './errors.ts'
import { resolveSecret } from './secrets.ts'

export class KeyMalformedError extends OperatorError {
  readonly code = 'CFG_008'
  readonly severity = 'fatal'
  readonly hint = 'A private key is 0x and 64 hex digits; correct what the reference names.'
}

/** Reads the keys of all accounts, by name. Throws errors that name the account and never the key. */
export async function openSigners(
  accounts: Readonly<Record<string, AccountConfig>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, PrivateKeyAccount>> {
  const opened = await Promise.all(
    Object.entries(accounts).map(async ([name, account]) => [name, await openSigner(name, account, env)] as const),
  )
  return new Map(opened)
}

async function openSigner(
  name: string,
  { key, password }: AccountConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<PrivateKeyAccount> {
  const secret = await resolveSecret(key, { env, ...(password && { password }) })
  const text = secret.reveal().trim()
  if (!/^0x[0-9a-fA-F]{64}$/.test(text)) throw new KeyMalformedError(`the key of accounts.${name} is malformed`)
  return privateKeyToAccount(text as `0x${string}`) // just matched
}
