/**
 * Reading the case files of the rollup (data only, format in their README) and comparing with them.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Hex, L1CoordinatorTx, L1UserTx, SignedL2Tx } from '../../../src/actors/forger/rollup/types.ts'

/** One comparison; `problem` is null when everything was as expected. */
export interface Result {
  readonly name: string
  readonly problem: string | null
}

/** A JSON object of a case file. Fields are checked by use: a missing one shows up as a difference. */
// oxlint-disable-next-line typescript/no-explicit-any -- case files are foreign data without a type, compared field by field
export type Json = any

export interface CaseFile {
  readonly name: string
  readonly family: string
  readonly data: Json
}

/** Every case file below a folder, in order of name; families are told by content, so that other folders work too. */
export function* caseFiles(dir: string): Generator<CaseFile> {
  for (const path of jsonFiles(dir)) {
    const data: Json = JSON.parse(readFileSync(path, 'utf8'))
    yield { name: relative(dir, path), family: familyOf(data), data }
  }
}

function* jsonFiles(dir: string): Generator<string> {
  for (const entry of readdirSync(dir).toSorted()) {
    const path = join(dir, entry)
    if (statSync(path).isDirectory()) yield* jsonFiles(path)
    else if (entry.endsWith('.json')) yield path
  }
}

function familyOf(data: Json): string {
  if (data.batches) return 'batches'
  if (data.setup && data.cases) return 'rejects'
  if (data.encode || data.decode) return 'float40'
  if (data.factors) return 'fees'
  if (data.poseidon || data.sequences || data.leaves) return 'state-tree'
  if (data.l2Txs || data.l1UserTxs || data.l1CoordinatorTxs) return 'tx-codec'
  return data.keys ? 'keys' : 'unknown'
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

export const l1UserTxOf = (tx: Json): L1UserTx => ({
  fromEthAddr: tx.fromEthAddr as Hex,
  fromBjjCompressed: tx.fromBjjCompressed as Hex,
  fromIdx: Number(tx.fromIdx),
  loadAmountF: Number(tx.loadAmountF),
  amountF: Number(tx.amountF),
  tokenId: Number(tx.tokenID),
  toIdx: Number(tx.toIdx),
})

export const l1CoordinatorTxOf = (tx: Json): L1CoordinatorTx => ({
  fromEthAddr: tx.fromEthAddr as Hex,
  fromBjjCompressed: tx.fromBjjCompressed as Hex,
  tokenId: Number(tx.tokenID),
  v: Number(tx.v),
  r: tx.r as Hex,
  s: tx.s as Hex,
})

/** `auxToIdx` is left out on purpose: finding the receiver is part of what is compared. */
export const l2TxOf = (tx: Json): SignedL2Tx => ({
  fromIdx: Number(tx.fromIdx),
  toIdx: Number(tx.toIdx),
  tokenId: Number(tx.tokenID),
  amount: BigInt(tx.amount),
  nonce: Number(tx.nonce),
  userFee: tx.userFee,
  maxNumBatch: Number(tx.maxNumBatch ?? 0),
  toEthAddr: tx.toEthAddr as Hex,
  toBjjAy: BigInt(tx.toBjjAy),
  toBjjSign: tx.toBjjSign,
  rqOffset: tx.rqOffset ?? 0,
  rqTxCompressedDataV2: BigInt(tx.rqTxCompressedDataV2 ?? 0),
  rqToEthAddr: (tx.rqToEthAddr ?? `0x${'0'.repeat(40)}`) as Hex,
  rqToBjjAy: BigInt(tx.rqToBjjAy ?? 0),
  signature: (tx.signature ?? '0x') as Hex,
})
