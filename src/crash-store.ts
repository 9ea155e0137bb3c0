/**
 * Keeps crash records in the database. A crash while the database is away is kept in memory until it is back.
 */
import { Crash } from './entities/kernel/operations.ts'
import type { Orm } from './entities/orm.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { CrashPort, CrashRecord } from './supervisors/snapshot.ts'

const MOST_WAITING = 100

/** The port that the supervision layer writes to. Never throws. Crashes are also counted, by the kind of the actor. */
export function crashStore(orm: () => Orm, log: Log, metrics: Metrics): CrashPort {
  const crashes = metrics.counter({ name: 'actor_crashes_total', help: 'Crashes of actors.', labels: ['kind'] })
  let waiting: CrashRecord[] = []
  return {
    async record(crash) {
      crashes.add(1, { kind: crash.kind })
      waiting = [...waiting, crash].slice(-MOST_WAITING)
      const batch = waiting
      waiting = []
      try {
        const em = orm().em.fork()
        await em.insertMany(Crash, batch.map(rowOf))
      } catch (error) {
        waiting = [...batch, ...waiting].slice(-MOST_WAITING)
        log.debug('crash records wait for the database', { waiting: waiting.length, error: String(error) })
      }
    },
  }
}

const rowOf = ({ sincePreviousMs, ...crash }: CrashRecord) => ({
  ...crash,
  sincePreviousMs: sincePreviousMs === null ? null : BigInt(Math.round(sincePreviousMs)),
})
