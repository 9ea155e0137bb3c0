/**
 * The finalizer's part of the tree, from its configuration. The two do not need each other to run: one that is down or
 * parked leaves the other working on what is in the database.
 */
import type { RoleContext } from '../../role.ts'
import { supervisor, worker } from '../../supervisors/child.ts'
import type { ChildSpec, SupervisorSpec } from '../../supervisors/spec.ts'
import { txManagerOf } from '../lanes/tx-manager-messages.ts'
import type { FinalizerConfig } from './config.ts'
import { coordinatorActor } from './coordinator.ts'
import { readsChain, readsWarehouse } from './families.ts'
import { coordinator, warehouseReader } from './messages.ts'
import { finalizerMeters, type FinalizerMeters } from './meters.ts'
import { sourceName } from './proof-source.ts'
import { closerRules } from './rules.ts'
import { openWarehouse, type Warehouse } from './warehouse-db.ts'
import { warehouseActor } from './warehouse.ts'

type Ctx = RoleContext<FinalizerConfig>

const BACKOFF = { minMs: 100, maxMs: 15_000 }

export function finalizerTree(context: Ctx): SupervisorSpec {
  const meters = finalizerMeters(context.metrics, context.orm, context.config.chain)
  return supervisor({
    id: 'finalizer',
    strategy: 'one-for-one',
    intensity: 5,
    period: 60,
    whenExceeded: 'park',
    parkMs: 60_000,
    backoff: BACKOFF,
    children: [coordinatorChild(context, meters), ...warehouseChild(context, meters)],
  })
}

function coordinatorChild(context: Ctx, meters: FinalizerMeters): ChildSpec {
  const { config, chain, orm } = context
  return worker({
    id: coordinator.id,
    actor: coordinatorActor,
    backoff: BACKOFF,
    args: () => {
      const rules = closerRules(context)
      return {
        db: orm,
        client: chain(config.chain).client,
        rules,
        sources: readsChain(config) ? rules.plans.map(({ family, from }) => ({ name: sourceName(family), from })) : [],
        address: config.address,
        lane: txManagerOf(config.chain, config.account),
        meters,
      }
    },
  })
}

function warehouseChild(context: Ctx, meters: FinalizerMeters): ChildSpec[] {
  const { config, orm } = context
  if (!readsWarehouse(config)) return []
  const { warehouse } = config
  return [
    worker({
      id: warehouseReader.id,
      actor: warehouseActor,
      backoff: BACKOFF,
      args: () => ({
        db: orm,
        open: () => open(context),
        chain: config.chain,
        schema: warehouse.schema,
        plans: closerRules(context).plans,
        startAfter: BigInt(warehouse.blockIdStart),
        pollMs: warehouse.pollInterval,
        gapPatienceMs: warehouse.gapPatience,
        meters,
      }),
    }),
  ]
}

async function open({ config, secret }: Ctx): Promise<Warehouse> {
  const { host = 'localhost', port, user, password, database, schema, read } = config.warehouse
  const revealed = password === undefined ? undefined : (await secret(password)).reveal()
  return openWarehouse({ host, port, user, password: revealed, database, schema, read })
}
