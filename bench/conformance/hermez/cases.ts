/**
 * Reading the case files of the rollup (data only, format in their README) and comparing with them.
 */
import {
  type L1CoordinatorTx,
  type L1UserTx,
  type SignedL2Tx,
  ZERO_ETH_ADDR,
} from '../../../src/actors/forger/rollup/types.ts'
import type { CaseOutcome } from '../index.ts'
import type {
  BatchesFile,
  FeesFile,
  Float40File,
  KeyCase,
  L1CoordinatorCase,
  L1UserCase,
  L2Case,
  RejectsFile,
  StateTreeFile,
  TxCodecFile,
} from './case-types.ts'

/** One comparison; `problem` is null when everything was as expected. */
export type Result = CaseOutcome

/** A file of cases, told by its family; the content is taken for what the family says (case-types.ts). */
export type CaseFile =
  | { readonly name: string; readonly family: 'batches'; readonly data: BatchesFile }
  | { readonly name: string; readonly family: 'rejects'; readonly data: RejectsFile }
  | { readonly name: string; readonly family: 'float40'; readonly data: Float40File }
  | { readonly name: string; readonly family: 'fees'; readonly data: FeesFile }
  | { readonly name: string; readonly family: 'state-tree'; readonly data: StateTreeFile }
  | { readonly name: string; readonly family: 'tx-codec'; readonly data: TxCodecFile }
  | { readonly name: string; readonly family: 'keys'; readonly data: { readonly keys: readonly KeyCase[] } }
  | { readonly name: string; readonly family: 'unknown'; readonly data: unknown }

/** One comparison of a family's file. */
export type Content<Family extends CaseFile['family']> = Extract<CaseFile, { readonly family: Family }>

/** The file with its family, told by the fields it has, so that any name and any folder will do. */
export const caseFile = (name: string, data: unknown): CaseFile => ({ name, family: familyOf(data), data }) as CaseFile // the rest of the shape follows from the family

function familyOf(data: unknown): CaseFile['family'] {
  const has = (...fields: readonly string[]): boolean =>
    typeof data === 'object' && data !== null && fields.some(field => field in data)
  if (has('batches')) return 'batches'
  if (has('setup') && has('cases')) return 'rejects'
  if (has('encode', 'decode')) return 'float40'
  if (has('factors')) return 'fees'
  if (has('poseidon', 'sequences', 'leaves')) return 'state-tree'
  if (has('l2Txs', 'l1UserTxs', 'l1CoordinatorTxs')) return 'tx-codec'
  return has('keys') ? 'keys' : 'unknown'
}

/** The first difference between what we have and what is expected, as text, or null. bigint and number equal their digits. */
export function difference(actual: unknown, expected: unknown, at = ''): string | null {
  if (typeof expected !== 'object' || expected === null) {
    const shown = typeof actual === 'bigint' || typeof actual === 'number' ? actual.toString() : actual
    const wanted = typeof expected === 'number' ? expected.toString() : expected
    return shown === wanted ? null : `${at || 'value'} is ${String(shown)}, expected ${String(wanted)}`
  }
  if (Array.isArray(expected) && (!Array.isArray(actual) || actual.length !== expected.length)) {
    return `${at} has ${Array.isArray(actual) ? actual.length : 'no'} entries, expected ${expected.length}`
  }
  for (const [key, wanted] of Object.entries(expected)) {
    const found = difference((actual as Record<string, unknown> | undefined)?.[key], wanted, at ? `${at}.${key}` : key)
    if (found !== null) return found
  }
  return null
}

/** The named fields of each entry that has them. */
export const pick = (entries: readonly object[], fields: readonly string[]): object[] =>
  entries.map(entry => Object.fromEntries(Object.entries(entry).filter(([field]) => fields.includes(field))))

/** Runs a check and turns an unexpected throw into a problem. */
export function result(name: string, check: () => string | null): Result {
  try {
    return { name, problem: check() }
  } catch (error) {
    return { name, problem: `threw ${error instanceof Error ? error.message : String(error)}` }
  }
}

export const l1UserTxOf = (tx: L1UserCase): L1UserTx => ({
  fromEthAddr: tx.fromEthAddr,
  fromBjjCompressed: tx.fromBjjCompressed,
  fromIdx: Number(tx.fromIdx),
  loadAmountF: Number(tx.loadAmountF),
  amountF: Number(tx.amountF),
  tokenId: Number(tx.tokenID),
  toIdx: Number(tx.toIdx),
})

export const l1CoordinatorTxOf = (tx: Omit<L1CoordinatorCase, 'position'>): L1CoordinatorTx => ({
  fromEthAddr: tx.fromEthAddr,
  fromBjjCompressed: tx.fromBjjCompressed,
  tokenId: Number(tx.tokenID),
  v: Number(tx.v),
  r: tx.r,
  s: tx.s,
})

/** `auxToIdx` is left out on purpose: finding the receiver is part of what is compared. */
export const l2TxOf = (tx: L2Case): SignedL2Tx => ({
  fromIdx: Number(tx.fromIdx),
  toIdx: Number(tx.toIdx),
  tokenId: Number(tx.tokenID),
  amount: BigInt(tx.amount),
  nonce: Number(tx.nonce),
  userFee: tx.userFee,
  maxNumBatch: Number(tx.maxNumBatch ?? 0),
  toEthAddr: tx.toEthAddr,
  toBjjAy: BigInt(tx.toBjjAy),
  toBjjSign: tx.toBjjSign,
  rqOffset: tx.rqOffset ?? 0,
  rqTxCompressedDataV2: BigInt(tx.rqTxCompressedDataV2 ?? 0),
  rqToEthAddr: tx.rqToEthAddr ?? ZERO_ETH_ADDR,
  rqToBjjAy: BigInt(tx.rqToBjjAy ?? 0),
  signature: tx.signature ?? '0x',
})
