/**
 * What the daemon is put together from.
 */
import type { databaseSlot } from '../actors/platform/database.ts'
import type { Rpc } from '../actors/chain/rpc.ts'
import type { LaneRpc } from '../actors/lanes/tx/lane.ts'
import type { BlobProver } from '../actors/lanes/tx/sidecar.ts'
import type { Clock } from '../clock.ts'
import type { ChainConfig } from '../config/core.ts'
import type { Loaded } from '../config/load.ts'
import type { kernelSchema } from '../entities/kernel/index.ts'
import type { RoleEntry } from '../http/ports.ts'
import type { Log } from '../log.ts'
import type { Metrics } from '../metrics.ts'
import type { ChainPort, Role, RoleDemo } from '../role.ts'
import type { AccountSigner } from '../signers/account.ts'
import type { Backoff } from '../supervisors/spec.ts'
import type { System } from '../supervisors/system.ts'
import type { Tokens } from '../tokens.ts'

export interface AssembleOptions {
  readonly loaded: Loaded
  readonly folder: string
  readonly roles: readonly Role[]
  readonly tokens: Tokens
  readonly metrics: Metrics
  readonly log: Log
  readonly clock: Clock
  readonly random: () => number
  readonly signers: ReadonlyMap<string, AccountSigner>
  readonly demo: { readonly chainPort: number | null; readonly parts: readonly RoleDemo[] } | null
  /** The system that will run the tree; asked only once it exists. */
  readonly system: () => System
  readonly onListening: (url: string) => void
}

export type ContextOptions = Pick<
  AssembleOptions,
  'loaded' | 'signers' | 'system' | 'clock' | 'random' | 'log' | 'metrics'
>

export interface Parts extends AssembleOptions {
  readonly database: ReturnType<typeof databaseSlot>
  readonly schemas: readonly (typeof kernelSchema)[]
  readonly chains: ReadonlyMap<string, OpenChain>
  readonly entries: readonly RoleEntry[]
  /** Restart limits of the kernel's supervisors. */
  readonly limits: { readonly intensity: number; readonly period: number }
  readonly backoff: Backoff
}

export interface OpenChain {
  readonly config: ChainConfig
  readonly rpc: Rpc
  readonly port: ChainPort
  readonly lane: LaneRpc
  /** One for all lanes of the chain: its thread starts with the first blob. */
  readonly blobs: BlobProver
}
