/**
 * What came of it: from the daemon's database how fast, from the chain itself whether anything was lost or done twice.
 */
import { Client } from 'pg'
import { createPublicClient, decodeFunctionData, http, type PublicClient } from 'viem'
import { rollupAbi } from '../../src/actors/forger/contracts.ts'
import { decodeTxsData } from '../../src/actors/forger/rollup/encoding.ts'
import { decodeFloat40 } from '../../src/actors/forger/rollup/float40.ts'
import type { Sent } from './traffic.ts'
import type { LoadWorld } from './world.ts'

export interface ChainOutcome {
  readonly batches: number
  /** Accepted transfers that no forged batch contains. */
  readonly lost: number
  /** Accepted transfers that are contained more than once. */
  readonly twice: number
  /** Transactions of the forger that were mined and reverted. */
  readonly reverted: number
}

/** Reads every forged batch from calldata, through logs, as anybody could. */
export async function judgeChain(world: LoadWorld, accepted: readonly Sent[]): Promise<ChainOutcome> {
  const chain = createPublicClient({ transport: http(world.anvil.rpcUrl, { batch: true }) })
  const head = await chain.getBlockNumber({ cacheTime: 0 })
  const seen = new Map<string, number>()
  let batches = 0
  let reverted = 0
  for (let number = world.contracts.deployedAtBlock; number <= head; number += 1n) {
    const block = await chain.getBlock({ blockNumber: number, includeTransactions: true })
    const ours = block.transactions.filter(tx => tx.from.toLowerCase() === world.forger.toLowerCase())
    for (const tx of ours) {
      const receipt = await chain.getTransactionReceipt({ hash: tx.hash })
      if (receipt.status === 'reverted') reverted += 1
      else if (tx.input !== '0x') {
        batches += 1
        for (const name of transfersIn(tx.input)) seen.set(name, (seen.get(name) ?? 0) + 1)
      }
    }
  }
  const counts = accepted.map(sent => seen.get(nameOf(sent)) ?? 0)
  return { batches, reverted, lost: counts.filter(n => n === 0).length, twice: counts.filter(n => n > 1).length }
}

const nameOf = ({ fromIdx, amount }: Sent): string => `${fromIdx}:${amount}`

function transfersIn(input: `0x${string}`): string[] {
  const call = decodeFunctionData({ abi: rollupAbi, data: input })
  if (call.functionName !== 'forgeBatch') return []
  return decodeTxsData(32, call.args[4]).map(tx => nameOf({ fromIdx: tx.fromIdx, amount: decodeFloat40(tx.amountF) }))
}

export interface Speed {
  readonly proven: number
  /** Achieved proofs / (provers × time / time of a proof), from the first posting to the last proof. */
  readonly utilisation: number | null
  /** Time from the first posting to the last proof / the time the provers worked, failed tries included, at that together. */
  readonly wallToProvers: number | null
  /** Milliseconds from the proof in the database to the first byte sent. */
  readonly proofToBroadcast: Percentiles
  /** The same from the moment all batches before it were proven as well: batches are sent in order. */
  readonly inLineToBroadcast: Percentiles
  /** Milliseconds from a built batch and an idle prover, whichever was later, to the posted input. */
  readonly scheduleToPost: Percentiles
}

export interface Percentiles {
  readonly p50: number | null
  readonly p90: number | null
  readonly p99: number | null
  readonly max: number | null
}

/** `warmUp`: the first so many batches do not count. */
export async function measureSpeed(
  world: LoadWorld,
  databaseUrl: string,
  { provers, proofMs, warmUp }: { readonly provers: number; readonly proofMs: number; readonly warmUp: number },
): Promise<Speed> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    const jobs = await client.query<Job>(
      `select j.prover, j.state, j.posted_at, j.ended_at, b.created_at, b.num from forger.prover_job j
       join forger.batch b on b.id = j.batch_id where b.num > $1 order by j.posted_at`,
      [warmUp],
    )
    const sends = await client.query<{ ms: string; in_line_ms: string }>(
      `with sent as (
         select b.num, b.proven_at, min(a.broadcast_at) as broadcast_at from forger.batch b
         join kernel.intent i on i.key = b.intent_key join kernel.attempt a on a.intent_id = i.id
         where b.num > $1 and b.proven_at is not null and a.broadcast_at is not null group by b.id
       )
       select extract(epoch from broadcast_at - proven_at) * 1000 as ms,
         extract(epoch from broadcast_at - max(proven_at) over (order by num)) * 1000 as in_line_ms from sent`,
      [warmUp],
    )
    const proven = jobs.rows.filter(job => job.state === 'proven')
    const first = Math.min(...jobs.rows.map(job => job.posted_at.getTime()))
    const last = Math.max(...proven.map(job => job.ended_at?.getTime() ?? 0))
    const possible = (provers * (last - first)) / proofMs
    const worked = jobs.rows.reduce(
      (sum, job) => sum + ((job.ended_at ?? job.posted_at).getTime() - job.posted_at.getTime()),
      0,
    )
    return {
      proven: proven.length,
      utilisation: proven.length === 0 ? null : round(proven.length / possible, 3),
      wallToProvers: worked === 0 ? null : round(((last - first) * provers) / worked, 3),
      proofToBroadcast: percentiles(sends.rows.map(row => Number(row.ms))),
      inLineToBroadcast: percentiles(sends.rows.map(row => Number(row.in_line_ms))),
      scheduleToPost: percentiles(waits(jobs.rows)),
    }
  } finally {
    await client.end()
  }
}

interface Job {
  readonly prover: string
  readonly state: string
  readonly posted_at: Date
  readonly ended_at: Date | null
  readonly created_at: Date
}

function waits(jobs: readonly Job[]): number[] {
  const idleSince = new Map<string, number>()
  return jobs.flatMap(job => {
    const idle = idleSince.get(job.prover)
    idleSince.set(job.prover, job.ended_at?.getTime() ?? job.posted_at.getTime())
    return idle === undefined ? [] : [job.posted_at.getTime() - Math.max(idle, job.created_at.getTime())]
  })
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (part: number): number | null => {
    const value = sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * part) - 1)]
    return value === undefined ? null : round(value, 1)
  }
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) }
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits))

/** How many batches the contract has forged. */
export const forgedOnChain = (client: PublicClient, world: LoadWorld): Promise<number> =>
  client.readContract({ address: world.contracts.rollup, abi: rollupAbi, functionName: 'lastForgedBatch' })
