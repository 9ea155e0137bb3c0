/**
 * What a wallet does: makes a transfer between two accounts and writes it, signed, as the pool API takes it.
 */
import { l2TxId } from '../rollup/l2-codec.ts'
import { signL2 } from '../rollup/l2-signature.ts'
import { NO_LINK } from '../rollup/links.ts'
import { ZERO_ETH_ADDR, type L2Tx } from '../rollup/types.ts'

export type Transfer = Pick<L2Tx, 'fromIdx' | 'toIdx' | 'amount' | 'nonce' | 'userFee'>

/** A transfer of ether to an account index, linked to nothing. */
export const transferOf = (transfer: Transfer): L2Tx => ({
  ...transfer,
  tokenId: 0,
  maxNumBatch: 0,
  toEthAddr: ZERO_ETH_ADDR,
  toBjjAy: 0n,
  toBjjSign: 0,
  ...NO_LINK,
})

/** The body of `POST /v1/transactions-pool`, signed with the sender's BabyJubJub seed. */
export const submissionOf = (tx: L2Tx, chainId: number, seed: Uint8Array): string =>
  JSON.stringify({
    id: l2TxId(tx),
    type: 'Transfer',
    tokenId: tx.tokenId,
    fromAccountIndex: `hez:ETH:${tx.fromIdx}`,
    toAccountIndex: `hez:ETH:${tx.toIdx}`,
    amount: String(tx.amount),
    fee: tx.userFee,
    nonce: tx.nonce,
    signature: signL2(tx, chainId, seed).slice(2),
  })
