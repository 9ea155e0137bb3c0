/**
 * Executes L1 transactions on a ledger. They are not refused: what the contract accepted must be forged, so impossible parts
 * are nullified by the circuit's rules (reference 9.3), and everything else still happens. The nonce never changes.
 */
import { newAccount } from './account.ts'
import { RefusedTransaction } from './errors.ts'
import { addExit, isNewExit } from './exit.ts'
import { decodeFloat40 } from './float40.ts'
import { asL1UserTx } from './l1-codec.ts'
import { type Access, isFull, type Ledger, recordStep, writeAccount } from './ledger.ts'
import { accountAt } from './state.ts'
import { type AccountLeaf, EXIT_IDX, type L1CoordinatorTx, type L1UserTx, NO_IDX } from './types.ts'

/** What an L1 transaction really moved. */
export interface L1Effect {
  readonly newIdx: number
  readonly effectiveLoadAmount: bigint
  readonly effectiveAmount: bigint
  /** True when an amount above 0 was set to 0 by the rules. */
  readonly isAmountNullified: boolean
}

/** Runs one transaction of the contract's queue. */
export function runL1UserTx(ledger: Ledger, tx: L1UserTx): L1Effect {
  const creates = tx.fromIdx === NO_IDX
  if (creates && isFull(ledger))
    throw new RefusedTransaction('invalid index', { facts: { idx: ledger.state.lastIdx + 1 } })
  const sender = creates
    ? newAccount(ledger.state.lastIdx + 1, tx.tokenId, tx.fromEthAddr, tx.fromBjjCompressed)
    : accountAt(ledger.state, tx.fromIdx)
  if (sender === undefined) throw new RefusedTransaction('unknown sender', { facts: { idx: tx.fromIdx } })
  const amount = decodeFloat40(tx.amountF)
  const load = sender.tokenId === tx.tokenId ? decodeFloat40(tx.loadAmountF) : 0n
  const effective = allows(ledger, tx, sender, sender.balance + load, amount) ? amount : 0n
  const updated = { ...sender, balance: sender.balance + load - effective }
  const senderAccess = writeAccount(ledger, updated)
  const newExit = isNewExit(ledger, tx.toIdx, sender.idx)
  recordStep(ledger, {
    tx: { layer: 1, tx },
    newIdx: creates ? sender.idx : NO_IDX,
    auxToIdx: NO_IDX,
    sender: senderAccess,
    receiver: receive(ledger, tx, updated, amount, effective),
    newExit,
  })
  return {
    newIdx: creates ? sender.idx : NO_IDX,
    effectiveLoadAmount: load,
    effectiveAmount: effective,
    isAmountNullified: effective !== amount,
  }
}

/** Runs one account creation of the coordinator; gives the new index. */
export const runL1CoordinatorTx = (ledger: Ledger, tx: L1CoordinatorTx): number =>
  runL1UserTx(ledger, asL1UserTx(tx)).newIdx

/** The circuit's conditions for moving the amount. */
function allows(ledger: Ledger, tx: L1UserTx, sender: AccountLeaf, available: bigint, amount: bigint): boolean {
  if (sender.tokenId !== tx.tokenId || sender.ethAddr !== tx.fromEthAddr || available < amount) return false
  if (tx.toIdx <= EXIT_IDX) return true
  return tx.toIdx === sender.idx || receiverOf(ledger, tx).tokenId === tx.tokenId
}

function receiverOf(ledger: Ledger, tx: L1UserTx): AccountLeaf {
  const receiver = accountAt(ledger.state, tx.toIdx)
  if (receiver === undefined) throw new RefusedTransaction('unknown receiver', { facts: { idx: tx.toIdx } })
  return receiver
}

/** An existing receiver is written also when nothing arrives. */
function receive(
  ledger: Ledger,
  tx: L1UserTx,
  sender: AccountLeaf,
  original: bigint,
  effective: bigint,
): Access | undefined {
  if (tx.toIdx === NO_IDX) return undefined
  if (tx.toIdx === EXIT_IDX) return addExit(ledger, sender, original, effective)
  const receiver = receiverOf(ledger, tx)
  return writeAccount(ledger, { ...receiver, balance: receiver.balance + effective })
}
