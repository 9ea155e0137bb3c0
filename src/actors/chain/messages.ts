/**
 * What the chain's actors say, and where they are. All of it is news: the facts are in the database.
 */
import { ref, type Ref } from '../kit/ref.ts'

/** New blocks of the canonical chain have been read, facts and cursor committed. */
export interface SyncBlock {
  readonly type: 'SyncBlock'
  readonly chain: string
  /** The newest block whose facts are in the database. */
  readonly number: bigint
  readonly hash: string
  /** The newest block the chain has; equal to `number` when in step. */
  readonly head: bigint
}

/** Blocks above `fork` are gone; their facts have been deleted already. */
export interface Reorg {
  readonly type: 'Reorg'
  readonly chain: string
  /** The newest block that both histories share. */
  readonly fork: bigint
  readonly depth: number
}

/** Look at the chain now. */
export interface Look {
  readonly type: 'look'
}

/** What a subscriber of a chain must accept. */
export type ChainNews = SyncBlock | Reorg

export const synchronizerOf = (chain: string): Ref<Look> => ref(`synchronizer:${chain}`)
/** The scanner hears of canonical blocks from the synchronizer and tells its subscribers when their facts are stored. */
export const scannerOf = (chain: string): Ref<ChainNews | Look> => ref(`scanner:${chain}`)
