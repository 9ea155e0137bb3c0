/**
 * What a case says twice, or could not be true otherwise: decoded amounts, kinds of L2 transactions, places in the queue, and
 * that those named as owners have signed. It is compared like everything else, so that nothing in a case is only decoration.
 */
import {
  authorisationDigest,
  authorisationSigner,
  ethAddressOfKey,
} from '../../../src/actors/forger/rollup/authorisation.ts'
import { decodeFloat40, exactFloat40 } from '../../../src/actors/forger/rollup/float40.ts'
import { verifyL2Signature } from '../../../src/actors/forger/rollup/l2-signature.ts'
import { accountAt, type RollupState } from '../../../src/actors/forger/rollup/state.ts'
import { ANY_ETH_ADDR, type Hex, ZERO_ETH_ADDR } from '../../../src/actors/forger/rollup/types.ts'
import { difference, l1CoordinatorTxOf, l2TxOf, pick } from './cases.ts'
import type { BatchCase, L1CoordinatorCase, L2Case, Rollup } from './case-types.ts'

/** The first thing that is not so. `queue` is the L1 queue that the batch consumes; `after` the state it leaves. */
export function givenDifference(file: Rollup, batch: BatchCase, queue: number, after: RollupState): string | null {
  if (batch.l1UserTxs.length > 0 && batch.l1Batch === false) return 'a batch with L1 user transactions is no L1 batch'
  const users = batch.l1UserTxs.map((tx, position) => ({
    loadAmount: decodeFloat40(Number(tx.loadAmountF)),
    amount: decodeFloat40(Number(tx.amountF)),
    toForgeL1TxsNum: queue,
    position,
  }))
  const transfers = batch.l2Txs.map(tx => ({
    type: typeOf(tx),
    chainID: file.chainID,
    amountF: exactFloat40(BigInt(tx.amount)),
  }))
  return (
    difference(users, pick(batch.l1UserTxs, ['loadAmount', 'amount', 'toForgeL1TxsNum', 'position']), 'l1UserTxs') ??
    difference(transfers, pick(batch.l2Txs, ['type', 'chainID', 'amountF']), 'l2Txs') ??
    unsigned(file, batch, after) ??
    unauthorised(file, batch.l1CoordinatorTxs)
  )
}

function typeOf({ toIdx, toEthAddr }: L2Case): string {
  if (toIdx === '1') return 'Exit'
  if (toIdx !== '0') return 'Transfer'
  return toEthAddr === ANY_ETH_ADDR ? 'TransferToBJJ' : 'TransferToEthAddr'
}

/** Every signature that is there must be of the sender's key. */
function unsigned({ chainID }: Rollup, { l2Txs }: BatchCase, after: RollupState): string | null {
  const at = l2Txs.findIndex(json => {
    const sender = accountAt(after, Number(json.fromIdx))
    return json.signature && sender !== undefined && !verifyL2Signature(l2TxOf(json), sender, Number(chainID))
  })
  return at < 0 ? null : `l2Txs.${at}.signature is not the sender's`
}

/** Addresses of cases may be those of the wallet library (oracle-address.ts): then the key behind it must have signed. */
function unauthorised(
  { keys = [], chainID, rollupContract = ZERO_ETH_ADDR }: Rollup,
  txs: readonly L1CoordinatorCase[],
): string | null {
  const ownersOf = (named: Hex): readonly (Hex | null)[] => [
    named,
    ...keys.filter(({ ethAddr }) => ethAddr === named).map(({ privateKey }) => ethAddressOfKey(privateKey)),
  ]
  const at = txs.findIndex(json => {
    const tx = l1CoordinatorTxOf(json)
    if (tx.v === 0) return tx.fromEthAddr !== ANY_ETH_ADDR
    const digest = authorisationDigest(tx.fromBjjCompressed, Number(chainID), rollupContract)
    return !ownersOf(tx.fromEthAddr).includes(authorisationSigner(digest, tx))
  })
  return at < 0 ? null : `l1CoordinatorTxs.${at} is not authorised by its owner`
}
