/**
 * Small rollups for the engine's tests: accounts with balances, transactions without signatures that matter.
 */
import { l2TxId } from '../../../../src/actors/forger/rollup/l2-codec.ts'
import type { PoolTx, SelectionRequest } from '../../../../src/actors/forger/rollup/selection-types.ts'
import { stateFrom, type RollupState } from '../../../../src/actors/forger/rollup/state.ts'
import { NO_LINK } from '../../../../src/actors/forger/rollup/links.ts'
import {
  type AccountLeaf,
  type Circuit,
  type Hex,
  type SignedL2Tx,
  ZERO_ETH_ADDR,
} from '../../../../src/actors/forger/rollup/types.ts'

export const CIRCUIT: Circuit = { maxTx: 8, nLevels: 32, maxL1Tx: 4, maxFeeTx: 2 }

/** An address that ends in the given number. */
export const address = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`

export const bytes32 = (number: number): Hex => `0x${number.toString(16).padStart(64, '0')}`

/** Account `idx` of owner `idx` and key `idx`, with 1000 of token 1 unless told otherwise. */
export const account = (idx: number, parts: Partial<AccountLeaf> = {}): AccountLeaf => ({
  idx,
  tokenId: 1,
  nonce: 0,
  balance: 1000n,
  ay: BigInt(idx),
  sign: 0,
  ethAddr: address(idx),
  ...parts,
})

export const stateOf = (...accounts: readonly AccountLeaf[]): RollupState =>
  stateFrom(accounts, Math.max(255, ...accounts.map(({ idx }) => idx)))

/** A transfer of 10 of token 1 from 256 to 257 with selector 0 and nonce 0 unless told otherwise. */
export const transfer = (parts: Partial<SignedL2Tx> = {}): SignedL2Tx => ({
  fromIdx: 256,
  toIdx: 257,
  tokenId: 1,
  amount: 10n,
  nonce: 0,
  userFee: 0,
  maxNumBatch: 0,
  toEthAddr: ZERO_ETH_ADDR,
  toBjjAy: 0n,
  toBjjSign: 0,
  ...NO_LINK,
  signature: `0x${'0'.repeat(128)}`,
  ...parts,
})

export const pooled = (parts: Partial<PoolTx> = {}): PoolTx => {
  const tx = transfer(parts)
  return { ...tx, txId: l2TxId(tx), feeValue: 1, ...parts }
}

/** A request over `pool` in which account 256's owner collects the fees. */
export const requestFor = (pool: readonly PoolTx[], parts: Partial<SelectionRequest> = {}): SelectionRequest => ({
  batchNum: 1,
  circuit: CIRCUIT,
  chainId: 1337,
  l1UserTxs: [],
  futureL1UserTxs: [],
  pool,
  authorisations: new Map(),
  feeAccount: { ethAddr: address(256), bjj: bytes32(256), signature: `0x${'1'.repeat(130)}` },
  ...parts,
})
