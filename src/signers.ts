/**
 * Who signs for the configured accounts: keys of this process (read once, kept in memory), a remote signer, or a KMS.
 * Nothing is asked of the latter two here: a signer that is down is waited out by the lane, not by the boot.
 */
import type { AccountConfig } from './config/core.ts'
import { resolveSecret } from './secrets.ts'
import type { AccountSigner } from './signers/account.ts'
import { awsKms } from './signers/aws-kms.ts'
import { SharedAccountError, SignerKeyError } from './signers/errors.ts'
import { kmsSigner } from './signers/kms.ts'
import { localSigner } from './signers/local.ts'
import { remoteSigner } from './signers/remote.ts'

const REMOTE_TIMEOUT_MS = 10_000

/** The signers of all accounts, by name. Throws errors that name the account and never the key. */
export async function openSigners(
  accounts: Readonly<Record<string, AccountConfig>>,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, AccountSigner>> {
  const opened = await Promise.all(
    Object.entries(accounts).map(async ([name, account]) => [name, await openSigner(name, account, env)] as const),
  )
  const signers = new Map(opened)
  refuseShared(accounts, signers)
  return signers
}

/** A nonce belongs to a chain and an address, and so does the lane that gives it out. */
function refuseShared(
  accounts: Readonly<Record<string, AccountConfig>>,
  signers: ReadonlyMap<string, AccountSigner>,
): void {
  const holders = new Map<string, string>()
  for (const [name, { address }] of signers) {
    const place = `${accounts[name]?.chain} ${address.toLowerCase()}`
    const other = holders.get(place)
    if (other !== undefined) {
      throw new SharedAccountError(`accounts.${other} and accounts.${name} are the same account, ${address}`)
    }
    holders.set(place, name)
  }
}

async function openSigner(
  name: string,
  { key, password, address, remoteSigner: url, kmsKey, kmsRegion }: AccountConfig,
  env: Readonly<Record<string, string | undefined>>,
): Promise<AccountSigner> {
  if (key !== undefined) {
    const signer = localSigner(name, await resolveSecret(key, { env, ...(password && { password }) }))
    if (address === undefined || address.toLowerCase() === signer.address.toLowerCase()) return signer
    throw new SignerKeyError(`the key of accounts.${name} is the one of ${signer.address}`, { facts: { address } })
  }
  if (address === undefined) throw new Error(`accounts.${name} has no address`) // the configuration was checked
  if (url !== undefined) return remoteSigner({ url, address, fetch: globalThis.fetch, timeoutMs: REMOTE_TIMEOUT_MS })
  if (kmsKey === undefined) throw new Error(`accounts.${name} has no signer`) // the configuration was checked
  return kmsSigner(name, address, awsKms({ keyId: kmsKey, region: kmsRegion ?? null }))
}
