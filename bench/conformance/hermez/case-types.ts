/**
 * The shapes of the rollup's case files, as their README describes them. Files are read without validation: a field that is
 * missing or different shows up as a difference. Numbers are decimal strings unless they are small.
 */
import type { Circuit, Hex } from '../../../src/actors/forger/rollup/types.ts'

export interface Float40File {
  readonly encode?: readonly { readonly value: string }[]
  readonly decode?: readonly { readonly float40: string }[]
}

export interface KeyCase {
  readonly index: number
  readonly privateKey: Hex
  readonly ethAddr: Hex
  readonly ay: string
  readonly sign: 0 | 1
}

export interface FeesFile {
  readonly factors: readonly string[]
  readonly fullColumns?: readonly { readonly amount: string; readonly fees: readonly string[] }[]
  readonly random?: readonly FeeCase[]
  readonly edge?: readonly FeeCase[]
}

export interface FeeCase {
  readonly amount: string
  readonly selector: number
  readonly fee: string | null
}

export interface StateTreeFile {
  readonly poseidon?: readonly { readonly inputs: readonly string[]; readonly hash: string }[]
  readonly nodes?: readonly NodeCase[]
  readonly leaves?: readonly LeafCase[]
  readonly sequences?: readonly { readonly name: string; readonly ops: readonly TreeOperation[] }[]
}

export interface NodeCase {
  readonly left: string
  readonly right: string
  readonly middle: string
  readonly key: string
  readonly value: string
  readonly leaf: string
}

export interface LeafCase {
  readonly tokenID: string
  readonly nonce: string
  readonly balance: string
  readonly sign: string
  readonly ay: string
  readonly ethAddr: Hex
  readonly elements: readonly string[]
  readonly hash: string
}

export interface TreeOperation {
  readonly op: 'insert' | 'update' | 'find'
  readonly key: string
  readonly value: string
}

export interface L2Case {
  readonly chainID: string
  readonly fromIdx: string
  readonly toIdx: string
  readonly tokenID: string
  readonly amount: string
  readonly nonce: string
  readonly userFee: number
  readonly maxNumBatch?: string
  readonly toEthAddr: Hex
  readonly toBjjAy: string
  readonly toBjjSign: 0 | 1
  readonly auxToIdx?: string
  readonly rqOffset?: number
  readonly rqTxCompressedDataV2?: string
  readonly rqToEthAddr?: Hex
  readonly rqToBjjAy?: string
  readonly signature?: Hex | null
}

export interface L2CodecCase extends L2Case {
  readonly signerPrivateKey: Hex
  readonly amountF: string
  readonly toBjjCompressed: Hex
  readonly auxToIdx: string
  readonly rqTx: L2Case | null
  readonly expected: { readonly dataAvailability: Readonly<Record<string, Hex>> }
}

export interface L1UserCase {
  readonly fromEthAddr: Hex
  readonly fromBjjCompressed: Hex
  readonly fromIdx: string
  readonly loadAmountF: string
  readonly amountF: string
  readonly tokenID: string
  readonly toIdx: string
  readonly toForgeL1TxsNum: string
  readonly position: number
}

export interface L1UserCodecCase extends L1UserCase {
  readonly chainID: string
  readonly loadAmount: string
  readonly amount: string
  readonly effectiveAmount: string
  readonly expected: { readonly encoded: Hex; readonly dataAvailability: Readonly<Record<string, Hex>> }
}

export interface L1CoordinatorCase {
  readonly fromEthAddr: Hex
  readonly fromBjjCompressed: Hex
  readonly tokenID: string
  readonly v: string | number
  readonly r: Hex
  readonly s: Hex
  readonly position: number
}

export interface L1CoordinatorCodecCase {
  readonly chainID: string
  readonly rollupContract: Hex
  readonly signerPrivateKey: Hex
  readonly bjjOnly: boolean
  readonly fromEthAddr: Hex
  readonly fromBjjCompressed: Hex
  readonly tokenID: string
  readonly batchNum: string
  readonly position: number
  readonly expected: { readonly encoded: Hex }
}

export interface TxCodecFile {
  readonly l2Txs?: readonly L2CodecCase[]
  readonly l1UserTxs?: readonly L1UserCodecCase[]
  readonly l1CoordinatorTxs?: readonly L1CoordinatorCodecCase[]
}

export interface BatchCase {
  readonly batchNum: string | number
  readonly l1Batch?: boolean
  readonly l1UserTxs: readonly L1UserCase[]
  readonly l1CoordinatorTxs: readonly L1CoordinatorCase[]
  readonly l2Txs: readonly L2Case[]
  readonly feeIdxs: readonly string[]
  readonly feePlanTokens?: readonly string[]
  readonly input?: Readonly<Record<string, unknown>>
  readonly expected?: {
    /** Known only with the circuit's inputs. */
    readonly stateRootBeforeFees?: string
  }
}

export interface ExpectedBatch extends BatchCase {
  readonly expected: {
    readonly stateRootBeforeFees?: string
    readonly newStateRoot: string
    readonly accountsAfter?: readonly { readonly idx: string }[]
    readonly exits?: readonly { readonly idx: string; readonly found: boolean }[]
  }
}

export interface Rollup {
  readonly circuit: Circuit
  readonly chainID: string | number
  readonly rollupContract?: Hex
  readonly keys?: readonly KeyCase[]
}

export interface BatchesFile extends Rollup {
  readonly batches: readonly ExpectedBatch[]
}

export interface RejectsFile extends Rollup {
  readonly setup: readonly ExpectedBatch[]
  readonly cases: readonly { readonly description: string; readonly error: string; readonly l2Txs: readonly L2Case[] }[]
}
