/**
 * Deletes what is older than the configuration keeps it. Told by a schedule, nobody waits for it, and it remembers
 * nothing: what one sweep leaves the next one finds.
 */
import type { Orm } from '../../entities/orm.ts'
import { onDatabase } from '../../entities/outage.ts'
import type { Sweep } from '../../role.ts'
import { defineActor } from '../kit/actor.ts'
import { ref, type Ref } from '../kit/ref.ts'

export interface HousekeepingArgs {
  readonly db: () => Orm
  readonly sweeps: readonly Sweep[]
}

export interface SweepNow {
  readonly type: 'sweep'
}

export const housekeeping: Ref<SweepNow> = ref('housekeeping')

/** Rows a statement deletes, so that none holds its locks for long. */
const AT_ONCE = 5_000

export const housekeepingActor = defineActor<HousekeepingArgs, SweepNow, HousekeepingArgs>({
  kind: 'housekeeping',
  mailbox: { capacity: 4, overflow: 'coalesce' },
  start: args => args,
  async receive(args, _, ctx) {
    for (const { name, keepMs, run } of args.sweeps) {
      if (keepMs === 0) continue
      const before = new Date(ctx.clock.now() - keepMs)
      let total = 0
      for (let rows = AT_ONCE; rows >= AT_ONCE && !ctx.signal.aborted; total += rows) {
        rows = await onDatabase(() => run(args.db().em.fork(), before, AT_ONCE))
      }
      if (total > 0) ctx.log.info('old rows deleted', { name, rows: total, before: before.toISOString() })
    }
    return args
  },
})
