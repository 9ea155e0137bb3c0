/**
 * What the chain says in the end: which sessions were closed in which block, and what became of our transactions.
 */
import { parseAbi, type Hex } from 'viem'
import { pause } from '../load/daemon.ts'
import { FAMILIES, type Family, type World } from './world.ts'

const closings = parseAbi([
  'event BlockSpecimenRewardAwarded(uint64 indexed chainId, uint64 indexed blockHeight, bytes32 indexed blockhash, bytes32 specimenhash)',
  'event BlockResultRewardAwarded(uint64 indexed chainId, uint64 indexed blockHeight, bytes32 indexed blockSpecimenHash, bytes32 resulthash)',
  'event QuorumNotReached(uint64 indexed chainId, uint64 blockHeight)',
])

export interface Closed {
  readonly family: Family
  readonly height: bigint
  readonly block: bigint
  readonly tx: Hex
}

/** Every closing in blocks from `from` on. */
export async function closedSince({ chain, contracts }: World, from: bigint): Promise<Closed[]> {
  const found: Closed[] = []
  for (const family of FAMILIES) {
    const logs = await chain.getLogs({ address: contracts[family], events: closings, fromBlock: from, strict: true })
    for (const { args, blockNumber, transactionHash } of logs) {
      found.push({ family, height: args.blockHeight, block: blockNumber, tx: transactionHash })
    }
  }
  return found
}

interface Sent {
  /** Transactions of the account in blocks. */
  readonly mined: number
  readonly reverted: number
  /** Its nonces in blocks are 0, 1, 2, …, and nothing of it waits behind a gap. */
  readonly noGap: boolean
}

/** What the account has sent, from the blocks themselves. */
async function sentBy({ chain, finalizer }: World, from: bigint): Promise<Sent> {
  const head = await chain.getBlockNumber()
  const nonces: number[] = []
  let reverted = 0
  for (let number = from; number <= head; number += 1n) {
    const { transactions } = await chain.getBlock({ blockNumber: number, includeTransactions: true })
    const ours = transactions.filter(tx => tx.from.toLowerCase() === finalizer.toLowerCase())
    if (ours.length === 0) continue
    nonces.push(...ours.map(({ nonce }) => nonce))
    for (const { hash } of ours) if ((await chain.getTransactionReceipt({ hash })).status !== 'success') reverted += 1
  }
  const inOrder = nonces.toSorted((a, b) => a - b).every((nonce, index) => nonce === index)
  const [latest, pending] = await Promise.all(
    (['latest', 'pending'] as const).map(blockTag => chain.getTransactionCount({ address: finalizer, blockTag })),
  )
  return { mined: nonces.length, reverted, noGap: inOrder && latest === pending && latest === nonces.length }
}

export interface Wanted {
  readonly family: Family
  readonly height: bigint
}

interface Missed {
  /** Sessions without a closing. */
  readonly forgotten: number
  /** Sessions with more than one. */
  readonly twice: number
}

export function compare(wanted: readonly Wanted[], closed: readonly Closed[]): Missed {
  const keyOf = ({ family, height }: Wanted): string => `${family}/${height}`
  const counts = new Map<string, number>()
  for (const one of closed) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1)
  return {
    forgotten: wanted.filter(one => !counts.has(keyOf(one))).length,
    twice: [...counts.values()].filter(count => count > 1).length,
  }
}

interface Verdict extends Missed, Sent {
  /** Nothing forgotten, nothing twice, no revert, no gap. */
  readonly reached: boolean
}

/** What was wanted against what was closed, and what our transactions came to. */
export async function judge(world: World, wanted: readonly Wanted[], closed: readonly Closed[]): Promise<Verdict> {
  const missed = compare(wanted, closed)
  const sent = await sentBy(world, 0n)
  const reached = missed.forgotten === 0 && missed.twice === 0 && sent.reverted === 0 && sent.noGap
  return { reached, ...missed, ...sent }
}

/** The closings since block `from`, as soon as there are `count` of them or the patience is over. */
export async function waitForClosings(
  world: World,
  from: bigint,
  count: number,
  patienceMs: number,
): Promise<Closed[]> {
  const began = performance.now()
  let closed = await closedSince(world, from)
  while (closed.length < count && performance.now() - began < patienceMs) {
    await pause(500)
    closed = await closedSince(world, from)
  }
  return closed
}

/** The value below which this part of all lies. */
export const quantile = (values: readonly number[], part: number): number | null =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * part))] ?? null
