/**
 * The contract's L1 queues, derived from what the blocks hold: which is filled, which can be forged, and what is in them.
 * Queues hold three transactions here, so that full ones are common.
 */
import { account, bytes32 } from '../actors/forger/rollup/support.ts'

/** A load into an account that exists; `salt` makes it another one. */
export interface Deposit {
  readonly idx: number
  readonly salt: number
}

/** One thing that happened in a block, in order. */
export type QueueEvent = { readonly deposit: Deposit } | { readonly batch: { readonly l1: boolean } }

export interface QueueBlock {
  readonly number: number
  readonly events: readonly QueueEvent[]
}

export interface Queues {
  readonly toForge: number
  readonly filling: number
  readonly lastL1: number
  /** Everything that was ever queued, as facts. */
  readonly rows: readonly QueuedRow[]
}

export type QueuedRow = ReturnType<typeof queued>

const CAPACITY = 3
/** Blocks after an L1 batch from which the contract takes nothing but another one. */
export const TIMEOUT = 10

/** Batch 1, in block 1, was the first L1 batch. */
export function queuesAfter(blocks: readonly QueueBlock[]): Queues {
  let [toForge, filling, lastL1] = [1, 2, 1]
  const rows: QueuedRow[] = []
  for (const { number, events } of blocks) {
    for (const event of events) {
      if ('deposit' in event) {
        const position = rows.filter(({ queue }) => queue === BigInt(filling)).length
        rows.push(queued(event.deposit, filling, position, number))
        if (position + 1 === CAPACITY) filling += 1
      } else if (event.batch.l1) {
        toForge += 1
        if (toForge === filling) filling += 1
        lastL1 = number
      }
    }
  }
  return { toForge, filling, lastL1, rows }
}

const queued = ({ idx, salt }: Deposit, queue: number, position: number, block: number) => ({
  queue: BigInt(queue),
  position,
  txId: `0x00${queue}-${position}`,
  fromEthAddr: account(idx).ethAddr,
  fromBjj: bytes32(0),
  fromIdx: BigInt(idx),
  loadAmountF: BigInt(salt),
  amountF: 0n,
  tokenId: BigInt(account(idx).tokenId),
  toIdx: 0n,
  encoded: `0x${idx.toString(16)}${salt.toString(16).padStart(8, '0')}`,
  blockNumber: BigInt(block),
  ethTxHash: `0xdeposit${salt}`,
})

/** What queue `number` holds, in order. */
export const queueOf = ({ rows }: Queues, number: number): readonly QueuedRow[] =>
  rows.filter(({ queue }) => queue === BigInt(number)).toSorted((a, b) => a.position - b.position)
