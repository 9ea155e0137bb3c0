/**
 * Proven batches become wishes for one transaction each, in batch order and only while the slot is ours.
 */
import { sql, type RawBuilder } from 'kysely'
import { encodeFunctionData } from 'viem'
import type { Clock } from '../../clock.ts'
import type { StoredProof } from '../../entities/forger/batch.ts'
import type { DecisionBook } from '../../entities/kernel/decision-book.ts'
import type { Em } from '../../entities/orm.ts'
import { takeAndWish, type Wish } from '../lanes/wish.ts'
import { rollupAbi } from './contracts.ts'
import type { FailedBatch } from './messages.ts'
import { decideSend, type SendRules } from './policy/send.ts'
import { loadReady, type ForgeArguments, type ReadyBatch } from './ready.ts'

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

/**
 * Wishes for the transactions of all batches that are proven and next in line. It looks without a lock; a batch that is
 * dropped meanwhile is left out when its row is taken.
 */
export async function forwardProven(em: Em, rules: ForwardRules, book: DecisionBook, clock: Clock): Promise<Forwarded> {
  const ready = await loadReady(em)
  if (ready === null) return { forwarded: [], refused: null }
  const { head, chain } = ready
  const wishes = new Map<bigint, Wish>()
  let { lastSentL1Block } = ready
  let refused: Forwarded['refused'] = null
  for (const batch of ready.batches) {
    const { id, num, l1Queue } = batch
    const decision = decideSend({ chain, head, l1Queue, lastSentL1Block }, rules)
    if (decision.do !== 'send') {
      await note(em, book, num, decision)
      if (decision.do === 'refuse') refused = { id, num, because: decision.because }
      break
    }
    wishes.set(id, wishFor(batch, rules, decision.notAfterBlock))
    if (l1Queue !== null) lastSentL1Block = head + 1n
  }
  return { forwarded: wishes.size === 0 ? [] : await handOn(em, wishes, head + 1n, clock), refused }
}

const note = (
  em: Em,
  book: DecisionBook,
  num: number,
  { do: what, because, rule }: { readonly do: string; readonly because: string; readonly rule: string },
): Promise<void> =>
  book.record(em, {
    role: 'forger',
    subject: `batch/${num}`,
    choice: what === 'wait' ? 'wait' : 'stop',
    because,
    details: { rule },
  })

/** Accepts the wishes of those that are still proven and nobody's, in their order; answers which. */
async function handOn(em: Em, wishes: ReadonlyMap<bigint, Wish>, block: bigint, clock: Clock): Promise<bigint[]> {
  const taken = new Set(await takeAndWish(em, [...wishes.values()], taking([...wishes.keys()], block), clock))
  return [...wishes].filter(([, { key }]) => taken.has(key)).map(([id]) => id)
}

/**
 * Marks them as handed on, up to the first that is not there any more: none goes out before its predecessor. Their rows
 * are locked in the order of the line, as those who drop batches lock them.
 */
const taking = (ids: readonly bigint[], block: bigint): RawBuilder<unknown> => sql`
  with held as (
    select id, num from forger.batch
    where id = any(${ids.map(String)}::bigint[]) and state = 'proven' and intent_key is null
    order by num for update
  ), next as (
    select id from (select id, row_number() over (order by num) as place from held) still
    join unnest(${ids.map(String)}::bigint[]) with ordinality as wanted(id, place) using (id, place)
  )
  update forger.batch b set intent_key = ${KEY}::text || b.id, send_block = ${String(block)}::bigint
  from next where b.id = next.id returning b.intent_key as key`

/** A wish is named after the row and not the number: a batch that is built again is another effect. */
const KEY = 'forger/batch/'

const wishFor = (batch: ReadyBatch, rules: ForwardRules, notAfterBlock: bigint): Wish => ({
  key: `${KEY}${batch.id}`,
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
  traceId: batch.traceId,
})

/** Upper bound of the gas (reference 5.5): a fixed part and one for each transaction. */
export const gasLimitOf = (
  batch: Pick<ForgeArguments, 'l1UserTxs' | 'l1CoordinatorTxs' | 'l2Txs'>,
  gas: ForwardRules['gas'],
): bigint =>
  BigInt(gas.fixed) +
  BigInt(batch.l1UserTxs) * BigInt(gas.l1UserTx) +
  BigInt(batch.l1CoordinatorTxs) * BigInt(gas.l1CoordTx) +
  BigInt(batch.l2Txs) * BigInt(gas.l2Tx)

/** Calldata of `forgeBatch`; the inner pairs of `pi_b` change places, as the verifier's precompile wants them. */
export function forgeBatchCall(batch: ForgeArguments, proof: StoredProof): `0x${string}` {
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
      batch.l1Queue !== null,
      [BigInt(a[0]), BigInt(a[1])],
      [
        [BigInt(b[0][1]), BigInt(b[0][0])],
        [BigInt(b[1][1]), BigInt(b[1][0])],
      ],
      [BigInt(c[0]), BigInt(c[1])],
    ],
  })
}
