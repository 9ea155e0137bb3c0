/** Crash records are counted at once and wait for a database that is away. */
import test from 'ava'
import { crashStore } from '../src/crash-store.ts'
import { silentLog } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import type { CrashRecord } from '../src/supervisors/snapshot.ts'

const crash = (kind: string): CrashRecord => ({
  actor: `${kind}:1`,
  kind,
  at: new Date(0),
  reason: 'boom',
  code: null,
  stack: null,
  message: null,
  incarnation: 1,
  sincePreviousMs: null,
})

test('crashes are counted by the kind of the actor, also while the database is away', async t => {
  const metrics = createMetrics({ processMetrics: false })
  const away = (): never => {
    throw new Error('the database is not up yet')
  }
  const store = crashStore(away, silentLog, metrics)
  for (const kind of ['tx-manager', 'chain/rpc', 'tx-manager']) await store.record(crash(kind))
  const text = await metrics.text()
  t.true(text.includes('forgekeeper_actor_crashes_total{kind="tx-manager"} 2'))
  t.true(text.includes('forgekeeper_actor_crashes_total{kind="chain/rpc"} 1'))
})
