/**
 * What a tx-manager is given, and what it keeps in memory. All of the memory can be rebuilt from the database and the
 * chain; losing it costs one look.
 */
import type { Abi, Address, Hex, PublicClient, TransactionSerializable } from 'viem'
import type { Clock } from '../../../clock.ts'
import type { Finality } from '../../../entities/kernel/intent.ts'
import type { Em, Orm } from '../../../entities/orm.ts'
import type { Log } from '../../../log.ts'
import type { Ref } from '../../kit/ref.ts'
import type { CrashPoint } from './crash-points.ts'
import type { FeeRules, Market } from './fees.ts'
import { UNLIMITED, type SpendingPolicy } from './gate.ts'
import type { BlobProver } from './sidecar.ts'
import type { TxMetrics } from './metrics.ts'

/** The way to the chain. */
export interface LaneRpc {
  /** Reads with failover. */
  readonly client: PublicClient
  /**
   * Reads that decide about nonces and outcomes: as many endpoints as the quorum asks for agree on them. Left out: the
   * client's word counts.
   */
  readonly critical?: PublicClient
  /**
   * Hands signed bytes to every endpoint for sending at once; resolves with the first acceptance, rejects with what a
   * node said when none took them. `everywhere`: also to those that only read, where sending is private.
   */
  readonly sendRaw: (raw: Hex, everywhere?: boolean) => Promise<unknown>
  /** What is unmined for so long is sent everywhere. Left out or null: never. */
  readonly publicAfterMs?: number | null
  /** Each endpoint alone: a receipt is only denied when all of them deny it. Left out: the client's word counts. */
  readonly endpoints?: readonly PublicClient[]
}

/** What signs for the account; src/signers.ts has three kinds. */
export interface Signer {
  readonly address: Address
  /** `privateKey` for a key in this process; answers of any other source are checked down to the recovered address. */
  readonly source: string
  signTransaction(tx: TransactionSerializable): Promise<Hex>
}

export interface Limits extends FeeRules {
  /** How long a transaction may wait in the pool before it is replaced. */
  readonly bumpAfterMs: number
  /** Transactions of this account that are sent and not mined; more wait in the queue. */
  readonly maxInFlight: number
  /** Added to a gas estimate. */
  readonly gasMarginPercent: number
}

/** When the operator is warned of an account. */
export interface FundsRules {
  readonly runwayWarningMs: number
  readonly minBalanceWei: bigint
}

/** An account of this daemon, for those who wish. */
export interface AccountEntry {
  readonly chain: string
  readonly name: string
  readonly address: Address
  readonly signer: string
  readonly dailyBudgetWei: bigint | null
}

export interface TxManagerArgs {
  /** The chain's and the account's names in the configuration. */
  readonly chain: string
  readonly account: string
  readonly chainId: number
  readonly db: () => Orm
  readonly rpc: LaneRpc
  readonly signer: Signer
  readonly limits: Limits
  /** Modes and budgets. Left out: everything is sent, nothing is counted. */
  readonly policy?: SpendingPolicy
  /** All accounts of this daemon: wishes for others are refused from the first look on. Left out: none is refused. */
  readonly accounts?: readonly AccountEntry[]
  /** Left out: no warning. */
  readonly funds?: FundsRules
  /** Commits to blobs. Left out: wishes with blobs wait and say so. */
  readonly blobs?: BlobProver
  /** The tag that transactions wait for which ask for none themselves. Left out: none. */
  readonly finality?: Finality
  /** Who holds the lane, for people and for the lease: stable for a data folder, different for two daemons. */
  readonly holder: string
  /** How long the lane stays ours after we were last heard of. */
  readonly leaseMs: number
  /** The slow timer: looks without being asked. */
  readonly tickMs: number
  /** How long an endpoint may take to answer to signed bytes; after that its answer is not known. */
  readonly sendTimeoutMs: number
  /** How many are sent without waiting for the answer to the earlier ones. */
  readonly sendWindow: number
  /** Who hears "look" when an outcome of this role is stored; null when nobody does. */
  readonly listener: (role: string) => Ref<{ readonly type: 'look' }> | null
  /** Errors of the contracts that are called, to name custom reverts. */
  readonly errors?: Abi
  readonly metrics?: TxMetrics
  /** Tests end the lane's life here. */
  readonly crashPoint?: (point: CrashPoint) => void | Promise<void>
}

/** The block that the lane last looked at. */
export interface Head {
  readonly number: bigint
  readonly hash: Hex
  readonly gasLimit: bigint
}

export interface Lane {
  readonly args: TxManagerArgs
  readonly log: Log
  readonly clock: Clock
  readonly signal: () => AbortSignal
  readonly send: <M>(to: Ref<M>, message: M) => void
  /** Asks for another pass after this many milliseconds. */
  readonly again: (ms: number) => void
  /** Null while another daemon holds the lane. */
  fence: bigint | null
  /** Null until the chain was read once in this life, which also means: nothing new is signed. */
  head: Head | null
  latestCount: number
  market: Market | null
  /** Whether a wish carries blobs, so that their price is wanted. */
  wantsBlobs: boolean
  /** When balance and pace were looked at last; ms since the epoch. */
  fundsAt: number
  /** The account's count at that time. */
  fundsNonce: number
  /** What it spends in an hour, and when that was added up; null when it was not, or when nothing was spent. */
  pace: { readonly perHour: bigint; readonly at: number } | null
  /** When parked wishes were looked at last. */
  parkedAt: number
  /** The last block whose receipts were read as a whole. */
  scanned: bigint | null
  /** How often in a row the chain's answer was older than what we know. */
  lagging: number
  /** Why nothing new is signed, for people; tried again when a later block than this is seen. */
  hold: { readonly because: string; readonly sinceBlock: bigint } | null
  /** Nonces that a node wants to see with higher fees. */
  readonly reprice: Set<number>
  /** Blocks at which a gap was first seen, by nonce. */
  readonly gapSince: Map<number, bigint>
  /** The block at which each open nonce was last handed to a node. */
  readonly sentAt: Map<number, bigint>
  /** Whether one answer of the signer was checked down to its address. */
  signerChecked: boolean
  /** Mined ones must be looked up again: a reorganisation was announced. */
  recheck: boolean
  /** What was said once and need not be said again. */
  readonly said: Set<string>
}

export const policyOf = (lane: Lane): SpendingPolicy => lane.args.policy ?? UNLIMITED

/** The client whose answers decide about nonces and outcomes. */
export const decider = (lane: Lane): PublicClient => lane.args.rpc.critical ?? lane.args.rpc.client

/** A fresh unit of work. */
export const forkOf = (lane: Lane): Em => lane.args.db().em.fork()

export const laneName = (args: Pick<TxManagerArgs, 'chain' | 'account'>): string =>
  `tx-manager:${args.chain}/${args.account}`

/** Logs once until `unsay`, so that a wait of a thousand blocks is one line. */
export function sayOnce(lane: Lane, topic: string, say: () => void): void {
  if (lane.said.has(topic)) return
  lane.said.add(topic)
  say()
}
export const unsay = (lane: Lane, topic: string): void => void lane.said.delete(topic)

export async function reach(lane: Lane, point: CrashPoint): Promise<void> {
  await lane.args.crashPoint?.(point)
}
