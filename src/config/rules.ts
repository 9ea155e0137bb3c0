/**
 * What no single key can say: keys that must fit each other. Runs when every key is right by itself.
 */
import type { AccountConfig, Config } from './core.ts'
import { problemAt } from './decode.ts'
import type { Problem } from './errors.ts'
import { nearest } from './nearest.ts'
import type { Layers } from './origins.ts'
import type { RoleSection } from './schema.ts'

/** The chain id of development chains, the only ones where a literal key may be used. */
export const DEVELOPMENT_CHAIN_ID = 31_337

interface Surroundings {
  readonly demo: boolean
  readonly roles: readonly RoleSection[]
}

/** All problems between keys. */
export function crossCheck(config: Config, layers: Layers, { demo, roles }: Surroundings): Problem[] {
  const chains = new Map(Object.entries(config.chains).map(([name, chain]) => [name, chain.chainId]))
  if (demo && !chains.has('local')) chains.set('local', DEVELOPMENT_CHAIN_ID)
  const known = roles.map(role => role.name)
  const unknownRoles = config.roles.enabled.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [at(layers, `roles.enabled.${index}`, `there is no role "${name}"`, known.join(', '), nearest(name, known))],
  )
  const accounts = Object.entries(config.accounts).flatMap(([name, account]) =>
    accountProblems(layers, `accounts.${name}`, account, chains),
  )
  return [...unknownRoles, ...accounts]
}

function accountProblems(
  layers: Layers,
  path: string,
  account: AccountConfig,
  chains: ReadonlyMap<string, number>,
): Problem[] {
  const problems: Problem[] = []
  const chainId = chains.get(account.chain)
  if (chainId === undefined) {
    const names = [...chains.keys()]
    const expected =
      names.length === 0 ? 'the NAME of a [chains.NAME] table; there is none' : `one of ${names.join(', ')}`
    const text = `there is no chain "${account.chain}"`
    problems.push(at(layers, `${path}.chain`, text, expected, nearest(account.chain, names)))
  }
  if (account.key.kind === 'literal' && !(account.allowRawKeys && chainId === DEVELOPMENT_CHAIN_ID)) {
    const text = 'a private key must be named by a reference, never written here'
    const expected =
      '"env:NAME", "file:PATH" or "keystore:PATH"; literal only on chain id 31337 with allow_raw_keys = true'
    problems.push(at(layers, `${path}.key`, text, expected))
  }
  if (account.key.kind === 'keystore' && account.password === undefined) {
    problems.push(at(layers, `${path}.password`, 'missing', 'a reference to the password of the keystore'))
  }
  return problems
}

const at = (layers: Layers, key: string, text: string, expected: string, near: string | null = null): Problem =>
  problemAt(layers.originOf(key), key, text, expected, near)
