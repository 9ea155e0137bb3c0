/**
 * Opens the database: entities, migrations under a lock, and a refusal of schemas newer than the code.
 * The same for the embedded server and for any PostgreSQL by URL.
 */
import type { EntitySchema } from '@mikro-orm/core'
import { Migrator, type Migration } from '@mikro-orm/migrations'
import { defineConfig, MikroORM, type EntityManager } from '@mikro-orm/postgresql'
import { Client } from 'pg'
import { DatabaseDownError, DatabaseNewerError, DatabaseTooOldError } from './errors.ts'
import { prepareStatements } from './prepared.ts'

/** A class of rows; what MikroORM accepts as an entity. */
export type EntityClass = (abstract new (...args: never[]) => object) | EntitySchema

export interface NamedMigration {
  /** Unique for ever: `kernel-001-tables`. */
  readonly name: string
  readonly class: new (...args: ConstructorParameters<typeof Migration>) => Migration
}

/** What one owner (the kernel, a role) keeps in the database. */
export interface Schema {
  readonly entities: readonly EntityClass[]
  readonly migrations: readonly NamedMigration[]
}

export type Orm = MikroORM
export type Em = EntityManager

const MIGRATION_LOCK = 0x666b_0001
const OLDEST_SERVER = 150_000

/** Connects, without touching the schema. Throws DatabaseDownError when nobody answers. */
export async function openOrm(url: string, schemas: readonly Schema[], poolSize = 10): Promise<Orm> {
  const orm = await MikroORM.init(
    defineConfig({
      clientUrl: url,
      entities: schemas.flatMap(schema => schema.entities) as never[], // MikroORM's own union is wider than needed
      extensions: [Migrator],
      migrations: {
        migrationsList: schemas
          .flatMap(schema => schema.migrations)
          .map(({ name, class: of }) => ({ name, class: of })),
        snapshot: false,
        transactional: true,
        allOrNothing: true,
        tableName: 'schema_migration',
        silent: true,
      },
      pool: { min: 0, max: poolSize },
      driverOptions: { onPoolCreated: prepareStatements },
      forceUtcTimezone: true,
      validateRequired: true,
      schemaGenerator: { ignoreTriggers: true, ignoreRoutines: true },
      debug: false,
    }),
  )
  return orm
}

/** Brings the schema up to date, one process at a time; answers the names of the migrations that ran. */
export async function migrate(orm: Orm, url: string, schemas: readonly Schema[]): Promise<string[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
  } catch (cause) {
    throw new DatabaseDownError('the database does not answer', { cause })
  }
  try {
    await refuseOldServer(client)
    await client.query('select pg_advisory_lock($1)', [MIGRATION_LOCK])
    await refuseNewerSchema(client, schemas)
    return (await orm.migrator.up()).map(done => done.name)
  } finally {
    await client.end() // ends the session, which frees the lock
  }
}

async function refuseOldServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ v: string }>("select current_setting('server_version_num') as v")
  const version = Number(rows[0]?.v)
  if (version < OLDEST_SERVER) {
    throw new DatabaseTooOldError(`PostgreSQL ${Math.floor(version / 10_000)} is too old`, { facts: { version } })
  }
}

async function refuseNewerSchema(client: Client, schemas: readonly Schema[]): Promise<void> {
  const exists = await client.query("select to_regclass('schema_migration') as t")
  if (exists.rows[0]?.t === null) return
  const known = new Set(schemas.flatMap(schema => schema.migrations.map(migration => migration.name)))
  const { rows } = await client.query<{ name: string }>('select name from schema_migration')
  const unknown = rows.map(row => row.name).filter(name => !known.has(name) && ownedBy(name, schemas))
  if (unknown.length > 0) {
    throw new DatabaseNewerError(`the database has migrations this version does not know: ${unknown.join(', ')}`)
  }
}

/** Migrations of a role that is switched off are not "newer": their owner is simply not here. */
const ownedBy = (name: string, schemas: readonly Schema[]): boolean => {
  const owners = new Set(schemas.flatMap(schema => schema.migrations.map(migration => ownerOf(migration.name))))
  return owners.has(ownerOf(name))
}
const ownerOf = (name: string): string => name.split('-')[0] ?? name
