/**
 * What happens next with a batch, with the pipeline or with a pool transaction, when, and what is missing.
 */
import { Batch, type BatchState } from '../../entities/forger/batch.ts'
import { HeadView } from '../../entities/forger/chain-facts.ts'
import { PoolTx, type PoolState } from '../../entities/forger/pool-tx.ts'
import { Decision } from '../../entities/kernel/decision.ts'
import { Intent } from '../../entities/kernel/intent.ts'
import { RoleControl } from '../../entities/kernel/operations.ts'
import type { Em } from '../../entities/orm.ts'
import type { Explanation, RoleContext } from '../../role.ts'
import type { ForgerConfig } from './config.ts'
import { openEpoch } from './epochs.ts'

type Ctx = RoleContext<ForgerConfig>

/** `pipeline`, `batch/NUM` or `pool-tx/0x02…`; null for anything else. */
export async function explainForger(context: Ctx, subject: string): Promise<Explanation | null> {
  const em = context.orm().em.fork()
  if (subject === 'pipeline') return explainPipeline(em)
  const batch = /^batch\/(\d+)$/.exec(subject)
  if (batch) return explainBatch(context, em, Number(batch[1]))
  const poolTx = /^pool-tx\/(0x[0-9a-f]{66})$/i.exec(subject)
  return poolTx ? explainPoolTx(em, String(poolTx[1]).toLowerCase()) : null
}

async function explainPipeline(em: Em): Promise<Explanation> {
  const epoch = await openEpoch(em)
  const paused = await em.findOne(RoleControl, { role: 'forger', paused: true })
  const decision = await lastDecision(em, 'pipeline')
  const running = epoch ? `runs (epoch ${epoch.number}, on top of batch ${epoch.fromBatch})` : 'is stopped'
  return {
    subject: 'pipeline',
    state: epoch ? (paused ? 'paused' : 'running') : 'stopped',
    next: paused
      ? `The pipeline ${running}, finishes what is in flight and starts nothing new until it is resumed.`
      : `The pipeline ${running}.`,
    because: paused ? `paused by ${paused.by}: ${paused.reason ?? 'no reason given'}` : (decision?.because ?? null),
    details: { epoch: epoch?.number ?? null, decision: shown(decision) },
  }
}

async function explainBatch(context: Ctx, em: Em, num: number): Promise<Explanation> {
  const subject = `batch/${num}`
  const [batch] = await em.find(Batch, { num }, { orderBy: { id: 'desc' }, limit: 1 })
  const decision = await lastDecision(em, subject)
  const details = { decision: shown(decision) }
  const decidedLater = decision?.choice === 'wait' && (!batch || decision.decidedAt > batch.createdAt)
  if (!batch || (decidedLater && ['failed', 'superseded', 'discarded'].includes(batch.state))) {
    const next = decision
      ? 'It will be built when that is over.'
      : 'Nothing was decided about it yet: batches before it come first.'
    return { subject, state: 'planned', next, because: decision?.because ?? null, details }
  }
  const intent = batch.intentKey ? await em.findOne(Intent, { key: batch.intentKey }) : null
  return {
    subject,
    state: batch.state,
    next: await nextOf(context, em, batch, intent),
    because: batch.because ?? intent?.because ?? null,
    details: {
      ...details,
      id: String(batch.id),
      epoch: batch.epoch,
      transaction: batch.ethTxHash,
      intent: intent?.state ?? null,
    },
  }
}

async function nextOf({ config, chain }: Ctx, em: Em, batch: Batch, intent: Intent | null): Promise<string> {
  const state: BatchState = batch.state
  switch (state) {
    case 'built':
      return 'It waits for a free prover.'
    case 'proving':
      return 'A prover works on it; its transaction follows when the proof is there and all batches before it are sent.'
    case 'proven':
      return intent
        ? 'Its transaction is accepted and about to be sent.'
        : 'It waits for the batches before it to be proven.'
    case 'sent':
      return `Its transaction (nonce ${intent?.nonce ?? '?'}) waits to be mined.`
    case 'mined': {
      const head = await em.findOne(HeadView, { name: 'head' }, { fields: ['blockNumber'] })
      const depth = BigInt(config.confirmBlocks ?? chain(config.chain).confirmations)
      const left = (batch.mineBlock ?? 0n) + depth - (head?.blockNumber ?? 0n)
      return `It is final in ${left > 0n ? left : 0n} blocks.`
    }
    case 'final':
      return 'Nothing: it is final.'
    case 'failed':
    case 'superseded':
    case 'discarded':
      return 'Nothing: its transactions went back to the pool, and its number is forged again.'
  }
}

const POOL_NEXT: Readonly<Record<PoolState, (tx: PoolTx) => string>> = {
  pend: tx =>
    tx.info ? 'It stays pending; the next batches look at it again.' : 'It waits to be selected for a batch.',
  fing: tx => `It is in batch ${tx.batchNum}, which is being forged.`,
  fged: tx => `It is in batch ${tx.batchNum}, which was sent to the chain.`,
  invl: () => 'Nothing: it can never be forged.',
}

async function explainPoolTx(em: Em, txId: string): Promise<Explanation | null> {
  const tx = await em.findOne(PoolTx, { txId })
  if (!tx) return null
  const state: PoolState = tx.state
  const details = { batchNum: tx.batchNum ?? null, errorCode: tx.errorCode ?? null, errorType: tx.errorType ?? null }
  return { subject: `pool-tx/${txId}`, state, next: POOL_NEXT[state](tx), because: tx.info ?? null, details }
}

async function lastDecision(em: Em, subject: string): Promise<Decision | null> {
  const [decision] = await em.find(Decision, { role: 'forger', subject }, { orderBy: { id: 'desc' }, limit: 1 })
  return decision ?? null
}

const shown = (decision: Decision | null): unknown =>
  decision && {
    choice: decision.choice,
    because: decision.because,
    rule: decision.details?.['rule'] ?? null,
    since: decision.decidedAt.toISOString(),
    repeatedAt: decision.repeatedAt.toISOString(),
    times: decision.times,
  }
