/**
 * The database as an actor: the embedded server when no URL is given, migrations under a lock, one pool for all.
 * Everybody else reads `orm()` of the port, which answers only while this actor runs.
 */
import { atMost } from '../../clock.ts'
import { startPostgres, type EmbeddedPostgres } from '../../embedded/postgres.ts'
import { DatabaseDownError } from '../../entities/errors.ts'
import { migrate, openOrm, type Orm, type Schema } from '../../entities/orm.ts'
import { defineActor } from '../kit/actor.ts'

export interface DatabasePort {
  /** The open database; throws DatabaseDownError while there is none. */
  orm(): Orm
}

export interface DatabaseArgs {
  readonly port: DatabaseSlot
  /** Null: the embedded server in `folder`. */
  readonly url: string | null
  readonly folder: string
  readonly poolSize: number
  readonly schemas: readonly Schema[]
}

/** The port together with the setter that only the database actor uses. */
export interface DatabaseSlot extends DatabasePort {
  set(orm: Orm | null): void
}

export function databaseSlot(): DatabaseSlot {
  let current: Orm | null = null
  return {
    set: orm => {
      current = orm
    },
    orm: () => {
      if (current) return current
      throw new DatabaseDownError('the database is not up yet')
    },
  }
}

type Message = { readonly type: 'server-ended'; readonly pid: number; readonly how: string }

const STOP_MS = 5_000
/** A pool waits for every query; one that was cut off by a dying server may never end. */
const POOL_END_MS = 1_500

export const database = defineActor<DatabaseArgs, Message, EmbeddedPostgres | null>({
  kind: 'platform/database',
  async start(args, ctx) {
    const server = args.url === null ? await startPostgres({ folder: args.folder, log: ctx.log }) : null
    ctx.own(() => server?.stop(STOP_MS))
    const orm = await open(args.url ?? server?.url ?? '', args)
    ctx.own(() => {
      args.port.set(null)
      return atMost(ctx.clock, POOL_END_MS, orm.close(true))
    })
    args.port.set(orm)
    void server?.exited.then(({ code, signal }) =>
      ctx.send(ctx.self, { type: 'server-ended', pid: server.pid, how: `code ${code}, signal ${signal}` }),
    )
    ctx.log.info('database is ready', { embedded: server !== null })
    return server
  },
  receive(server, { pid, how }) {
    if (pid !== server?.pid) return server // news of a server that an earlier incarnation has stopped
    throw new Error(`the embedded database ended (${how})`)
  },
})

async function open(url: string, args: DatabaseArgs): Promise<Orm> {
  const orm = await openOrm(url, args.schemas, args.poolSize)
  try {
    await migrate(orm, url, args.schemas)
    return orm
  } catch (error) {
    await orm.close(true)
    throw error
  }
}
