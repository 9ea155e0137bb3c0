/**
 * The face of the rollup engine: what the rest of the forger may use. Pure: no I/O, no clock, no randomness; it is meant to
 * run in a worker thread, which keeps RollupState and exit trees for itself and exchanges plain data.
 */
export {
  authorisationDigest,
  authorisationSigner,
  ethAddressOfKey,
  joinSignature,
  signAuthorisation,
  splitSignature,
} from './authorisation.ts'
export { applyForged, type AppliedBatch, type ForgedBatch } from './replay.ts'
export { type BatchRequest, buildBatch, type BuiltBatch } from './batch.ts'
export { bjjFromEthKey, compressKey, expandKey, secretFromSeed, seedFromEthKey } from './bjj.ts'
export type { ZkInputs } from './circuit-inputs.ts'
export { decodeFeeIdxs, decodeTxsData, type ForgeArguments, splitL1CoordinatorTxs } from './encoding.ts'
export { MalformedEncoding, RefusedTransaction, type RefusalReason, ReplayMismatch } from './errors.ts'
export { feeOf } from './fees.ts'
export { decodeFloat40, encodeFloat40, exactFloat40, floorFloat40, roundFloat40 } from './float40.ts'
export { decodeL1UserTx, encodeL1UserTx, l1CoordinatorTxId, l1UserTxId } from './l1-codec.ts'
export { hashToSign, l2TxId, txCompressedData, txCompressedDataV2 } from './l2-codec.ts'
export { signL2, verifyL2Signature } from './l2-signature.ts'
export { offsetOf, relativeOf } from './links.ts'
export { findReceiver } from './receiver.ts'
export {
  type AccountAuthorisation,
  type DiscardedTx,
  type FeeAccount,
  type PoolTx,
  type Selection,
  type SelectionRequest,
  selectTransactions,
} from './selection.ts'
export { accountAt, accountsOf, emptyState, rootOf, type RollupState, stateFrom } from './state.ts'
export type { AccountLeaf, BjjKey, Circuit, Hex, L1CoordinatorTx, L1UserTx, L2Tx, SignedL2Tx } from './types.ts'
