/** The same migrations and the same entities on the oldest and the newest PostgreSQL that is supported. */
import { readdirSync } from 'node:fs'
import test, { type ExecutionContext } from 'ava'
import { Client } from 'pg'
import { kernelSchema } from '../../src/entities/kernel/index.ts'
import { migrate, openOrm, type Schema } from '../../src/entities/orm.ts'
import { useDatabases } from '../support/postgres.ts'
import { startPostgres15 } from '../support/postgres-15.ts'

const databases = useDatabases(test)
const schemas = [kernelSchema, ...(await Promise.all(roles().map(schemaOf)))]

/** Every role that remembers something: a folder beside the kernel's. */
function roles(): string[] {
  const found = readdirSync(new URL('../../src/entities/', import.meta.url), { withFileTypes: true })
  return found.filter(entry => entry.isDirectory() && entry.name !== 'kernel').map(({ name }) => name)
}

async function schemaOf(role: string): Promise<Schema> {
  // each folder exports its tables under its own name
  const module = (await import(`../../src/entities/${role}/index.ts`)) as Readonly<Record<string, Schema | undefined>>
  const schema = module[`${role}Schema`]
  if (schema === undefined) throw new Error(`src/entities/${role} exports no ${role}Schema`)
  return schema
}

/** Migrates an empty database, twice; what the entities then miss or have too much is the answer. */
async function drift(t: ExecutionContext, url: string): Promise<string> {
  const orm = await openOrm(url, schemas)
  try {
    const ran = await migrate(orm, url, schemas)
    t.deepEqual(
      ran,
      schemas.flatMap(({ migrations }) => migrations.map(({ name }) => name)),
    )
    t.deepEqual(await migrate(orm, url, schemas), [])
    return await orm.schema.getUpdateSchemaSQL({ wrap: false, safe: false })
  } finally {
    await orm.close(true)
  }
}

async function majorOf(url: string): Promise<number> {
  const client = new Client(url)
  await client.connect()
  const { rows } = await client.query<{ version: string }>("select current_setting('server_version_num') as version")
  await client.end()
  return Math.floor(Number(rows[0]?.version) / 10_000)
}

test('on the embedded PostgreSQL 18 migrations make what the entities say', async t => {
  const url = await databases.create()
  if (process.env['FORGEKEEPER_TEST_DATABASE_URL'] === undefined) t.is(await majorOf(url), 18)
  t.is((await drift(t, url)).trim(), '')
})

test('on PostgreSQL 15 migrations make what the entities say (skipped where there is none)', async t => {
  const server = await startPostgres15()
  if (server === null) {
    t.log('no PostgreSQL 15 here: install postgresql, or set FORGEKEEPER_TEST_POSTGRES_15_URL')
    return t.pass()
  }
  t.teardown(() => server.end())
  const url = await server.create()
  t.is(await majorOf(url), 15)
  t.is((await drift(t, url)).trim(), '')
})
