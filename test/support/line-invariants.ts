/** What must hold of the forger's rows after every transaction, whatever has happened. */
import { IsolationLevel } from '@mikro-orm/core'
import { Batch, Epoch, LIVE_BATCH_STATES } from '../../src/entities/forger/batch.ts'
import { PoolTx } from '../../src/entities/forger/pool-tx.ts'
import { Intent } from '../../src/entities/kernel/intent.ts'
import type { Em, Orm } from '../../src/entities/orm.ts'

const txsOf = (batch: Batch): string[] =>
  ((batch.contents ?? {}) as { L2Txs?: readonly { txId: string }[] }).L2Txs?.map(({ txId }) => txId) ?? []

/** What is wrong, in words; empty when all is well. All of it is read at one moment, whatever goes on meanwhile. */
export const wrongIn = (orm: Orm): Promise<string[]> =>
  orm.em.fork().transactional(faultsIn, { isolationLevel: IsolationLevel.REPEATABLE_READ })

async function faultsIn(em: Em): Promise<string[]> {
  const batches = await em.find(Batch, {}, { orderBy: { num: 'asc' }, populate: ['contents'] })
  const live = batches.filter(({ state }) => LIVE_BATCH_STATES.some(of => of === state))
  const txs = await em.find(PoolTx, {})
  const open = await em.find(Epoch, { stoppedAt: null })
  // A batch that failed keeps its place until the coordinator has ended the run.
  const failed = batches.filter(({ state, epoch }) => state === 'failed' && epoch === open[0]?.number)
  const line = [...live, ...failed].toSorted((one, other) => one.num - other.num)
  const wrong = [...lineOf(line), ...poolOf(batches, live, txs, open), ...(await wishesOf(em, batches, live))]
  return open.length > 1 ? [...wrong, `${open.length} runs are open`] : wrong
}

/** Numbers are consecutive and parent roots chain. */
function lineOf(live: readonly Batch[]): string[] {
  return live.flatMap((batch, at) => {
    const before = live[at - 1]
    if (before === undefined) return []
    const gap = batch.num === before.num + 1 ? [] : [`batch ${batch.num} follows ${before.num}`]
    return batch.oldRoot === before.newRoot ? gap : [...gap, `batch ${batch.num} is not on the root of ${before.num}`]
  })
}

/** Every pool transaction is in at most one live batch, and its state says which. */
function poolOf(batches: readonly Batch[], live: readonly Batch[], txs: readonly PoolTx[], open: readonly Epoch[]) {
  const holders = new Map<string, number[]>()
  const run = open[0]?.number
  const holding = [...live, ...batches.filter(({ state, epoch }) => state === 'failed' && epoch === run)]
  for (const batch of holding.filter(({ epoch }) => epoch > 0)) {
    for (const txId of txsOf(batch)) holders.set(txId, [...(holders.get(txId) ?? []), batch.num])
  }
  return txs.flatMap(({ txId, state, batchNum, fromIdx, nonce }) => {
    const name = `transaction ${fromIdx}:${nonce}`
    const held = holders.get(txId) ?? []
    if (held.length > 1) return [`${name} is in batches ${held.join()}`]
    if (state === 'pend' && held.length > 0) return [`${name} is pending and in batch ${held.join()}`]
    if ((state === 'fing' || state === 'fged') && held[0] !== batchNum) {
      return [`${name} is ${state} in batch ${batchNum}, and batch ${held.join() || 'none'} holds it`]
    }
    return state === 'invl' ? [`${name} is invalid`] : []
  })
}

/** Nothing that was given up is still on its way, unless it is being taken back. */
async function wishesOf(em: Em, batches: readonly Batch[], live: readonly Batch[]): Promise<string[]> {
  const intents = await em.find(Intent, {}, { orderBy: { id: 'asc' } })
  const byKey = new Map(batches.map(batch => [batch.intentKey, batch]))
  let newest = 0
  return intents.flatMap(intent => {
    const batch = byKey.get(intent.key)
    if (!batch) return [`the wish ${intent.key} is for no batch`]
    if (intent.settledAt || intent.cancelBecause) return []
    if (!live.includes(batch)) return [`the ${intent.state} wish of ${batch.state} batch ${batch.num} goes on`]
    const late = batch.num <= newest ? [`batch ${batch.num} is sent after batch ${newest}`] : []
    newest = batch.num
    return late
  })
}
