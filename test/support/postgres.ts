/**
 * Databases for a test file: one server for the file, started at the first use, ended after the last test.
 *
 * FORGEKEEPER_TEST_DATABASE_URL names another server to use instead (its user must be allowed to create databases).
 * What `initdb` makes is kept under node_modules/.cache and copied, so a server is up in a third of a second.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestFn } from 'ava'
import { Client } from 'pg'
import { startPostgres, type EmbeddedPostgres } from '../../src/embedded/postgres.ts'
import { silentLog } from '../../src/log.ts'
import { PATIENCE_MS, removed } from './patience.ts'

export interface TestDatabases {
  /** The URL of a new database: empty, or a copy of `template` (a name given to `template` before). */
  create(template?: string): Promise<string>
  /** Makes a database once, to be copied: `prepare` gets its URL, fills it and closes its connections. */
  template(name: string, prepare: (url: string) => Promise<void>): Promise<void>
  /** The URL of the server's own database. */
  serverUrl(): Promise<string>
}

/** `const databases = useDatabases(test)` at the top of a file, then `await databases.create()` in its tests. */
export function useDatabases(test: TestFn): TestDatabases {
  let server: Promise<TestServer> | undefined
  const used = (): Promise<TestServer> => (server ??= startTestServer())
  const prepared = new Map<string, Promise<void>>()
  test.after.always('the database server of this file ends', async () => {
    await (await server)?.end()
  })
  return {
    create: async template => createDatabase(await used(), template),
    template: async (name, prepare) => {
      const one = await used()
      const made = async (): Promise<void> => {
        const url = await createDatabase(one)
        await prepare(url)
        one.templates.set(name, databaseOf(url))
      }
      // tests that run side by side wait for the same one
      if (!prepared.has(name)) prepared.set(name, made())
      await prepared.get(name)
    },
    serverUrl: async () => (await used()).url,
  }
}

/** Tests of a file run side by side, each with pools of its own that are open until it ends. */
const MOST_CONNECTIONS = 400

interface TestServer {
  readonly url: string
  readonly admin: Client
  readonly created: string[]
  readonly templates: Map<string, string>
  end(): Promise<void>
}

async function startTestServer(): Promise<TestServer> {
  const external = process.env['FORGEKEEPER_TEST_DATABASE_URL']
  const embedded = external === undefined ? await startEmbedded() : null
  const url = external ?? embedded?.server.url ?? ''
  const admin = new Client(url)
  await admin.connect()
  const created: string[] = []
  const end = async (): Promise<void> => {
    if (embedded === null) for (const name of created) await admin.query(`drop database if exists ${name} with (force)`)
    await admin.end()
    if (embedded === null) return
    await embedded.server.stop(PATIENCE_MS)
    await removed(embedded.folder)
  }
  return { url, admin, created, templates: new Map(), end }
}

async function createDatabase(server: TestServer, template?: string): Promise<string> {
  const source = template === undefined ? 'template0' : server.templates.get(template)
  if (source === undefined) throw new Error(`no template database was made under the name ${template}`)
  const name = `fk_${randomBytes(8).toString('hex')}`
  server.created.push(name)
  await server.admin.query(`create database ${name} template ${source}`)
  const [base, query] = server.url.split('?')
  const renamed = (base ?? '').replace(/\/[^/]*$/, `/${name}`)
  return query === undefined ? renamed : `${renamed}?${query}`
}

const databaseOf = (url: string): string => /\/([^/?]+)(\?|$)/.exec(url)?.[1] ?? ''

async function startEmbedded(): Promise<{ server: EmbeddedPostgres; folder: string }> {
  const cache = fileURLToPath(new URL('../../node_modules/.cache/forgekeeper/postgres', import.meta.url))
  const folder = await mkdtemp(join(tmpdir(), 'fk-pg-'))
  if (!existsSync(join(cache, 'data'))) await fillCache(cache)
  await promisify(execFile)('cp', ['-R', join(cache, 'data'), join(folder, 'data')])
  return { server: await start(folder), folder }
}

function start(folder: string): Promise<EmbeddedPostgres> {
  return startPostgres({ folder, log: silentLog, durable: false, maxConnections: MOST_CONNECTIONS })
}

async function fillCache(cache: string): Promise<void> {
  const fresh = await mkdtemp(join(tmpdir(), 'fk-pg-'))
  const server = await start(fresh)
  await server.stop(PATIENCE_MS)
  await mkdir(cache, { recursive: true })
  const beside = `${cache}/data-${randomBytes(4).toString('hex')}`
  await promisify(execFile)('cp', ['-R', join(fresh, 'data'), beside])
  await removed(fresh)
  // another test process may have been quicker: its folder is as good
  await rename(beside, join(cache, 'data')).catch(() => rm(beside, { recursive: true, force: true }))
}
