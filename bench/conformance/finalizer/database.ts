/**
 * A PostgreSQL of its own for a file of cases, with the tables of kernel and finalizer in a new database for each case.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { startPostgres } from '../../../src/embedded/postgres.ts'
import { finalizerSchema } from '../../../src/entities/finalizer/index.ts'
import { kernelSchema } from '../../../src/entities/kernel/index.ts'
import { migrate, openOrm, type Orm } from '../../../src/entities/orm.ts'
import { silentLog } from '../../../src/log.ts'
import type { CaseOutcome } from '../index.ts'

export interface CaseDatabase {
  readonly orm: Orm
  /** Plain access to the same database. */
  readonly client: Client
  readonly host: string
  readonly port: number
  readonly user: string
  readonly name: string
}

const SCHEMAS = [kernelSchema, finalizerSchema]

/** Runs `replay` with a maker of databases; the server ends afterwards. */
export async function* withDatabases(
  replay: (fresh: <T>(work: (database: CaseDatabase) => Promise<T>) => Promise<T>) => AsyncIterable<CaseOutcome>,
): AsyncIterable<CaseOutcome> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-cases-'))
  const server = await startPostgres({ folder, log: silentLog, durable: false })
  let made = 0
  try {
    yield* replay(work => inDatabase(server.url, `cases_${made++}`, work))
  } finally {
    await server.stop(5_000)
    await rm(folder, { recursive: true, force: true })
  }
}

async function inDatabase<T>(
  serverUrl: string,
  name: string,
  work: (database: CaseDatabase) => Promise<T>,
): Promise<T> {
  const admin = new Client(serverUrl)
  await admin.connect()
  await admin.query(`create database ${name}`)
  const { host, port, user = 'postgres' } = admin
  await admin.end()
  const url = serverUrl.replace(/\/[^/?]*(\?|$)/, `/${name}$1`)
  const orm = await openOrm(url, SCHEMAS)
  const client = new Client(url)
  try {
    await migrate(orm, url, SCHEMAS)
    await client.connect()
    return await work({ orm, client, host, port, user, name })
  } finally {
    await client.end()
    await orm.close(true)
  }
}
