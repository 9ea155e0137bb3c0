/**
 * Takes over a batch that the chain holds and we did not build: another forger's, or ours from before a lost database.
 * It is applied from its calldata and kept as a batch of epoch 0.
 */
import type { Context } from '../kit/actor.ts'
import { Batch } from '../../entities/forger/batch.ts'
import { ForgedBatch, L1Tx } from '../../entities/forger/chain-facts.ts'
import type { Em } from '../../entities/orm.ts'
import { buildOn } from './builder/hold.ts'
import type { BuiltBatchData } from './builder/jobs.ts'
import { holdLine } from './epochs.ts'
import { liveBatches } from './reconcile-store.ts'
import type { Circuit, Hex, L1UserTx } from './rollup/types.ts'
import { invalidateOldNonces } from './pool-store.ts'
import { loadBase, type Checkpoint } from './state-store.ts'

export interface AdoptionRules {
  readonly circuit: Circuit
  readonly chainId: number
  readonly rollup: Hex
  readonly verifierIdx: number
}

/** Applies forged batch `num` on top of the live ones; false when the chain does not hold it or its parent is missing. */
export async function adopt<M>(
  em: Em,
  rules: AdoptionRules,
  num: number,
  ctx: Pick<Context<M>, 'ask' | 'clock' | 'log'>,
): Promise<boolean> {
  const forged = await em.findOne(ForgedBatch, { batchNum: num })
  const from = await parentOf(em, num)
  if (!forged || !from) return false
  const result = await buildOn(em, ctx, { do: 'apply', from, forged: await asRequest(em, rules, forged) })
  if (result.kind !== 'batch') throw new Error(`batch ${num} could not be applied: ${result.kind}`)
  const now = new Date(ctx.clock.now())
  const stored = await em.transactional(async tx => {
    await holdLine(tx)
    const parent = await parentOf(tx, num)
    if (parent?.root !== from.root) return false // the pipeline or a reorg was quicker: look again
    tx.create(Batch, { ...rowOf(result.batch, forged, rules), createdAt: now, minedAt: now })
    await tx.flush()
    await invalidateOldNonces(tx, result.batch.nonces, num)
    return true
  })
  if (!stored) return false
  ctx.log.info('batch taken over from the chain', { subject: `batch/${num}`, forger: forged.forger })
  return true
}

async function parentOf(em: Em, num: number): Promise<Checkpoint | null> {
  const base = await loadBase(em)
  if (base.batchNum === num - 1) return base
  const live = await liveBatches(em, base.batchNum)
  if (live.some(batch => batch.num === num && batch.state !== 'failed')) return null
  const parent = live.find(batch => batch.num === num - 1 && batch.state !== 'failed')
  return parent ? { batchNum: parent.num, root: parent.newRoot } : null
}

async function asRequest(em: Em, rules: AdoptionRules, forged: ForgedBatch) {
  const l1Txs =
    forged.l1Queue == null ? [] : await em.find(L1Tx, { queue: forged.l1Queue }, { orderBy: { position: 'asc' } })
  return {
    ...rules,
    batchNum: forged.batchNum,
    l1UserTxs: l1Txs.map(l1UserTxOf),
    forgeArguments: {
      newLastIdx: Number(forged.lastIdx),
      newStRoot: forged.stateRoot,
      newExitRoot: forged.exitRoot,
      // All three were decoded from calldata by viem.
      encodedL1CoordinatorTx: forged.encodedL1CoordinatorTx as Hex,
      l1L2TxsData: forged.l1L2TxsData as Hex,
      feeIdxCoordinator: forged.feeIdxCoordinator as Hex,
    },
  }
}

/** A queued L1 transaction as the engine takes it. */
export const l1UserTxOf = (row: L1Tx): L1UserTx => ({
  fromEthAddr: row.fromEthAddr as Hex, // sliced from the emitted bytes
  fromBjjCompressed: row.fromBjj as Hex,
  fromIdx: Number(row.fromIdx),
  loadAmountF: Number(row.loadAmountF),
  amountF: Number(row.amountF),
  tokenId: Number(row.tokenId),
  toIdx: Number(row.toIdx),
})

const rowOf = (batch: BuiltBatchData, forged: ForgedBatch, rules: AdoptionRules) =>
  ({
    num: batch.batchNum,
    epoch: 0,
    state: 'mined',
    oldRoot: batch.oldRoot,
    newRoot: batch.newRoot,
    newExitRoot: batch.newExitRoot,
    oldLastIdx: BigInt(batch.oldLastIdx),
    newLastIdx: BigInt(batch.newLastIdx),
    l1Queue: forged.l1Queue ?? null,
    l1UserTxs: forged.l1UserTxs,
    l1CoordinatorTxs: batch.l1CoordinatorTxs,
    l2Txs: batch.l2TxIds.length,
    encodedL1CoordinatorTx: batch.encodedL1CoordinatorTx,
    // As the chain has it, so that the two compare equal.
    l1L2TxsData: forged.l1L2TxsData,
    feeIdxCoordinator: forged.feeIdxCoordinator,
    verifierIdx: rules.verifierIdx,
    publicInput: batch.publicInput,
    accounts: batch.accounts,
    contents: batch.contents,
    startBlock: forged.blockNumber,
    mineBlock: forged.blockNumber,
    ethTxHash: forged.ethTxHash,
  }) as const
