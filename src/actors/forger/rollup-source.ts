/**
 * The rollup as a fact source: queued L1 transactions, tokens, forged batches with their calldata, and the views at
 * the head. Rows are keyed by what the contract calls them, so reading a range twice changes nothing.
 */
import { bytesToBigInt, decodeEventLog, decodeFunctionData, hexToBytes, keccak256, type PublicClient } from 'viem'
import { ForgedBatch, HeadView, L1Tx, Token, type ChainView } from '../../entities/forger/chain-facts.ts'
import type { Em } from '../../entities/orm.ts'
import type { FactSource, Range, RawLog, SkipLog } from '../chain/source.ts'
import { readChainView, type Contracts } from './chain-view.ts'
import { rollupAbi } from './contracts.ts'

export interface RollupFacts {
  readonly l1Txs: readonly L1TxFact[]
  readonly tokens: readonly { readonly tokenId: bigint; readonly address: string; readonly blockNumber: bigint }[]
  readonly forged: readonly ForgedFact[]
  readonly view: ChainView | null
}

interface L1TxFact {
  readonly queue: bigint
  readonly position: number
  readonly encoded: string
  readonly log: RawLog
}

interface ForgedFact {
  readonly batchNum: number
  readonly l1UserTxs: number
  readonly l1Batch: boolean
  readonly forger: string
  readonly stateRoot: bigint
  readonly exitRoot: bigint
  readonly lastIdx: bigint
  readonly encodedL1CoordinatorTx: string
  readonly l1L2TxsData: string
  readonly feeIdxCoordinator: string
  readonly forgedAt: Date
  readonly log: RawLog
}

export function rollupSource(contracts: Contracts, fromBlock: bigint): FactSource<RollupFacts> {
  return {
    name: 'forger/rollup',
    addresses: [contracts.rollup],
    events: rollupAbi.filter(item => item.type === 'event'),
    fromBlock,
    gather: (logs, range, client, skip) => gather(contracts, logs, range, client, skip),
    store,
    forget,
  }
}

async function gather(
  contracts: Contracts,
  logs: readonly RawLog[],
  range: Range,
  client: PublicClient,
  skip: SkipLog,
): Promise<RollupFacts> {
  const l1Txs: L1TxFact[] = []
  const tokens: { tokenId: bigint; address: string; blockNumber: bigint }[] = []
  const batches: { log: RawLog; batchNum: number; l1UserTxs: number }[] = []
  for (const log of logs) {
    const event = decode(log)
    if (event === null) {
      skip(log, 'it is none of the rollup’s events')
    } else if (event.eventName === 'L1UserTxEvent') {
      const { queueIndex, position, l1UserTx } = event.args
      l1Txs.push({ queue: BigInt(queueIndex), position, encoded: l1UserTx, log })
    } else if (event.eventName === 'AddToken') {
      const { tokenAddress, tokenID } = event.args
      tokens.push({ tokenId: BigInt(tokenID), address: tokenAddress.toLowerCase(), blockNumber: log.blockNumber })
    } else {
      batches.push({ log, batchNum: event.args.batchNum, l1UserTxs: event.args.l1UserTxsLen })
    }
  }
  const times = blockTimes(client)
  const [forged, view] = await Promise.all([
    Promise.all(batches.map(async batch => forgedFact(client, batch, await times(batch.log.blockNumber), skip))),
    range.atHead ? readChainView(client, contracts, range.to) : null,
  ])
  return { l1Txs, tokens, forged: forged.filter(fact => fact !== null), view }
}

function decode(log: RawLog) {
  try {
    const [signature, ...rest] = log.topics
    if (signature === undefined) return null
    return decodeEventLog({ abi: rollupAbi, data: log.data, topics: [signature, ...rest] })
  } catch {
    return null // not ours: the caller reports it as skipped
  }
}

function blockTimes(client: PublicClient): (number: bigint) => Promise<Date> {
  const known = new Map<bigint, Promise<Date>>()
  return number => {
    const found = known.get(number)
    if (found) return found
    const time = client.getBlock({ blockNumber: number }).then(block => new Date(Number(block.timestamp) * 1000))
    known.set(number, time)
    return time
  }
}

