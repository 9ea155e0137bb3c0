/**
 * What no single key can say: keys that must fit each other. Keys that are wrong by themselves are passed over: they have
 * been reported.
 */
import type { AccountConfig, Config } from './core.ts'
import { problemAt } from './decode.ts'
import type { Problem } from './errors.ts'
import { nearest } from './nearest.ts'
import { isTable, type Layers } from './origins.ts'
import { fieldsOf, view, type RoleSection } from './schema.ts'
import { camel } from './types.ts'

/** The chain id of development chains, the only ones where a literal key may be used. */
export const DEVELOPMENT_CHAIN_ID = 31_337

interface Surroundings {
  readonly demo: boolean
  readonly roles: readonly RoleSection[]
  /** What the demo has set up; before that, names of its tables cannot be checked. */
  readonly base?: ReadonlyMap<string, unknown>
}

/**
 * All problems between keys; `sections` has the decoded section of each role by name. `wrong` are the keys with a problem
 * of their own: what is below them is not what its type says.
 */
export function crossCheck(
  config: Config,
  sections: Readonly<Record<string, unknown>>,
  layers: Layers,
  wrong: readonly string[],
  { demo, roles, base }: Surroundings,
): Problem[] {
  const sound = (path: string): boolean => !wrong.some(key => within(key, path) || within(path, key))
  if (!sound('roles')) return []
  const named = isTable(config.chains) ? config.chains : {}
  const chains = new Map<string, number | null>(
    Object.entries(named).map(([name, chain]) => [name, sound(`chains.${name}`) ? chain.chainId : null]),
  )
  if (demo && !chains.has('local')) chains.set('local', DEVELOPMENT_CHAIN_ID)
  const known = roles.map(role => role.name)
  const unknownRoles = config.roles.enabled.flatMap((name, index) =>
    known.includes(name)
      ? []
      : [at(layers, `roles.enabled.${index}`, `there is no role "${name}"`, known.join(', '), nearest(name, known))],
  )
  const accounts = Object.entries(isTable(config.accounts) ? config.accounts : {})
  const badQuorums = Object.entries(named)
    .filter(([name, chain]) => sound(`chains.${name}`) && chain.quorum > chain.rpc.length)
    .map(([name, chain]) =>
      at(layers, `chains.${name}.quorum`, `${chain.quorum} cannot agree`, `at most ${chain.rpc.length}, the endpoints`),
    )
  const badAccounts = accounts
    .filter(([, account]) => isTable(account))
    .flatMap(([name, account]) => accountProblems(layers, `accounts.${name}`, account, chains))
    .filter(problem => sound(problem.key))
  const running = demo && base === undefined ? [] : roles.filter(({ name }) => config.roles.enabled.includes(name))
  const names = { chains: [...chains.keys()], accounts: accounts.map(([name]) => name) }
  return [
    ...unknownRoles,
    ...badQuorums,
    ...badAccounts,
    ...running.flatMap(role => nameProblems(layers, role, sections[role.name], names)),
  ]
}

/** Fields of a role that name a chain or an account which is not there. */
function nameProblems(
  layers: Layers,
  { name, schema }: RoleSection,
  section: unknown,
  names: Readonly<Record<'chains' | 'accounts', readonly string[]>>,
): Problem[] {
  return fieldsOf(view(schema)).flatMap(({ path, schema: field }) => {
    const table = field['x-table']
    const value = table === undefined ? undefined : path.reduce(stepInto, section)
    if (table === undefined || typeof value !== 'string' || names[table].includes(value)) return []
    const expected = `the NAME of a [${table}.NAME] table`
    const near = nearest(value, names[table])
    return [at(layers, [name, ...path].join('.'), `there is no [${table}.${value}]`, expected, near)]
  })
}

function stepInto(value: unknown, key: string): unknown {
  // Decoded sections are plain objects with keys in camel case.
  return isTable(value) ? value[camel(key)] : undefined
}

function accountProblems(
  layers: Layers,
  path: string,
  account: Partial<AccountConfig>,
  chains: ReadonlyMap<string, number | null>,
): Problem[] {
  const problems: Problem[] = []
  const chainId = chains.get(account.chain ?? '')
  if (chainId === undefined && typeof account.chain === 'string') {
    const names = [...chains.keys()]
    const expected =
      names.length === 0 ? 'the NAME of a [chains.NAME] table; there is none' : `one of ${names.join(', ')}`
    const text = `there is no chain "${account.chain}"`
    problems.push(at(layers, `${path}.chain`, text, expected, nearest(account.chain, names)))
  }
  const development = account.allowRawKeys === true && (chainId === DEVELOPMENT_CHAIN_ID || chainId === null)
  if (account.key?.kind === 'literal' && !development) {
    const text = 'a private key must be named by a reference, never written here'
    const expected =
      '"env:NAME", "file:PATH" or "keystore:PATH"; literal only on chain id 31337 with allow_raw_keys = true'
    problems.push(at(layers, `${path}.key`, text, expected))
  }
  if (account.key?.kind === 'keystore' && account.password === undefined) {
    problems.push(at(layers, `${path}.password`, 'missing', 'a reference to the password of the keystore'))
  }
  return [...problems, ...signerProblems(layers, path, account)]
}

/** Exactly one signer, and an address where the key is elsewhere. */
function signerProblems(layers: Layers, path: string, account: Partial<AccountConfig>): Problem[] {
  const { key, remoteSigner, kmsKey, address } = account
  const signers = [key, remoteSigner, kmsKey].filter(signer => signer !== undefined)
  const expected = 'one of key, remote_signer, kms_key'
  if (signers.length === 0) return [at(layers, `${path}.key`, 'missing', expected)]
  if (signers.length > 1) return [at(layers, `${path}.key`, 'there is more than one signer', expected)]
  if (key !== undefined || address !== undefined) return []
  return [at(layers, `${path}.address`, 'missing', 'the address of the key that the signer holds')]
}

/** True when `path` is `key` or below it. */
const within = (key: string, path: string): boolean => path === key || path.startsWith(`${key}.`)

const at = (layers: Layers, key: string, text: string, expected: string, near: string | null = null): Problem =>
  problemAt(layers.originOf(key), key, text, expected, near)
