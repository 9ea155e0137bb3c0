/**
 * The plain data of the rollup engine: everything here survives a structured clone, so that it can cross to a worker.
 *
 * Indices, token numbers, nonces and 40-bit floats are JavaScript integers (at most 48 bits); amounts, keys and hashes are
 * bigint. Addresses and byte strings are lower-case `0x…`.
 */
export type Hex = `0x${string}`

/** Special account indices: 0 no account, 1 exit, 255 the last index of an empty rollup (the first account is 256). */
export const NO_IDX = 0
export const EXIT_IDX = 1
export const INITIAL_LAST_IDX = 255

/** "Any address": the owner of an account that only a BabyJubJub key controls, and the receiver address of a key transfer. */
export const ANY_ETH_ADDR: Hex = `0x${'f'.repeat(40)}`
export const ZERO_ETH_ADDR: Hex = `0x${'0'.repeat(40)}`

/** Sizes of the circuit a batch is made for. */
export interface Circuit {
  readonly maxTx: number
  readonly nLevels: number
  readonly maxL1Tx: number
  readonly maxFeeTx: number
}

/** A BabyJubJub public key as the circuit keeps it: the y coordinate and whether x is in the upper half. */
export interface BjjKey {
  readonly ay: bigint
  readonly sign: 0 | 1
}

/** One account of the state tree, or (with nonce 0 and the exit amount as balance) of an exit tree. */
export interface AccountLeaf extends BjjKey {
  readonly idx: number
  readonly tokenId: number
  readonly nonce: number
  readonly balance: bigint
  readonly ethAddr: Hex
}

/** A transaction of the contract's L1 queue; floats as they were emitted, also when they are not canonical. */
export interface L1UserTx {
  readonly fromEthAddr: Hex
  /** Compressed key as the contract's number, 32 bytes big-endian; zero when the sender account exists. */
  readonly fromBjjCompressed: Hex
  readonly fromIdx: number
  readonly loadAmountF: number
  readonly amountF: number
  readonly tokenId: number
  readonly toIdx: number
}

/** An account created by the coordinator on the owner's authorisation, or for a key alone (v, r and s zero). */
export interface L1CoordinatorTx {
  readonly fromEthAddr: Hex
  readonly fromBjjCompressed: Hex
  readonly tokenId: number
  readonly v: number
  readonly r: Hex
  readonly s: Hex
}

/** What the owner of an L2 account signs. Fields that are not used are zero. */
export interface L2Tx {
  readonly fromIdx: number
  readonly toIdx: number
  readonly tokenId: number
  readonly amount: bigint
  readonly nonce: number
  /** Fee selector, 0 to 255. */
  readonly userFee: number
  readonly maxNumBatch: number
  readonly toEthAddr: Hex
  readonly toBjjAy: bigint
  readonly toBjjSign: 0 | 1
  readonly rqOffset: number
  readonly rqTxCompressedDataV2: bigint
  readonly rqToEthAddr: Hex
  readonly rqToBjjAy: bigint
}

/** A signed transfer or exit. `auxToIdx` is the receiver found for an address or a key, absent or 0 until somebody looked. */
export interface SignedL2Tx extends L2Tx {
  /** 64 bytes: compressed R8 and S, both little-endian. */
  readonly signature: Hex
  readonly auxToIdx?: number
}

/** A batch to build. L1 user transactions belong only to an L1 batch. */
export interface BatchRequest {
  readonly batchNum: number
  readonly circuit: Circuit
  readonly chainId: number
  readonly l1UserTxs: readonly L1UserTx[]
  readonly l1CoordinatorTxs: readonly L1CoordinatorTx[]
  readonly l2Txs: readonly SignedL2Tx[]
  /** Fee accounts in slot order. */
  readonly feeIdxs: readonly number[]
  /** Token collected in each slot; by default the token of its account. */
  readonly feePlanTokens?: readonly number[]
  /** Whether `inputs` are wanted; they cost most of the hashing. */
  readonly withInputs?: boolean
}
