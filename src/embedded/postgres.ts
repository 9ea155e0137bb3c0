/**
 * The real PostgreSQL server as a part of the daemon: its binaries from npm, a unix socket, no password, no port.
 *
 * Whoever may enter the folder may use the database, so the folder is for its owner only. Nothing here is another
 * implementation of anything: the daemon gets a URL, as it would from an operator.
 */
import { createHash } from 'node:crypto'
import { chown, lstat, mkdir, mkdtemp, readFile, readdir, realpath, rename, rm, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'
import { startServer, type ServerExit, type ServerProcess } from './child.ts'
import { DatabaseFolderBusyError, DatabaseFolderVersionError, EmbeddedPostgresFailedError } from './errors.ts'
import { goneWithin } from './former-server.ts'
import { postgresPrograms, type Programs } from './postgres-binaries.ts'

export interface PostgresOptions {
  /** Holds the data and, when its path is short enough, the socket. Created for its owner only. */
  readonly folder: string
  readonly log: Log
  /** Connections the server takes; 100 when left out. */
  readonly maxConnections?: number
  /** False for data that nobody will miss (tests): nothing waits for the disk. It outlives kill -9, not a power cut. */
  readonly durable?: boolean
}

export interface EmbeddedServer {
  readonly pid: number
  /** Resolves when the server is gone, for whatever reason; never rejects. */
  readonly exited: Promise<ServerExit>
  /** Ends the server; it is killed when it takes longer than `deadlineMs`. */
  stop(deadlineMs: number): Promise<ServerExit>
}

export interface EmbeddedPostgres extends EmbeddedServer {
  /** For `pg` and MikroORM: the database `postgres` as its owner, over the unix socket. */
  readonly url: string
  /** The folder of the socket. */
  readonly socketFolder: string
}

const USER = 'forgekeeper'
/** Room for `/.s.PGSQL.5432` within the 107 bytes that a socket's path may have. */
const LONGEST_SOCKET_FOLDER = 107 - '/.s.PGSQL.5432'.length
const START_MS = 60_000
const FORMER_SERVER_MS = 30_000

/**
 * Starts the server, creating its data on first use. Recovers from every way a former server or creation can have
 * ended, kill -9 included. Throws errors with codes DB_020 to DB_024.
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  await mkdir(options.folder, { recursive: true, mode: 0o700 })
  const folder = await realpath(options.folder)
  const programs = await postgresPrograms(folder)
  const data = join(folder, 'data')
  if ((await dataVersion(data)) === null) await createData(folder, data, programs, options)
  await sameVersion(data, programs)
  await formerServerGone(data, options.log)
  const socketFolder = await socketFolderOf(folder, programs, options.log)
  const server = await launch(data, socketFolder, programs, options)
  const url = `postgres://${USER}@${encodeURIComponent(socketFolder)}/postgres`
  options.log.debug('embedded database is up', { pid: server.pid, folder })
  const stop = async (deadlineMs: number): Promise<ServerExit> => {
    const exit = await server.stop(deadlineMs)
    if (socketFolder !== folder) await rmdir(socketFolder).catch(() => {}) // not empty after a kill: used again then
    return exit
  }
  return { url, socketFolder, pid: server.pid, exited: server.exited, stop }
}

async function dataVersion(data: string): Promise<string | null> {
  return (await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null))?.trim() ?? null
}

/** Under a name of its own first, so that a creation that was cut off is never taken for a database. */
async function createData(folder: string, data: string, programs: Programs, options: PostgresOptions): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('data.new-')) await rm(join(folder, name), { recursive: true, force: true })
  const fresh = await mkdtemp(join(folder, 'data.new-'))
  if (programs.user !== undefined) await chown(fresh, programs.user.uid, programs.user.gid)
  options.log.info('creating the embedded database', { folder })
  const args = ['-D', fresh, '-U', USER, '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-instructions']
  if (options.durable === false) args.push('--no-sync')
  const initdb = await run(programs, 'initdb', args, () => true)
  const { code, tail } = await initdb.exited
  if (code !== 0) throw failed(`initdb ended with ${code}: ${tail.trim()}`)
  await rename(fresh, data)
}

async function sameVersion(data: string, programs: Programs): Promise<void> {
  const version = await dataVersion(data)
  if (version === programs.version) return
  const message = `the data in ${data} is of PostgreSQL ${version}, the embedded server is ${programs.version}`
  throw new DatabaseFolderVersionError(message, { facts: { folder: data, data: version, server: programs.version } })
}

/** PostgreSQL notes its process id in the first line of this file; one that is still ending is waited for. */
async function formerServerGone(data: string, log: Log): Promise<void> {
  const file = join(data, 'postmaster.pid')
  const pid = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10)
  const left = await goneWithin(pid, data, FORMER_SERVER_MS, () => log.info('waiting for the former database server'))
  if (left === 'busy')
    throw new DatabaseFolderBusyError(`a database server, process ${pid}, works in ${data}`, { facts: { pid } })
  // else the id may belong to a stranger by now, and PostgreSQL, which asks only whether it exists, would give up
  await rm(file, { force: true })
}

/** A socket's path is short by law of the system; a deep folder gets a short one beside the other temporary files. */
async function socketFolderOf(folder: string, programs: Programs, log: Log): Promise<string> {
  if (Buffer.byteLength(folder) <= LONGEST_SOCKET_FOLDER) return folder
  const name = `forgekeeper-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`
  const temporary = Buffer.byteLength(tmpdir()) + 1 + name.length <= LONGEST_SOCKET_FOLDER ? tmpdir() : '/tmp'
  const short = join(temporary, name)
  await mkdir(short, { mode: 0o700 }).catch(() => {})
  const { uid, mode } = await lstat(short)
  const owners = [process.getuid?.(), programs.user?.uid]
  if (!owners.includes(uid) || (mode & 0o170077) !== 0o040000)
    throw failed(`${short}, needed for the socket, is not a folder that only this user may enter`)
  if (programs.user !== undefined) await chown(short, programs.user.uid, programs.user.gid)
  log.info('the data folder is too deep for a unix socket; the socket is elsewhere', { folder, socketFolder: short })
  return short
}

async function launch(
  data: string,
  socketFolder: string,
  programs: Programs,
  options: PostgresOptions,
): Promise<ServerProcess> {
  const settings = {
    listen_addresses: '',
    unix_socket_directories: socketFolder,
    unix_socket_permissions: '0700',
    max_connections: String(options.maxConnections ?? 100),
    shared_buffers: '64MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...(options.durable === false && { fsync: 'off', full_page_writes: 'off' }),
  }
  const args = ['-D', data, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  return run(programs, 'postgres', args, accepting)
}

function accepting(printed: string): true | undefined {
  return printed.includes('ready to accept connections') ? true : undefined
}

async function run(
  programs: Programs,
  program: 'initdb' | 'postgres',
  args: readonly string[],
  ready: (printed: string) => true | undefined,
): Promise<ServerProcess> {
  const [command, ...words] = programs.command(program)
  try {
    return await startServer({
      command,
      args: [...words, ...args],
      stopSignal: 'INT',
      ready,
      readyWithinMs: START_MS,
      orphanGraceMs: FORMER_SERVER_MS - 5000,
      env: { ...process.env, LC_ALL: 'C' },
      ...(programs.user !== undefined && { user: programs.user }),
    })
  } catch (cause) {
    throw failed(`${program}: ${messageOf(cause)}`, cause)
  }
}

const failed = (message: string, cause?: unknown): EmbeddedPostgresFailedError =>
  new EmbeddedPostgresFailedError(`the embedded database did not start: ${message}`, { cause })
