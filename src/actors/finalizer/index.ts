/**
 * The finalizer on one page: what it wants from the chain, its tree, what it shows.
 */
import { finalizerSchema } from '../../entities/finalizer/index.ts'
import { defineRole } from '../../role.ts'
import { finalizerSection, type FinalizerConfig } from './config.ts'
import { demo } from './demo/index.ts'
import { explainFinalizer } from './explain.ts'
import { familyPlans, readsChain } from './families.ts'
import { coordinator } from './messages.ts'
import { proofSource } from './proof-source.ts'
import { finalizerChecks, finalizerReadiness } from './readiness.ts'
import { finalizerSweeps } from './retention.ts'
import { finalizerRoutes } from './routes.ts'
import { finalizerTree } from './tree.ts'

export default defineRole<FinalizerConfig>({
  name: 'finalizer',
  summary: 'Closes block-specimen and block-result sessions so that their rewards are paid.',
  tryFirst: [
    ['sessions', 'sessions'],
    ['why not yet', 'sessions --open'],
  ],
  config: finalizerSection,
  schema: finalizerSchema,
  tree: finalizerTree,
  subscriptions: ({ config, clock }) => [
    {
      chain: config.chain,
      sources: readsChain(config) ? familyPlans(config).map(plan => proofSource(plan, config.chain, clock)) : [],
      subscribers: [coordinator],
    },
  ],
  runOnce: send => send(coordinator, { type: 'run-once' }),
  sweeps: ({ config }) => finalizerSweeps(config),
  routes: finalizerRoutes,
  page: new URL('./page.js', import.meta.url),
  explain: explainFinalizer,
  readiness: finalizerReadiness,
  checks: finalizerChecks,
  demo,
})
