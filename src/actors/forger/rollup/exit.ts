/**
 * The exit tree of a batch: several exits of one account add up in one leaf with nonce 0. An exit of amount 0 makes no leaf,
 * but the circuit is shown one that is there; an exit whose amount the circuit nullified does make one, with balance 0,
 * because the circuit looks at the original amount.
 */
import { type Access, type Ledger, writeExit } from './ledger.ts'
import { lookup } from './merkle.ts'
import { type AccountLeaf, EXIT_IDX } from './types.ts'

/** True when this transaction would make the first exit of the account in the batch. */
export const isNewExit = (ledger: Ledger, toIdx: number, idx: number): boolean =>
  toIdx === EXIT_IDX && lookup(ledger.exits, idx) === undefined

/** Adds `effective` to the sender's exit leaf; `undefined` when the original amount was 0 and there is no leaf. */
export function addExit(ledger: Ledger, sender: AccountLeaf, original: bigint, effective: bigint): Access | undefined {
  const before = lookup(ledger.exits, sender.idx)
  if (original === 0n && before === undefined) return undefined
  return writeExit(ledger, before, { ...sender, nonce: 0, balance: (before?.balance ?? 0n) + effective })
}
