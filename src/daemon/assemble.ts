/**
 * Puts the parts together: ports between rooms, the contexts of the roles, the tree.
 */
import { databaseSlot } from '../actors/platform/database.ts'
import { kernelSchema } from '../entities/kernel/index.ts'
import type { Orm } from '../entities/orm.ts'
import type { Role, RoleContext } from '../role.ts'
import type { AccountSigner } from '../signers/account.ts'
import type { SupervisorSpec } from '../supervisors/spec.ts'
import { resolveSecret } from '../secrets.ts'
import { openChains } from './chains.ts'
import type { ContextOptions, AssembleOptions, OpenChain, Parts } from './parts.ts'
import { daemonTree } from './tree.ts'

export interface Assembled {
  readonly tree: SupervisorSpec
  readonly orm: () => Orm
}

/** Opens nothing: what costs time is opened by the actors. */
export function assemble(options: AssembleOptions): Assembled {
  const database = databaseSlot()
  const chains = openChains(options)
  const entries = options.roles.map(role => ({ role, context: contextOf(role, options, chains, database.orm) }))
  const schemas = [kernelSchema, ...options.roles.map(role => role.schema)]
  const { intensity, period, backoffMin, backoffMax } = options.loaded.config.supervision
  const limits = { intensity, period: Math.ceil(period / 1000) }
  const backoff = { minMs: backoffMin, maxMs: backoffMax }
  const parts: Parts = { ...options, database, schemas, chains, entries, limits, backoff }
  return { tree: daemonTree(parts), orm: database.orm }
}

/** What a role may touch. */
export function contextOf(
  role: Role,
  { loaded, signers, system, ...options }: ContextOptions,
  chains: ReadonlyMap<string, OpenChain>,
  orm: () => Orm,
): RoleContext<unknown> {
  const signer = (account: string): AccountSigner => named(signers, account, `${role.name} names the account`)
  return {
    config: loaded.sections.get(role.name),
    orm,
    chain: name => named(chains, name, `${role.name} names the chain`).port,
    addressOf: account => signer(account).address,
    signTypedData: (account, data) => signer(account).signTypedData(data),
    secret: reference => resolveSecret(reference, { env: loaded.options.env }),
    clock: options.clock,
    random: options.random,
    fetch: globalThis.fetch,
    log: options.log.with({ role: role.name }),
    metrics: options.metrics,
    send: (to, message) => system().send(to, message),
  }
}

function named<T>(all: ReadonlyMap<string, T>, name: string, what: string): T {
  const found = all.get(name)
  if (found === undefined) throw new Error(`${what} "${name}", which is not configured`)
  return found
}
