/**
 * Executes L2 transactions on a ledger, or refuses them for the reasons the circuit or the coordinator would.
 */
import { RefusedTransaction, type RefusalReason } from './errors.ts'
import { addExit, isNewExit } from './exit.ts'
import { requireFee } from './fees.ts'
import { encodeFloat40 } from './float40.ts'
import { type Access, type Ledger, recordStep, writeAccount } from './ledger.ts'
import { findReceiver } from './receiver.ts'
import { accountAt } from './state.ts'
import { type AccountLeaf, ANY_ETH_ADDR, EXIT_IDX, NO_IDX, type SignedL2Tx } from './types.ts'

/** What an L2 transaction cost and whom it reached: `auxToIdx` is 0 unless it named an address or a key. */
export interface L2Effect {
  readonly fee: bigint
  readonly auxToIdx: number
}

/** Runs one transfer or exit. A refusal leaves the ledger as it was. */
export function runL2Tx(ledger: Ledger, tx: SignedL2Tx): L2Effect {
  const sender = requireSender(ledger, tx)
  const auxToIdx = tx.toIdx === NO_IDX ? resolveReceiver(ledger, tx) : NO_IDX
  const target = auxToIdx === NO_IDX ? tx.toIdx : auxToIdx
  if (target !== EXIT_IDX) requireReceiver(ledger, tx, target)
  encodeFloat40(tx.amount)
  const fee = requireFee(tx.amount, tx.userFee)
  if (sender.balance < tx.amount + fee) refuse('insufficient balance', tx)
  const paid = { ...sender, nonce: sender.nonce + 1, balance: sender.balance - tx.amount - fee }
  const senderAccess = writeAccount(ledger, paid)
  const newExit = isNewExit(ledger, target, sender.idx)
  const receiver = deliver(ledger, target, paid, tx.amount)
  collect(ledger, tx.tokenId, fee)
  recordStep(ledger, { tx: { layer: 2, tx }, newIdx: NO_IDX, auxToIdx, sender: senderAccess, receiver, newExit })
  return { fee, auxToIdx }
}

function requireSender(ledger: Ledger, tx: SignedL2Tx): AccountLeaf {
  const sender = accountAt(ledger.state, tx.fromIdx)
  if (sender === undefined) return refuse('unknown sender', tx)
  if (tx.maxNumBatch !== 0 && tx.maxNumBatch < ledger.batchNum) refuse('maxNumBatch expired', tx)
  if (sender.nonce !== tx.nonce) refuse('invalid nonce', tx)
  if (sender.tokenId !== tx.tokenId) refuse('wrong token', tx)
  return sender
}

function resolveReceiver(ledger: Ledger, tx: SignedL2Tx): number {
  const idx = tx.auxToIdx ? tx.auxToIdx : findReceiver(ledger.state, tx)
  const account = idx === undefined ? undefined : accountAt(ledger.state, idx)
  if (account === undefined || !addressedBy(tx, account)) return refuse('unknown receiver', tx)
  return account.idx
}

/** The circuit's check of a resolved receiver: its address, or for "any address" its key. */
const addressedBy = (tx: SignedL2Tx, account: AccountLeaf): boolean =>
  tx.toEthAddr === ANY_ETH_ADDR
    ? account.ay === tx.toBjjAy && account.sign === tx.toBjjSign
    : account.ethAddr === tx.toEthAddr

function requireReceiver(ledger: Ledger, tx: SignedL2Tx, idx: number): void {
  const receiver = accountAt(ledger.state, idx)
  if (receiver === undefined) return refuse('unknown receiver', tx)
  if (receiver.tokenId !== tx.tokenId) refuse('wrong token', tx)
}

function deliver(ledger: Ledger, target: number, sender: AccountLeaf, amount: bigint): Access | undefined {
  if (target === EXIT_IDX) return addExit(ledger, sender, amount, amount)
  const receiver = accountAt(ledger.state, target)
  return receiver && writeAccount(ledger, { ...receiver, balance: receiver.balance + amount })
}

/** Fees go to the first slot planned for the token; without one they are burned. */
function collect(ledger: Ledger, tokenId: number, fee: bigint): void {
  const slot = ledger.planTokens.indexOf(tokenId)
  if (slot >= 0) ledger.fees[slot] = (ledger.fees[slot] ?? 0n) + fee
}

function refuse(reason: RefusalReason, tx: SignedL2Tx): never {
  throw new RefusedTransaction(reason, {
    facts: { fromIdx: tx.fromIdx, toIdx: tx.toIdx, nonce: tx.nonce, amount: tx.amount.toString() },
  })
}
