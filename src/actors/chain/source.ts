/**
 * A fact source: which logs and views of a chain somebody wants as rows, and how they become rows.
 * The scanner owns the reading, the cursor and the reorganisations; a source owns the meaning.
 */
import type { AbiEvent, Address, Hash, Hex, PublicClient } from 'viem'
import type { Em } from '../../entities/orm.ts'

/** A log as the node answered it; decoded by the source with its own ABI. */
export interface RawLog {
  readonly address: Address
  readonly topics: readonly Hex[]
  readonly data: Hex
  readonly blockNumber: bigint
  readonly blockHash: Hash
  readonly transactionHash: Hash
  readonly logIndex: number
}

export interface Range {
  readonly chain: string
  /** Both inclusive. */
  readonly from: bigint
  readonly to: bigint
  /** Hash of block `to`, verified to be canonical when the range was read. */
  readonly toHash: Hash
  /** True when `to` is the head: views are only worth reading here. */
  readonly atHead: boolean
}

export interface FactSource<Facts = unknown> {
  /** The cursor's name, unique on the chain: `forger/rollup`. */
  readonly name: string
  readonly addresses: readonly Address[]
  readonly events: readonly AbiEvent[]
  /** The first block worth reading. */
  readonly fromBlock: bigint
  /**
   * Reads whatever else the logs need (calldata, views at `range.to`). No database. A log that does not decode is
   * reported through `skip` and left out; the rest goes on.
   */
  gather(logs: readonly RawLog[], range: Range, client: PublicClient, skip: SkipLog): Promise<Facts>
  /** Writes the facts; runs in the transaction that moves the cursor. Reading a range twice must change nothing. */
  store(em: Em, facts: Facts, range: Range): Promise<void>
  /** Deletes every fact above the block; runs in the transaction that moves the cursor back. */
  forget(em: Em, aboveBlock: bigint): Promise<void>
}

export type SkipLog = (log: RawLog, because: string) => void
