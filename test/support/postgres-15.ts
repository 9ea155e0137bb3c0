/**
 * A server of the oldest PostgreSQL that is supported: the one FORGEKEEPER_TEST_POSTGRES_15_URL names (its user must be
 * allowed to create databases), or else one started from where Debian installs it, or else none.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startServer } from '../../src/embedded/child.ts'

export interface OldServer {
  readonly url: string
  end(): Promise<void>
}

const BIN = '/usr/lib/postgresql/15/bin'
/** PostgreSQL refuses uid 0. */
const NOBODY = { uid: 65534, gid: 65534 }

/** Null when there is none on this machine. */
export async function startPostgres15(): Promise<OldServer | null> {
  const given = process.env['FORGEKEEPER_TEST_POSTGRES_15_URL']
  if (given !== undefined) return { url: given, end: async () => {} }
  if (!existsSync(join(BIN, 'initdb'))) return null
  const folder = await mkdtemp(join(tmpdir(), 'fk-pg15-'))
  const user = process.getuid?.() === 0 ? NOBODY : {}
  if ('uid' in user) await chown(folder, user.uid, user.gid)
  await chmod(folder, 0o700)
  const data = join(folder, 'data')
  const made = ['-D', data, '-U', 'test', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync']
  await promisify(execFile)(join(BIN, 'initdb'), made, { cwd: '/', ...user })
  const server = await startServer({
    command: join(BIN, 'postgres'),
    args: ['-D', data, '-k', folder, '-c', 'listen_addresses=', '-c', 'fsync=off'],
    stopSignal: 'INT',
    ready: printed => (printed.includes('ready to accept connections') ? true : undefined),
    readyWithinMs: 30_000,
    orphanGraceMs: 5_000,
    ...('uid' in user && { user }),
  })
  const end = async (): Promise<void> => {
    await server.stop(5_000)
    await rm(folder, { recursive: true, force: true })
  }
  return { url: `postgres://test@${encodeURIComponent(folder)}/postgres`, end }
}
