/**
 * What HTTP needs from the rest of the daemon, as plain functions: the server comes up before everything behind them.
 */
import type { Clock } from '../clock.ts'
import type { Orm } from '../entities/orm.ts'
import type { Log } from '../log.ts'
import type { Check, Role, RoleContext } from '../role.ts'
import type { Secret } from '../secrets.ts'
import type { TreeSnapshot } from '../supervisors/snapshot.ts'

/** A role that is enabled, with the context its routes and explanations are given. */
export interface RoleEntry {
  readonly role: Role
  readonly context: RoleContext<unknown>
}

export interface Tokens {
  readonly viewer: Secret
  readonly operator: Secret
}

export interface HttpLimits {
  /** Largest request body in bytes. */
  readonly bodyLimit: number
  /** Requests a second from one address. */
  readonly rateLimit: number
}

/** What a person's change asks of a lane; all else is in the rows. */
export type LaneAsk = { readonly type: 'look' } | { readonly type: 'bump'; readonly intentKey: string }

export interface HttpDeps {
  readonly snapshot: () => TreeSnapshot
  /** Throws a transient OperatorError while the database is not up. */
  readonly orm: () => Orm
  /** Every check by name (`database`, `chain:NAME`, `provers`, …); ready is when all are ok. Must not throw. */
  readonly readiness: () => readonly Check[] | Promise<readonly Check[]>
  /** The registry behind `/metrics`, in the Prometheus text format. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> }
  readonly tokens: Tokens
  readonly roles: readonly RoleEntry[]
  /** Tells the role to look again; called after its control was changed. Must not throw. */
  readonly poke: (role: string) => void
  /** Has the lane of an account look, or raise a price; called after the change was committed. Must not throw. */
  readonly tellLane: (chain: string, account: string, ask: LaneAsk) => void
  readonly clock: Clock
  readonly log: Log
  readonly version: string
  readonly limits: HttpLimits
}
