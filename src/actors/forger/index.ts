/**
 * The forger on one page: what it wants from the chain, its tree, what it shows.
 */
import { forgerSchema } from '../../entities/forger/index.ts'
import { defineRole, type RoleContext } from '../../role.ts'
import { forgerSection, type ForgerConfig } from './config.ts'
import { forgerChecks } from './checks.ts'
import { demo } from './demo/index.ts'
import { explainForger } from './explain.ts'
import { coordinator, purger } from './messages.ts'
import { poolApi } from './pool-api/pool-api.ts'
import { forgerSweeps } from './retention.ts'
import { rollupSource } from './rollup-source.ts'
import { forgerReadiness } from './readiness.ts'
import { forgerRoutes } from './routes.ts'
import { tokenValuesOf } from './token-values.ts'
import { forgerTree, shownProvers } from './tree.ts'

type Ctx = RoleContext<ForgerConfig>

export default defineRole<ForgerConfig>({
  name: 'forger',
  summary: 'Forges rollup batches with many provers at once and lands them in order.',
  tryFirst: [
    ['batches', 'batches'],
    ['why not yet', 'explain batch/5'],
  ],
  config: forgerSection,
  schema: forgerSchema,
  tree: forgerTree,
  subscriptions: ({ config }: Ctx) => [
    { chain: config.chain, sources: [rollupSource(config, BigInt(config.deployedAt))], subscribers: [coordinator] },
  ],
  schedules: ({ config }) => [
    { name: 'forger/purge', cron: config.pool.purgeSchedule, fire: send => send(purger, { type: 'purge' }) },
  ],
  sweeps: ({ config }) => forgerSweeps(config),
  routes: context => forgerRoutes({ orm: context.orm, provers: () => shownProvers(context) }),
  publicRoutes: ({ orm, clock, config, chain }) =>
    poolApi({
      orm,
      clock,
      domain: () => ({ chainId: chain(config.chain).chainId, rollup: config.rollup }),
      maxTxs: config.pool.maxTxs,
      feeRange: {
        values: tokenValuesOf(Object.values(config.tokens ?? {})),
        minUsd: config.pool.minFeeUsd,
        maxUsd: config.pool.maxFeeUsd,
      },
      signatureThreads: 1,
    }),
  page: new URL('./page.js', import.meta.url),
  explain: explainForger,
  readiness: forgerReadiness,
  checks: forgerChecks,
  demo,
})
