/**
 * The forger's part of the tree, from its configuration. Rest-for-one: who comes later relies on who comes earlier.
 */
import type { RoleContext } from '../../role.ts'
import { supervisor, worker } from '../../supervisors/child.ts'
import type { ChildSpec, SupervisorSpec } from '../../supervisors/spec.ts'
import type { Ref } from '../kit/ref.ts'
import { proverPoolOf, type ProverStatus } from '../lanes/prover-pool-messages.ts'
import { proverPool } from '../lanes/prover-pool.ts'
import { proverPoolParts } from '../lanes/prover/parts.ts'
import { prover } from '../lanes/prover/prover.ts'
import { txManagerOf } from '../lanes/tx-manager-messages.ts'
import { builderActor } from './builder/actor.ts'
import type { ForgerConfig } from './config.ts'
import { inspectContracts, type ContractFacts } from './contract-check.ts'
import { coordinatorActor } from './coordinator.ts'
import { debugFiles, debugFilesActor, type DebugFilesArgs } from './debug-files.ts'
import { openFeeAccount } from './fee-account.ts'
import { builder, coordinator, pipeline, purger, sender, type Look } from './messages.ts'
import { meterForger } from './meters.ts'
import { pipelineActor } from './pipeline.ts'
import type { PlanRules } from './plan.ts'
import type { ForgerIdentity } from './policy/slots.ts'
import { proofBook } from './proof-book.ts'
import { purgerActor } from './purger.ts'
import { senderActor } from './sender.ts'
import { tokenValuesOf } from './token-values.ts'

type Ctx = RoleContext<ForgerConfig>

const BACKOFF = { minMs: 100, maxMs: 15_000 }
/** L1 transactions and fee accounts of the deployed circuits (reference 9.2). */
const MAX_L1_TX = 256
const MAX_FEE_TX = 64

export const provers = proverPoolOf('forger')

export function forgerTree(context: Ctx): SupervisorSpec {
  meterForger(context.metrics, context.orm, () => askProvers(context))
  return supervisor({
    id: 'forger',
    strategy: 'rest-for-one',
    intensity: 5,
    period: 60,
    whenExceeded: 'park',
    parkMs: 60_000,
    backoff: BACKOFF,
    children: [
      worker({ id: builder.id, actor: builderActor, args: () => undefined, backoff: BACKOFF }),
      coordinatorChild(context),
      proversChild(context),
      senderChild(context),
      pipelineChild(context),
      purgerChild(context),
      ...debugFilesChild(context),
    ],
  })
}

function coordinatorChild(context: Ctx): ChildSpec {
  const { config } = context
  const chain = context.chain(config.chain)
  return worker({
    id: coordinator.id,
    actor: coordinatorActor,
    backoff: BACKOFF,
    args: () => ({
      db: context.orm,
      chain: config.chain,
      confirmBlocks: confirmBlocks(context),
      rules: {
        us: identity(context),
        startSlotBlocksDelay: config.startSlotBlocksDelay,
        scheduleBatchBlocksAheadCheck: config.scheduleBatchBlocksAheadCheck,
      },
      adoption: async () => ({
        circuit: circuitOf(config),
        chainId: chain.chainId,
        rollup: config.rollup,
        ...(await contractFacts(context)),
      }),
      lane: txManagerOf(config.chain, config.account),
      others: [provers],
      purger,
    }),
  })
}

function proversChild(context: Ctx): ChildSpec {
  const { config, clock, fetch } = context
  const { pollInterval, proofTimeout, maxAttempts, urls, inputPath } = config.provers
  const parts = proverPoolParts({
    role: 'forger',
    urls,
    inputPath,
    pollMs: pollInterval,
    proofTimeoutMs: proofTimeout,
    maxAttempts,
    book: proofBook(() => context.orm().em.fork()),
    notify: [sender, pipeline, ...debugListener(context)],
    fetch,
    clock,
  })
  return supervisor({
    id: 'forger/provers',
    strategy: 'one-for-one',
    intensity: 20,
    period: 60,
    backoff: BACKOFF,
    children: [
      worker({ id: parts.pool.id, actor: proverPool, backoff: BACKOFF, args: () => parts.pool.args }),
      ...parts.provers.map(({ id, args }) => worker({ id, actor: prover, backoff: BACKOFF, args: () => args })),
    ],
  })
}

