/**
 * Applies a batch that is already on the chain, our own or another coordinator's, from its calldata and its L1 transactions,
 * and checks the outcome against what the contract stored. Signatures and nonces need no check: the proof covered them.
 */
import { type BuiltBatch, buildBatch } from './batch.ts'
import { authorisationDigest, authorisationSigner } from './authorisation.ts'
import {
  type AvailabilityTx,
  decodeFeeIdxs,
  decodeTxsData,
  type ForgeArguments,
  splitL1CoordinatorTxs,
} from './encoding.ts'
import { MalformedEncoding, RefusedTransaction, ReplayMismatch } from './errors.ts'
import { decodeFloat40 } from './float40.ts'
import { decodeL1CoordinatorTx } from './l1-codec.ts'
import { accountAt, type RollupState } from './state.ts'
import { NO_LINK } from './links.ts'
import {
  type BatchRequest,
  type Circuit,
  type Hex,
  type L1CoordinatorTx,
  type L1UserTx,
  NO_IDX,
  type SignedL2Tx,
  ZERO_ETH_ADDR,
} from './types.ts'

/** A forged batch as the chain shows it. */
export interface ForgedBatch {
  readonly batchNum: number
  readonly chainId: number
  readonly rollup: Hex
  /** Only `nLevels` and the slot counts matter; the verifier chosen in the call tells them. */
  readonly circuit: Circuit
  /** The consumed L1 queue in order; empty for an L2 batch. */
  readonly l1UserTxs: readonly L1UserTx[]
  readonly forgeArguments: ForgeArguments
}

/** A batch read back from the chain. `l2Txs` carry the resolved receiver as `toIdx` and no signature. */
export interface AppliedBatch extends BuiltBatch {
  readonly l1CoordinatorTxs: readonly L1CoordinatorTx[]
  readonly l2Txs: readonly SignedL2Tx[]
  readonly feeIdxs: readonly number[]
}

/** The state after a forged batch. Throws ReplayMismatch when roots or the last index differ from the chain's. */
export function applyForged(state: RollupState, forged: ForgedBatch): AppliedBatch {
  const { forgeArguments, circuit, batchNum, chainId, l1UserTxs } = forged
  const l1CoordinatorTxs = splitL1CoordinatorTxs(forgeArguments.encodedL1CoordinatorTx).map(bytes =>
    decodeL1CoordinatorTx(bytes, tx => signerOf(forged, tx)),
  )
  const data = decodeTxsData(circuit.nLevels, forgeArguments.l1L2TxsData)
  const tokenOf = tokensAfter(state, [...l1UserTxs.filter(tx => tx.fromIdx === NO_IDX), ...l1CoordinatorTxs])
  const l2Txs = l2TxsOf(state, data.slice(l1UserTxs.length + l1CoordinatorTxs.length), tokenOf)
  const feeIdxs = decodeFeeIdxs(circuit.nLevels, forgeArguments.feeIdxCoordinator)
  const built = replay(state, { batchNum, chainId, circuit, l1UserTxs, l1CoordinatorTxs, l2Txs, feeIdxs })
  checkOutcome(built, forged)
  return { ...built, l1CoordinatorTxs, l2Txs, feeIdxs }
}

function signerOf({ chainId, rollup }: ForgedBatch, tx: Omit<L1CoordinatorTx, 'fromEthAddr'>): Hex {
  const signer = authorisationSigner(authorisationDigest(tx.fromBjjCompressed, chainId, rollup), tx)
  if (signer === null) throw new MalformedEncoding('an account creation without a valid authorisation')
  return signer
}

/** The transactions as far as calldata tells; each nonce is the sender's next one, empty slots are left out. */
function l2TxsOf(state: RollupState, data: readonly AvailabilityTx[], tokenOf: (idx: number) => number): SignedL2Tx[] {
  const nonces = new Map<number, number>()
  return data
    .filter(({ fromIdx }) => fromIdx !== NO_IDX)
    .map(({ fromIdx, toIdx, amountF, userFee }) => {
      const nonce = nonces.get(fromIdx) ?? accountAt(state, fromIdx)?.nonce ?? 0
      nonces.set(fromIdx, nonce + 1)
      const amount = decodeFloat40(amountF)
      return { ...UNKNOWN_PARTS, fromIdx, toIdx, tokenId: tokenOf(fromIdx), amount, nonce, userFee }
    })
}

/** The token of an account, also of those that `created` will make in this order; an unknown account gives 0. */
const tokensAfter =
  (state: RollupState, created: readonly { readonly tokenId: number }[]) =>
  (idx: number): number =>
    accountAt(state, idx)?.tokenId ?? created[idx - state.lastIdx - 1]?.tokenId ?? 0

/** What calldata does not carry; none of it changes the state. */
const UNKNOWN_PARTS = {
  maxNumBatch: 0,
  toEthAddr: ZERO_ETH_ADDR,
  toBjjAy: 0n,
  toBjjSign: 0,
  ...NO_LINK,
  signature: '0x',
} as const

/** A forged batch that does not even run means that this is not the state it was forged on. */
function replay(state: RollupState, request: BatchRequest): BuiltBatch {
  try {
    return buildBatch(state, request)
  } catch (cause) {
    if (!(cause instanceof RefusedTransaction)) throw cause
    throw new ReplayMismatch(`batch ${request.batchNum} cannot be replayed: ${cause.message}`, {
      cause,
      facts: { batchNum: request.batchNum, ...cause.facts },
    })
  }
}

function checkOutcome(built: BuiltBatch, { batchNum, forgeArguments }: ForgedBatch): void {
  const { newLastIdx, newStRoot, newExitRoot } = forgeArguments
  if (built.newLastIdx === newLastIdx && built.newStateRoot === newStRoot && built.newExitRoot === newExitRoot) return
  throw new ReplayMismatch(`batch ${batchNum} gives another result here than on the chain`, {
    facts: {
      batchNum,
      lastIdxHere: built.newLastIdx,
      lastIdxOnChain: newLastIdx,
      stateRootHere: built.newStateRoot.toString(),
      stateRootOnChain: newStRoot.toString(),
      exitRootHere: built.newExitRoot.toString(),
      exitRootOnChain: newExitRoot.toString(),
    },
  })
}
