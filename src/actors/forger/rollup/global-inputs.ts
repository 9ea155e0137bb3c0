/**
 * The one public input of the circuit: sha256 over everything the contract knows about the batch, modulo the field (9.8).
 */
import { createHash } from 'node:crypto'
import { bytesOf, concat, toBigInt, toBytes } from './bytes.ts'
import { MalformedEncoding } from './errors.ts'
import { FIELD } from './field.ts'
import { L1_USER_BYTES } from './l1-codec.ts'
import type { Circuit, Hex } from './types.ts'

/** L1 slots and fee slots of the deployed contract, whatever the circuit of a test has. */
export const CONTRACT_MAX_L1_TX = 256
export const CONTRACT_MAX_FEE_TX = 64

export interface GlobalInputs {
  readonly oldLastIdx: number
  readonly newLastIdx: number
  readonly oldStateRoot: bigint
  readonly newStateRoot: bigint
  readonly newExitRoot: bigint
  /** 78 bytes each, users' then the coordinator's, without padding. */
  readonly l1TxsFullData: Hex
  /** Without padding. */
  readonly l1L2TxsData: Hex
  readonly feeIdxCoordinator: Hex
  readonly chainId: number
  readonly batchNum: number
}

/** The bytes hashed, padded to the sizes of `circuit`. */
export function globalInputBytes(inputs: GlobalInputs, circuit: Circuit): Uint8Array {
  const width = circuit.nLevels / 8
  return concat(
    toBytes(inputs.oldLastIdx, 6),
    toBytes(inputs.newLastIdx, 6),
    toBytes(inputs.oldStateRoot, 32),
    toBytes(inputs.newStateRoot, 32),
    toBytes(inputs.newExitRoot, 32),
    padded(inputs.l1TxsFullData, circuit.maxL1Tx * L1_USER_BYTES),
    padded(inputs.l1L2TxsData, circuit.maxTx * (2 * width + 6)),
    padded(inputs.feeIdxCoordinator, circuit.maxFeeTx * width),
    toBytes(inputs.chainId, 2),
    toBytes(inputs.batchNum, 4),
  )
}

/** `hashGlobalInputs` for the L1 and fee slots of `circuit`. */
export const hashGlobalInputs = (inputs: GlobalInputs, circuit: Circuit): bigint =>
  toBigInt(createHash('sha256').update(globalInputBytes(inputs, circuit)).digest()) % FIELD

/** The same circuit with the slot counts of the deployed contract. */
export const contractSizes = (circuit: Circuit): Circuit => ({
  ...circuit,
  maxL1Tx: CONTRACT_MAX_L1_TX,
  maxFeeTx: CONTRACT_MAX_FEE_TX,
})

function padded(data: Hex, size: number): Uint8Array {
  const bytes = bytesOf(data)
  if (bytes.length > size) throw new MalformedEncoding(`${bytes.length} bytes of data where ${size} have room`)
  return concat(bytes, new Uint8Array(size - bytes.length))
}