function senderChild(context: Ctx): ChildSpec {
  const { config } = context
  return worker({
    id: sender.id,
    actor: senderActor,
    backoff: BACKOFF,
    args: () => ({
      db: context.orm,
      rules: {
        us: identity(context),
        sendBatchBlocksMarginCheck: config.sendBatchBlocksMarginCheck,
        chain: config.chain,
        account: config.account,
        rollup: config.rollup,
        confirmations: confirmBlocks(context),
        gas: config.gas,
      },
      lane: txManagerOf(config.chain, config.account),
      onStep: toldOfSteps(context),
    }),
  })
}

function pipelineChild(context: Ctx): ChildSpec {
  const { config } = context
  return worker({
    id: pipeline.id,
    actor: pipelineActor,
    backoff: BACKOFF,
    args: () => ({
      db: context.orm,
      plan: () => planRules(context),
      provers,
      retryMs: config.forgeRetryInterval,
      onStep: toldOfSteps(context),
    }),
  })
}

/** Who hears of every step of a batch, whatever the step. */
const toldOfSteps = (context: Ctx) => (): void =>
  debugListener(context).forEach(to => context.send(to, { type: 'look' }))

async function planRules(context: Ctx): Promise<PlanRules> {
  const { config } = context
  const [{ verifierIdx }, feeAccount] = await Promise.all([contractFacts(context), openFeeAccount(context)])
  return {
    forgeDelay: config.forgeDelay,
    forgeNoTxsDelay: config.forgeNoTxsDelay,
    ignoreSlotCommitment: config.ignoreSlotCommitment,
    forgeOncePerSlotIfTxs: config.forgeOncePerSlotIfTxs,
    circuit: circuitOf(config),
    chainId: context.chain(config.chain).chainId,
    l1BatchTimeoutPart: config.l1BatchTimeoutPerc,
    maxUnproven: config.provers.urls.length + config.provers.lookahead,
    feeAccount,
    selectionWindow: config.pool.selectionWindow,
    verifierIdx,
    tokenValues: tokenValuesOf(Object.values(config.tokens ?? {})),
  }
}

function purgerChild(context: Ctx): ChildSpec {
  return worker({
    id: purger.id,
    actor: purgerActor,
    backoff: BACKOFF,
    args: () => ({ db: context.orm, pool: context.config.pool }),
  })
}

/** Last, and only when a folder is configured: nobody relies on it. */
function debugFilesChild(context: Ctx): ChildSpec[] {
  const { debugBatchPath: folder, debugBatchKeep: keep } = context.config
  if (folder === undefined) return []
  const args = (): DebugFilesArgs => ({ db: context.orm, folder, keep })
  return [worker({ id: debugFiles.id, actor: debugFilesActor, backoff: BACKOFF, args })]
}

/** Who hears of a batch's steps besides those who act on them. */
const debugListener = ({ config }: Ctx): Ref<Look>[] => (config.debugBatchPath === undefined ? [] : [debugFiles])

const identity = ({ config, addressOf }: Ctx): ForgerIdentity => ({
  address: addressOf(config.account).toLowerCase(),
  mustForgeAtSlotDeadline: config.mustForgeAtSlotDeadline,
})

const confirmBlocks = (context: Ctx): number =>
  context.config.confirmBlocks ?? context.chain(context.config.chain).confirmations

const circuitOf = ({ circuit }: ForgerConfig) => ({ ...circuit, maxL1Tx: MAX_L1_TX, maxFeeTx: MAX_FEE_TX })

const contractFacts = ({ config, chain }: Ctx): Promise<ContractFacts> =>
  inspectContracts(chain(config.chain).client, { ...config, ...config.circuit })

const STATUS_DEADLINE_MS = 2_000

/** The provers with their times as text; an empty list while the pool does not run. */
export async function shownProvers(context: Ctx) {
  const time = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
  return (await askProvers(context)).map(({ since, nextTryAt, ...rest }) => ({
    ...rest,
    since: time(since),
    nextTryAt: time(nextTryAt),
  }))
}

function askProvers({ send, clock }: Ctx): Promise<readonly ProverStatus[]> {
  return new Promise(resolve => {
    const giveUp = clock.after(STATUS_DEADLINE_MS, () => resolve([]))
    send(provers, {
      type: 'status',
      reply: answer => {
        giveUp()
        resolve(answer)
      },
    })
  })
}
