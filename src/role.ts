/**
 * What a role must provide, and how roles are found: every folder of src/actors whose index.ts default-exports one.
 * There is no list to edit, and a role that is not enabled is not imported.
 */
import type { FastifyPluginAsync } from 'fastify'
import type { TObject } from 'typebox'
import type { Address, Hex, LocalAccount, PublicClient, TypedDataDefinition } from 'viem'
import type { FactSource } from './actors/chain/source.ts'
import type { ChainNews } from './actors/chain/messages.ts'
import type { Ref } from './actors/kit/ref.ts'
import type { Clock } from './clock.ts'
import type { Em, Orm, Schema } from './entities/orm.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { Secret, SecretRef } from './secrets.ts'
import type { ChildSpec, SupervisorSpec } from './supervisors/spec.ts'

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
  readonly addressOf: (account: string) => Address
  /** EIP-712 signature of a configured account. Transactions are not signed here: they are wishes of the tx-manager. */
  readonly signTypedData: (account: string, data: TypedDataDefinition) => Promise<Hex>
  /** Fetches what a reference of the role's section names (a password); throws SecretError when it is not there. */
  readonly secret: (reference: SecretRef) => Promise<Secret>
  readonly clock: Clock
  readonly random: () => number
  readonly fetch: typeof globalThis.fetch
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

/** What a role's demo may use: the demo's chain, funded keys and ports of loopback. */
export interface DemoWorld {
  /** The name of the demo's chain in the configuration. */
  readonly chain: string
  readonly chainId: number
  readonly rpcUrl: string
  /** Whether the demo brings the chain; else it was given, and must not be begun anew. */
  readonly ownChain: boolean
  /** Whether file, environment or flags set this dotted key already: then the demo need not bring what it names. */
  readonly given: (key: string) => boolean
  /** A funded account of the development chain, and its key. Each role takes a decade of its own. */
  readonly account: (index: number) => LocalAccount
  readonly keyOf: (index: number) => Hex
  readonly freePorts: (count: number) => Promise<number[]>
  readonly fetch: typeof globalThis.fetch
  /** Where the daemon's HTTP listens; null until it does. */
  readonly httpUrl: () => string | null
}

/** What a role adds to `--demo`. */
export interface RoleDemo {
  /** Its configuration by dotted key, as it would stand in a file; weaker than file, environment and flags. */
  readonly base: ReadonlyMap<string, unknown>
  /** Actors that prepare the chain before anybody reads it: contracts. */
  readonly onChain: readonly ChildSpec[]
  /** Actors that run beside the role: provers, traffic. Started before the roles. */
  readonly beside: readonly ChildSpec[]
}

/** A message at times of the day. A time that passes while the daemon does not run is not made up for. */
export interface Schedule {
  /** Unique, for logs: `forger/purge`. */
  readonly name: string
  /** A cron expression; UTC. */
  readonly cron: string
  readonly fire: (send: <M>(to: Ref<M>, message: NoInfer<M>) => void) => void
}

/** One kind of rows that get old, and how long they are kept. */
export interface Sweep {
  /** For logs: `crashes`. */
  readonly name: string
  /** Milliseconds; 0 keeps them for ever. */
  readonly keepMs: number
  /** Deletes at most `limit` of those from before `before`; answers how many. */
  readonly run: (em: Em, before: Date, limit: number) => Promise<number>
}

export interface Role<Section = unknown> {
  /** Lower-case; also the folder, the configuration section and the HTTP prefix `/v1/<name>`. */
  readonly name: string
  readonly summary: string
  /** What to try first, for the sheet that is shown when everything runs: a word or two, and the command. */
  readonly tryFirst?: readonly (readonly [what: string, command: string])[]
  /** TypeBox schema of its section; every field has a description. */
  readonly config: TObject
  /** Its tables and migrations. */
  readonly schema: Schema
  /** Its part of the tree; a supervisor with the role's name as id. */
  tree(context: RoleContext<Section>): SupervisorSpec
  subscriptions(context: RoleContext<Section>): readonly Subscription[]
  /** What is sent to its actors by the clock. */
  schedules?(context: RoleContext<Section>): readonly Schedule[]
  /** Has it make one pass now, also while it is paused. A role without this goes by its own clock only. */
  runOnce?(send: <M>(to: Ref<M>, message: NoInfer<M>) => void): void
  /** What of its rows the kernel's housekeeping deletes by age. */
  sweeps?(context: RoleContext<Section>): readonly Sweep[]
  /** Extra HTTP under `/v1/<name>`; reading only unless a route asks for the operator token. */
  routes?(context: RoleContext<Section>): FastifyPluginAsync
  /** Routes at fixed places outside `/v1/<name>`, for compatibility with the role's predecessor. */
  publicRoutes?(context: RoleContext<Section>): FastifyPluginAsync
  /**
   * A script for its part of the status page, plain JavaScript without imports: `reads`, paths of the API by name, and
   * `view(read, now, ui)`, which answers any of `state`, `because`, `facts` (pairs for its card), and `cards`, `wide` and
   * `narrow` (boxes of `title` and `content`). `ui` is src/http/page/dom.js.
   */
  readonly page?: URL
  /** Null when the subject is not of this role. */
  explain?(context: RoleContext<Section>, subject: string): Promise<Explanation | null>
  /** Makes ready what the role needs in `--demo`. */
  demo?(world: DemoWorld): Promise<RoleDemo>
  /** What it needs besides database and chains, looked at quickly and without waiting; shown by `/readyz`. */
  readiness?(context: RoleContext<Section>): Promise<readonly Check[]>
  /** What `forgekeeper check` verifies before the role may run. */
  checks?(context: RoleContext<Section>): Promise<readonly Check[]>
}

/** Types a role; the value is returned as it is. */
export const defineRole = <Section>(role: Role<Section>): Role<Section> => role

/** Loads the enabled roles, in the order given. Throws when one of them has no folder or exports no role. */
export async function loadRoles(enabled: readonly string[]): Promise<readonly Role[]> {
  return Promise.all(
    enabled.map(async name => {
      // A folder of src/actors with an index.ts: its default export is a role by defineRole's type.
      const module = (await import(`./actors/${name}/index.ts`)) as { default?: Role }
      if (module.default?.name !== name) throw new TypeError(`src/actors/${name}/index.ts exports no role "${name}"`)
      return module.default
    }),
  )
}
