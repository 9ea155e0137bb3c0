import test from 'ava'
import { nodeChecks, roleChecks } from '../../src/daemon/readiness.ts'
import type { RoleEntry } from '../../src/http/ports.ts'
import type { Role } from '../../src/role.ts'
import { bareRole, node, snapshotOf, stillClock } from '../http/harness.ts'

const entry = (readiness: Role['readiness']): RoleEntry => ({
  role: bareRole({ name: 'finalizer', ...(readiness !== undefined && { readiness }) }),
  context: {} as RoleEntry['context'], // these roles look at nothing
})

test('a role whose look at itself hangs or fails is not ready, and the others are told all the same', async t => {
  const hangs = entry(() => new Promise(() => {}))
  const late = { ...stillClock, after: (_ms: number, run: () => void) => (queueMicrotask(run), () => {}) }
  t.deepEqual(await roleChecks(hangs, late), [{ name: 'finalizer', ok: false, detail: 'no answer within 2000 ms' }])
  const fails = entry(() => Promise.reject(new Error('no')))
  t.deepEqual(await roleChecks(fails, stillClock), [{ name: 'finalizer', ok: false, detail: 'no' }])
  t.deepEqual(await roleChecks(entry(undefined), stillClock), [])
})

test('an actor that only waits for an earlier one is told by that one', t => {
  const down = node('database', { state: 'starting', because: 'it is starting' })
  const behind = node('rpc:local', { state: 'waiting', because: 'after database' })
  t.deepEqual(nodeChecks(snapshotOf(down, behind, node('http')).root), [
    { name: 'database', ok: false, detail: 'it is starting' },
  ])
  t.deepEqual(nodeChecks(snapshotOf(node('http')).root), [{ name: 'tree', ok: true, detail: 'every actor runs' }])
})
