/**
 * Proven batches become wishes for one transaction each, in batch order and only while the slot is ours.
 */
import { encodeFunctionData } from 'viem'
import type { Clock } from '../../clock.ts'
import { Batch, type BatchState, type StoredProof } from '../../entities/forger/batch.ts'
import { HeadView } from '../../entities/forger/chain-facts.ts'
import type { DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em } from '../../entities/orm.ts'
import { wish } from '../lanes/wish.ts'
import { rollupAbi } from './contracts.ts'
import { holdLine } from './epochs.ts'
import type { FailedBatch } from './messages.ts'
import { decideSend, type SendRules } from './policy/send.ts'
import { liveBatches } from './reconcile-store.ts'
import { loadBase, type Checkpoint } from './state-store.ts'

export interface ForwardRules extends SendRules {
  readonly chain: string
  readonly account: string
  readonly rollup: `0x${string}`
  readonly confirmations: number
  readonly gas: { readonly fixed: number; readonly l1UserTx: number; readonly l1CoordTx: number; readonly l2Tx: number }
}

export interface Forwarded {
  readonly forwarded: readonly bigint[]
  /** The first proven batch that may not be sent. */
  readonly refused: (FailedBatch & { readonly because: string }) | null
}

/** Wishes for the transactions of all batches that are proven and next in line. */
export async function forwardProven(em: Em, rules: ForwardRules, book: DecisionBook, clock: Clock): Promise<Forwarded> {
  // Most looks have nothing to hand on, and need no transaction to see that.
  const [some] = await em.execute(`select 1 from forger.batch where state = 'proven' and intent_key is null limit 1`)
  if (some === undefined) return { forwarded: [], refused: null }
  return em.transactional(async tx => {
    await holdLine(tx)
    const ready = await nextInLine(tx)
    const row = ready.length === 0 ? null : await tx.findOne(HeadView, { name: 'head' })
    const forwarded: bigint[] = []
    if (!row) return { forwarded, refused: null }
    let lastSentL1Block = await newestL1InFlight(tx)
    for (const batch of ready) {
      const l1Batch = batch.l1Queue != null
      const decision = decideSend({ chain: row.view, head: row.blockNumber, l1Batch, lastSentL1Block }, rules)
      const subject = `batch/${batch.num}`
      if (decision.do === 'refuse') {
        await book.record(tx, { role: 'forger', subject, choice: 'stop', because: decision.because })
        return { forwarded, refused: { id: batch.id, num: batch.num, because: decision.because } }
      }
      await send(tx, batch, rules, decision.notAfterBlock, clock)
      batch.sendBlock = row.blockNumber + 1n
      if (l1Batch) lastSentL1Block = row.blockNumber + 1n
      forwarded.push(batch.id)
    }
    await tx.flush()
    return { forwarded, refused: null }
  })
}

/**
 * Proven batches without a wish whose predecessors all have one or are on the chain, ascending. A batch that failed or is
 * missing blocks all after it, also before the coordinator has seen that.
 */
async function nextInLine(em: Em): Promise<Batch[]> {
  const base = await loadBase(em)
  const ready: bigint[] = []
  let last: Checkpoint = base
  for (const batch of await liveBatches(em, base.batchNum)) {
    if (batch.state === 'failed' || batch.num !== last.batchNum + 1 || batch.oldRoot !== last.root) break
    const handedOn = batch.intent !== null || ON_CHAIN.has(batch.state)
    if (!handedOn && batch.state !== 'proven') break
    if (!handedOn) ready.push(batch.id)
    last = { batchNum: batch.num, root: batch.newRoot }
  }
  return ready.length === 0 ? [] : em.find(Batch, { id: { $in: ready } }, { orderBy: { num: 'asc' } })
}

const ON_CHAIN: ReadonlySet<BatchState> = new Set(['sent', 'mined', 'final'])

async function newestL1InFlight(em: Em): Promise<bigint> {
  const [batch] = await em.find(
    Batch,
    { state: { $in: ['proven', 'sent', 'mined'] }, l1Queue: { $ne: null }, sendBlock: { $ne: null } },
    { orderBy: { num: 'desc' }, limit: 1, fields: ['sendBlock'] },
  )
  return batch?.sendBlock ?? 0n
}

async function send(em: Em, batch: Batch, rules: ForwardRules, notAfterBlock: bigint, clock: Clock): Promise<void> {
  if (!batch.proof) throw new Error(`batch ${batch.num} is proven but has no proof`)
  // Derived from the row and not from the number: a batch that is built again is another effect.
  const key = `forger/batch/${batch.id}`
  batch.intentKey = key
  await wish(
    em,
    {
      key,
      role: 'forger',
      subject: `batch/${batch.num}`,
      chain: rules.chain,
      account: rules.account,
      to: rules.rollup,
      data: forgeBatchCall(batch, batch.proof),
      value: 0n,
      gasLimit: gasLimitOf(batch, rules.gas),
      notAfterBlock,
      confirmations: rules.confirmations,
      traceId: batch.traceId ?? null,
    },
    clock,
  )
}

/** Upper bound of the gas (reference 5.5): a fixed part and one for each transaction. */
export const gasLimitOf = (
  batch: Pick<Batch, 'l1UserTxs' | 'l1CoordinatorTxs' | 'l2Txs'>,
  gas: ForwardRules['gas'],
): bigint =>
  BigInt(gas.fixed) +
  BigInt(batch.l1UserTxs) * BigInt(gas.l1UserTx) +
  BigInt(batch.l1CoordinatorTxs) * BigInt(gas.l1CoordTx) +
  BigInt(batch.l2Txs) * BigInt(gas.l2Tx)

/** Calldata of `forgeBatch`; the inner pairs of `pi_b` change places, as the verifier's precompile wants them. */
export function forgeBatchCall(batch: Batch, proof: StoredProof): `0x${string}` {
  const { pi_a: a, pi_b: b, pi_c: c } = proof
  const hex = (text: string): `0x${string}` => text as `0x${string}` // stored from the engine's Hex
  return encodeFunctionData({
    abi: rollupAbi,
    functionName: 'forgeBatch',
    args: [
      Number(batch.newLastIdx),
      batch.newRoot,
      batch.newExitRoot,
      hex(batch.encodedL1CoordinatorTx),
      hex(batch.l1L2TxsData),
      hex(batch.feeIdxCoordinator),
      batch.verifierIdx,
      batch.l1Queue != null,
      [BigInt(a[0]), BigInt(a[1])],
      [
        [BigInt(b[0][1]), BigInt(b[0][0])],
        [BigInt(b[1][1]), BigInt(b[1][0])],
      ],
      [BigInt(c[0]), BigInt(c[1])],
    ],
  })
}
