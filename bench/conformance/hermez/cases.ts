/**
 * Reading the case files of the rollup (data only, format in their README) and comparing with them.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import {
  type L1CoordinatorTx,
  type L1UserTx,
  type SignedL2Tx,
  ZERO_ETH_ADDR,
} from '../../../src/actors/forger/rollup/types.ts'
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
export interface Result {
  readonly name: string
  readonly problem: string | null
}

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

/** Every case file below a folder, in order of name; families are told by content, so that other folders work too. */
export function* caseFiles(dir: string): Generator<CaseFile> {
  for (const path of jsonFiles(dir)) {
    const data: unknown = JSON.parse(readFileSync(path, 'utf8'))
    // The family is told by the fields, and the rest of the shape follows from it.
    yield { name: relative(dir, path), family: familyOf(data), data } as CaseFile
  }
}

function* jsonFiles(dir: string): Generator<string> {
  for (const entry of readdirSync(dir).toSorted()) {
    const path = join(dir, entry)
    if (statSync(path).isDirectory()) yield* jsonFiles(path)
    else if (entry.endsWith('.json')) yield path
  }
}

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

/** Runs a check and turns an unexpected throw into a problem. */
export function result(name: string, check: () => string | null): Result {
  try {
    return { name, problem: check() }
  } catch (error) {
    return { name, problem: `threw ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` }
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
