/**
 * What rows of the warehouse are worth: facts, or a clear word why not. Pure. Nothing is believed: any column may be null,
 * and a log whose transaction is missing may still fail or come.
 */
import { keccak256, stringToHex, type Hex } from 'viem'
import { decodeProofLog } from './contracts.ts'
import { keyOf, type ClosingFact, type Facts, type SessionKey, type StartFact } from './facts.ts'
import type { FamilyPlan } from './families.ts'

/** A row of block_log_events with the transaction it belongs to; bytes are hex without prefix. */
export interface LogRow {
  readonly block_id: string | null
  readonly tx_offset: number | null
  readonly log_offset: number | null
  readonly tx: string | null
  readonly topics: readonly (string | null)[] | null
  readonly data: string | null
  /** Its transaction is not in block_transactions. */
  readonly orphan: boolean
  readonly successful: boolean | null
}

/** A row of one of the predecessor's session views. */
export interface ViewRow {
  readonly start_tx: string | null
  readonly block_id: string | null
  readonly tx_offset: number | null
  readonly chain_id: string | null
  readonly height: string | null
  readonly deadline: string | null
  readonly final_tx: string | null
}

export interface Problem {
  /** Where, for people: `block_id 1928585162635558599, log 3`. */
  readonly row: string
  readonly because: string
}

export interface ReadRows {
  readonly facts: Facts
  readonly unreadable: readonly Problem[]
  /** The smallest block id with a log whose transaction is missing: what comes after it is not complete. */
  readonly gap: { readonly blockId: bigint; readonly because: string } | null
  /** The last block id; null without rows. */
  readonly last: bigint | null
}

type Plan = Pick<FamilyPlan, 'family' | 'contract' | 'heightFloor'>

const UINT64 = 1n << 64n
const HASH = /^[0-9a-f]{64}$/i

/** Logs, of any event the contract has had. Those of failed transactions are not facts. */
export function readLogRows(plan: Plan, rows: readonly LogRow[]): ReadRows {
  const starts: StartFact[] = []
  const closings: ClosingFact[] = []
  const unreadable: Problem[] = []
  let gap: ReadRows['gap'] = null
  for (const row of rows) {
    const at = `block_id ${row.block_id ?? 'null'}, transaction ${row.tx_offset ?? 'null'}, log ${row.log_offset ?? 'null'}`
    if (row.orphan) {
      gap ??= { blockId: BigInt(row.block_id ?? 0), because: `${at}: its transaction is missing in block_transactions` }
      continue
    }
    if (row.successful === false) continue
    const because = wrongWith(row)
    const event = because === null ? decodeProofLog(logOf(row)) : null
    if (because !== null || event === null) {
      unreadable.push({ row: at, because: because ?? 'its topics and data are no event of the contract' })
      continue
    }
    if (plan.heightFloor > 0n && event.blockHeight <= plan.heightFloor) continue
    const key = { family: plan.family, originChainId: event.chainId, originHeight: event.blockHeight }
    const place = { contract: plan.contract, tx: `0x${row.tx}`, block: null }
    const warehouseBlockId = BigInt(row.block_id ?? 0)
    if (event.is === 'started') starts.push({ ...key, ...place, log: null, deadline: event.deadline, warehouseBlockId })
    if (event.is === 'closed') {
      const { event: name, outcome, blockHash, agreedHash, validatorBitMap } = event
      // numbered within its transaction is all the warehouse knows; negative, so that it is no log of the chain's
      const log = -1 - (row.log_offset ?? 0)
      closings.push({ ...key, ...place, log, event: name, outcome, blockHash, agreedHash, validatorBitMap })
    }
  }
  return { facts: { starts, closings, submissions: [] }, unreadable, gap, last: lastOf(rows) }
}

/** Rows of a session view. That one is closed is all they tell of a closing. */
export function readViewRows(plan: Plan, rows: readonly ViewRow[]): ReadRows {
  const starts: StartFact[] = []
  const closings: ClosingFact[] = []
  const unreadable: Problem[] = []
  for (const row of rows) {
    const because = wrongInView(row)
    if (because !== null) {
      unreadable.push({ row: `block_id ${row.block_id ?? 'null'}, transaction ${row.tx_offset ?? 'null'}`, because })
      continue
    }
    const [originChainId, originHeight, deadline] = [row.chain_id, row.height, row.deadline].map(text =>
      BigInt(text ?? 0),
    )
    if (originChainId === undefined || originHeight === undefined || deadline === undefined) continue
    if (plan.heightFloor > 0n && originHeight <= plan.heightFloor) continue
    const key = { family: plan.family, originChainId, originHeight, contract: plan.contract, block: null }
    starts.push({ ...key, tx: `0x${row.start_tx}`, log: null, deadline, warehouseBlockId: BigInt(row.block_id ?? 0) })
    if (row.final_tx === null) continue
    const untold = { event: 'unknown', outcome: null, blockHash: null, agreedHash: null, validatorBitMap: null }
    closings.push({ ...key, ...untold, tx: `0x${row.final_tx}`, log: numberFor(key) })
  }
  return { facts: { starts, closings, submissions: [] }, unreadable, gap: null, last: lastOf(rows) }
}

/** Stands for the number of a log that nobody tells: negative, and of its own for each session that one transaction closes. */
const numberFor = (key: SessionKey): number => -1 - Number.parseInt(keccak256(stringToHex(keyOf(key))).slice(2, 9), 16)

function wrongWith({ topics, data, tx, successful }: LogRow): string | null {
  if (topics === null || topics.some(topic => topic === null)) return 'topics is null'
  if (data === null) return 'data is null'
  if (tx === null || !HASH.test(tx)) return tx === null ? 'tx_hash is null' : 'tx_hash is no hash'
  return successful === null ? 'successful is null: nobody knows whether its transaction went through' : null
}

const logOf = ({ topics, data }: LogRow): { topics: Hex[]; data: Hex } => ({
  topics: (topics ?? []).map((topic): Hex => `0x${topic}`),
  data: `0x${data}`,
})

function wrongInView({ start_tx, block_id, chain_id, height, deadline, final_tx }: ViewRow): string | null {
  const columns = { chain_id, height, deadline, block_id }
  for (const [name, text] of Object.entries(columns)) {
    if (text === null) return `${name} is null`
    if (!/^\d{1,20}$/.test(text) || BigInt(text) >= UINT64) return `${name} ${text} is no uint64`
  }
  if (start_tx === null || !HASH.test(start_tx)) return 'the hash of its start is missing'
  return final_tx === null || HASH.test(final_tx) ? null : 'the hash of its end is no hash'
}

const lastOf = (rows: readonly { readonly block_id: string | null }[]): bigint | null => {
  const last = rows.at(-1)?.block_id
  return last == null ? null : BigInt(last)
}
