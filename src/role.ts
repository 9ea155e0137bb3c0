/**
 * What a role must provide, and how roles are found: every folder of src/actors whose index.ts default-exports one.
 * There is no list to edit, and a role that is not enabled is not imported.
 */
import type { FastifyPluginAsync } from 'fastify'
import type { TObject } from 'typebox'
import type { PublicClient } from 'viem'
import type { FactSource } from './actors/chain/source.ts'
import type { ChainNews } from './actors/chain/messages.ts'
import type { Ref } from './actors/kit/ref.ts'
import type { Clock } from './clock.ts'
import type { Orm, Schema } from './entities/orm.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { SupervisorSpec } from './supervisors/spec.ts'

/** A chain as a role sees it. */
export interface ChainPort {
  readonly name: string
  readonly chainId: number
  /** Reads with failover; transient errors are OperatorErrors. */
  readonly client: PublicClient
  /** Blocks until a block counts as final here. */
  readonly confirmations: number
}

/** Everything a role may touch. Ports answer a transient error while what is behind them is not up. */
export interface RoleContext<Section> {
  /** The role's own section of the configuration. */
  readonly config: Section
  readonly orm: () => Orm
  readonly chain: (name: string) => ChainPort
  /** The address of a configured account, by its name. */
  readonly addressOf: (account: string) => `0x${string}`
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly metrics: Metrics
  /** Sends a message into the tree from outside an actor (routes). */
  readonly send: <M>(to: Ref<M>, message: M) => void
}

/** An answer to "what happens next with this subject, when, and what is missing". */
export interface Explanation {
  readonly subject: string
  readonly state: string
  /** The sentence an operator reads first. */
  readonly next: string
  readonly because: string | null
  /** Anything else worth knowing, JSON-safe. */
  readonly details: Readonly<Record<string, unknown>>
}

/** Facts a role wants from a chain, and who wants to hear that they are stored. */
export interface Subscription {
  readonly chain: string
  readonly sources: readonly FactSource[]
  readonly subscribers: readonly Ref<ChainNews>[]
}

export interface Check {
  readonly name: string
  readonly ok: boolean
  readonly detail: string
}

export interface Role<Section = unknown> {
  /** Lower-case; also the folder, the configuration section and the HTTP prefix `/v1/<name>`. */
  readonly name: string
  readonly summary: string
  /** TypeBox schema of its section; every field has a description. */
  readonly config: TObject
  /** Its tables and migrations. */
  readonly schema: Schema
  /** Its part of the tree; a supervisor with the role's name as id. */
  tree(context: RoleContext<Section>): SupervisorSpec
  subscriptions(context: RoleContext<Section>): readonly Subscription[]
  /** Extra HTTP under `/v1/<name>`; reading only unless a route asks for the operator token. */
  routes?(context: RoleContext<Section>): FastifyPluginAsync
  /** Routes at fixed places outside `/v1/<name>`, for compatibility with the role's predecessor. */
  publicRoutes?(context: RoleContext<Section>): FastifyPluginAsync
  /** Null when the subject is not of this role. */
  explain?(context: RoleContext<Section>, subject: string): Promise<Explanation | null>
  /** What `forgekeeper check` verifies before the role may run. */
  checks?(context: RoleContext<Section>): Promise<readonly Check[]>
}

/** Types a role; the value is returned as it is. */
export const defineRole = <Section>(role: Role<Section>): Role<Section> => role
