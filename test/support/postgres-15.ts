/**
 * A server of the oldest PostgreSQL that is supported: the one FORGEKEEPER_TEST_POSTGRES_15_URL names (its user must be
 * allowed to create databases), or else one started from where Debian installs it, or else none.
 */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Client } from 'pg'
import { startServer } from '../../src/embedded/child.ts'
import { PATIENCE_MS, removed } from './patience.ts'

export interface OldServer {
  /** The URL of a new, empty database. */
  create(): Promise<string>
  end(): Promise<void>
}

const BIN = '/usr/lib/postgresql/15/bin'
/** PostgreSQL refuses uid 0. */
const NOBODY = { uid: 65534, gid: 65534 }

/** Null when there is none on this machine. */
export async function startPostgres15(): Promise<OldServer | null> {
  const given = process.env['FORGEKEEPER_TEST_POSTGRES_15_URL']
  if (given !== undefined) return serverAt(given, async () => {})
  if (!existsSync(join(BIN, 'initdb'))) return null
  const folder = await mkdtemp(join(tmpdir(), 'fk-pg15-'))
  const user = process.getuid?.() === 0 ? NOBODY : null
  if (user !== null) await chown(folder, user.uid, user.gid)
  await chmod(folder, 0o700)
  const data = join(folder, 'data')
  const made = ['-D', data, '-U', 'test', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(join(BIN, 'initdb'), made, { cwd: '/', ...user })
  const server = await startServer({
    command: join(BIN, 'postgres'),
    args: ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
    stopSignal: 'INT',
    ready: printed => (printed.includes('ready to accept connections') ? true : undefined),
    readyWithinMs: PATIENCE_MS,
    orphanGraceMs: 5_000,
    ...(user && { user }),
  })
  return serverAt(`postgres://test@${encodeURIComponent(folder)}/postgres`, async () => {
    await server.stop(PATIENCE_MS)
    await removed(folder)
  })
}

async function serverAt(url: string, stop: () => Promise<void>): Promise<OldServer> {
  const admin = new Client(url)
  await admin.connect()
  const created: string[] = []
  return {
    create: async () => {
      const name = `fk_${randomBytes(8).toString('hex')}`
      created.push(name)
      await admin.query(`create database ${name}`)
      return url.replace(/\/[^/?]+(?=\?|$)/, `/${name}`)
    },
    end: async () => {
      for (const name of created) await admin.query(`drop database if exists ${name} with (force)`)
      await admin.end()
      await stop()
    },
  }
}