/** The batch as its forger sent it: the calldata of the transaction that made the event (its sender is an account). */
async function forgedFact(
  client: PublicClient,
  { log, batchNum, l1UserTxs }: { log: RawLog; batchNum: number; l1UserTxs: number },
  forgedAt: Date,
  skip: SkipLog,
): Promise<ForgedFact | null> {
  const transaction = await client.getTransaction({ hash: log.transactionHash })
  try {
    const call = decodeFunctionData({ abi: rollupAbi, data: transaction.input })
    if (call.functionName !== 'forgeBatch') throw new TypeError(call.functionName)
    const [lastIdx, stateRoot, exitRoot, coordinatorTxs, txsData, feeIdxs, , l1Batch] = call.args
    return {
      batchNum,
      l1UserTxs,
      l1Batch,
      forger: transaction.from.toLowerCase(),
      stateRoot,
      exitRoot,
      lastIdx: BigInt(lastIdx),
      encodedL1CoordinatorTx: coordinatorTxs,
      l1L2TxsData: txsData,
      feeIdxCoordinator: feeIdxs,
      forgedAt,
      log,
    }
  } catch {
    skip(log, 'its transaction is not a call of forgeBatch')
    return null
  }
}

async function store(em: Em, facts: RollupFacts, range: Range): Promise<void> {
  for (const { tokenId, address, blockNumber } of facts.tokens) {
    await em.upsert(Token, { tokenId, address, blockNumber })
  }
  if (facts.l1Txs.length > 0) await em.upsertMany(L1Tx, facts.l1Txs.map(l1TxRow))
  await storeForged(em, facts.forged)
  if (facts.view) {
    await em.upsert(HeadView, { name: 'head', blockNumber: range.to, blockHash: range.toHash, view: facts.view })
  }
}

/** Field offsets of the 78 bytes: address 20, key 32, fromIdx 6, loadAmountF 5, amountF 5, tokenID 4, toIdx 6. */
function l1TxRow({ queue, position, encoded, log }: L1TxFact) {
  const bytes = hexToBytes(encoded as `0x${string}`) // decoded by viem from `bytes`
  const number = (from: number, to: number): bigint => bytesToBigInt(bytes.subarray(from, to))
  const hex = (from: number, to: number): string => `0x${encoded.slice(2 + from * 2, 2 + to * 2)}`
  return {
    queue,
    position,
    txId: l1UserTxId(queue, position),
    fromEthAddr: hex(0, 20),
    fromBjj: hex(20, 52),
    fromIdx: number(52, 58),
    loadAmountF: number(58, 63),
    amountF: number(63, 68),
    tokenId: number(68, 72),
    toIdx: number(72, 78),
    encoded,
    blockNumber: log.blockNumber,
    ethTxHash: log.transactionHash,
  }
}

/** `0x00` ‖ keccak256(toForgeL1TxsNum 8 ‖ position 2), as the network calls an L1 user transaction. */
function l1UserTxId(queue: bigint, position: number): string {
  const preimage = `0x${queue.toString(16).padStart(16, '0')}${position.toString(16).padStart(4, '0')}` as const
  return `0x00${keccak256(preimage).slice(2)}`
}

async function storeForged(em: Em, forged: readonly ForgedFact[]): Promise<void> {
  if (forged.length === 0) return
  const first = Math.min(...forged.map(fact => fact.batchNum))
  const [before] = await em.find(
    ForgedBatch,
    { batchNum: { $lt: first }, l1Queue: { $ne: null } },
    { orderBy: { batchNum: 'desc' }, limit: 1 },
  )
  let queue = before?.l1Queue == null ? -1n : before.l1Queue
  const rows = forged
    .toSorted((a, b) => a.batchNum - b.batchNum)
    .map(({ l1Batch, log, ...fact }) => ({
      ...fact,
      l1Queue: l1Batch ? ++queue : null,
      blockNumber: log.blockNumber,
      blockHash: log.blockHash,
      ethTxHash: log.transactionHash,
    }))
  await em.upsertMany(ForgedBatch, rows)
}

/** Pool transactions go with their token. Those of a batch go when the batch has fallen with the accounts it needs. */
async function forget(em: Em, aboveBlock: bigint): Promise<void> {
  const gone = { blockNumber: { $gt: aboveBlock } }
  await em.execute(
    `delete from forger.pool_tx where state in ('pend', 'invl')
      and token_id in (select token_id from forger.token where block_number > ?)`,
    [aboveBlock],
  )
  await em.nativeDelete(L1Tx, gone)
  await em.nativeDelete(Token, gone)
  await em.nativeDelete(ForgedBatch, gone)
  await em.nativeDelete(HeadView, gone)
}
