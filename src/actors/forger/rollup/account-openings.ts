/**
 * Accounts that the coordinator opens while it selects: its own, to collect the fees of a token, and receivers' (reference 9.2).
 */
import { splitSignature } from './authorisation.ts'
import { compressKey, expandKey } from './bjj.ts'
import { toHex } from './bytes.ts'
import { runL1CoordinatorTx } from './l1-processor.ts'
import { isFull, type Ledger } from './ledger.ts'
import { findReceiver } from './receiver.ts'
import type { AccountAuthorisation, SelectionRequest } from './selection-types.ts'
import { type Refusal, refusal } from './selection-refusal.ts'
import { accountsOfOwner } from './state.ts'
import { ANY_ETH_ADDR, type L1CoordinatorTx, type L2Tx, NO_IDX } from './types.ts'

/** The batch being selected, as far as opening accounts changes it. */
export interface Openings {
  readonly request: SelectionRequest
  readonly ledger: Ledger
  /** Creations so far; a new one is added at the end. */
  readonly l1CoordinatorTxs: L1CoordinatorTx[]
  /** Room for an account creation besides the transaction that needs it. */
  readonly hasRoom: () => boolean
}

/** The coordinator's account for a token: its smallest index with its own key, or a new one. */
export function findOrOpenFeeAccount(openings: Openings, tokenId: number): number | Refusal {
  const { ethAddr, bjj } = openings.request.feeAccount
  const { ay, sign } = expandKey(bjj)
  const own = accountsOfOwner(openings.ledger.state, tokenId, ethAddr).find(
    account => account.ay === ay && account.sign === sign,
  )
  return own?.idx ?? open(openings, tokenId, openings.request.feeAccount)
}

/** The receiver of a transfer to an address or key, created when its owner allowed it. */
export function findOrOpenReceiver(openings: Openings, tx: L2Tx): number | Refusal {
  const found = findReceiver(openings.ledger.state, tx)
  if (found !== undefined) return found
  if (openings.request.futureL1UserTxs.some(l1 => creates(l1, tx))) {
    return refused('an L1 transaction that waits will create the receiver')
  }
  if (tx.toEthAddr === ANY_ETH_ADDR) return openForKey(openings, tx)
  const authorisation = openings.request.authorisations.get(tx.toEthAddr)
  if (authorisation !== undefined) return open(openings, tx.tokenId, authorisation)
  return refused(`${tx.toEthAddr} has no account of token ${tx.tokenId} and did not authorise one`)
}

const refused = (info: string): Refusal => refusal('ErrTxDiscartedInProcessTxToEthAddrBJJ', info, 'a new account')

const creates = (l1: SelectionRequest['l1UserTxs'][number], tx: L2Tx): boolean =>
  l1.fromIdx === NO_IDX &&
  l1.tokenId === tx.tokenId &&
  l1.fromEthAddr === tx.toEthAddr &&
  (tx.toEthAddr !== ANY_ETH_ADDR || l1.fromBjjCompressed === keyOfReceiver(tx))

const keyOfReceiver = (tx: L2Tx) => compressKey({ ay: tx.toBjjAy, sign: tx.toBjjSign })

/** An account that only a key controls needs nobody's permission. */
const openForKey = (openings: Openings, tx: L2Tx): number | Refusal =>
  execute(openings, {
    fromEthAddr: ANY_ETH_ADDR,
    fromBjjCompressed: keyOfReceiver(tx),
    tokenId: tx.tokenId,
    v: 0,
    r: toHex(0, 32),
    s: toHex(0, 32),
  })

const open = (
  openings: Openings,
  tokenId: number,
  { ethAddr, bjj, signature }: AccountAuthorisation,
): number | Refusal =>
  execute(openings, { fromEthAddr: ethAddr, fromBjjCompressed: bjj, tokenId, ...splitSignature(signature) })

function execute({ ledger, l1CoordinatorTxs, hasRoom }: Openings, tx: L1CoordinatorTx): number | Refusal {
  if (!hasRoom()) {
    return refusal('ErrNotEnoughSpaceL1Coordinator', 'it needs a new account, and the batch has no room for that')
  }
  if (isFull(ledger)) return refusal('ErrNotEnoughSpaceL1Coordinator', 'it needs a new account, and the tree is full')
  l1CoordinatorTxs.push(tx)
  return runL1CoordinatorTx(ledger, tx)
}
