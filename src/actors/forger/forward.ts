/**
 * Proven batches become wishes for one transaction each, in batch order and only while the slot is ours.
 */
import { encodeFunctionData } from 'viem'
import type { Clock } from '../../clock.ts'
import { Batch, type BatchState, type StoredProof } from '../../entities/forger/batch.ts'
import { HeadView } from '../../entities/forger/chain-facts.ts'
import type { DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em } from '../../entities/orm.ts'
import { wishAll, type Wish } from '../lanes/wish.ts'
import { rollupAbi } from './contracts.ts'
import { holdLine } from './epochs.ts'
import type { FailedBatch } from './messages.ts'
import { loadLine, nextInLine, type Line } from './line.ts'
import { decideSend, type SendRules } from './policy/send.ts'

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
  if (!(await mayBeReady(em))) return { forwarded: [], refused: null }
  return em.transactional(async tx => {
    await holdLine(tx)
    const line = await loadLine(tx)
    const ready = nextInLine(line)
    const row = ready.length === 0 ? null : await tx.findOne(HeadView, { name: 'head' })
    const forwarded: bigint[] = []
    if (!row) return { forwarded, refused: null }
    const batches = await tx.find(Batch, { id: { $in: ready.map(({ id }) => id) } }, { orderBy: { num: 'asc' } })
    const wishes: Wish[] = []
    let refused: Forwarded['refused'] = null
    let lastSentL1Block = newestL1Sent(line)
    for (const batch of batches) {
      const l1Queue = batch.l1Queue ?? null
      const decision = decideSend({ chain: row.view, head: row.blockNumber, l1Queue, lastSentL1Block }, rules)
      if (decision.do !== 'send') {
        await note(tx, book, batch, decision)
        if (decision.do === 'refuse') refused = { id: batch.id, num: batch.num, because: decision.because }
        break
      }
      wishes.push(wishFor(batch, rules, decision.notAfterBlock))
      batch.sendBlock = row.blockNumber + 1n
      if (l1Queue !== null) lastSentL1Block = row.blockNumber + 1n
      forwarded.push(batch.id)
    }
    if (wishes.length > 0) await wishAll(tx, wishes, clock)
    await tx.flush()
    return { forwarded, refused }
  })
}

const note = (
  em: Em,
  book: DecisionBook,
  { num }: Batch,
  { do: what, because, rule }: { readonly do: string; readonly because: string; readonly rule: string },
): Promise<void> =>
  book.record(em, {
    role: 'forger',
    subject: `batch/${num}`,
    choice: what === 'wait' ? 'wait' : 'stop',
    because,
    details: { rule },
  })

/** Whether the first batch that was not handed on is proven. Most looks end here, without the line's lock. */
async function mayBeReady(em: Em): Promise<boolean> {
  const [first] = await em.execute<{ state: BatchState }[]>(
    `select state from forger.batch where state in ('built', 'proving', 'proven') and intent_key is null
     order by num limit 1`,
  )
  return first?.state === 'proven'
}

const IN_FLIGHT: ReadonlySet<BatchState> = new Set(['proven', 'sent', 'mined'])

/** The block for which the newest L1 batch in flight was sent; 0 when none is. */
const newestL1Sent = ({ batches }: Line): bigint =>
  batches.findLast(({ l1Batch, sendBlock, state }) => l1Batch && sendBlock !== null && IN_FLIGHT.has(state))
    ?.sendBlock ?? 0n

function wishFor(batch: Batch, rules: ForwardRules, notAfterBlock: bigint): Wish {
  if (!batch.proof) throw new Error(`batch ${batch.num} is proven but has no proof`)
  // Derived from the row and not from the number: a batch that is built again is another effect.
  batch.intentKey = `forger/batch/${batch.id}`
  return {
    key: batch.intentKey,
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
  }
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
