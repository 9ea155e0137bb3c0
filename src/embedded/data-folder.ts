/**
 * The daemon's own folder, held by one daemon at a time.
 *
 * The lock is an exclusive SQLite lock on an empty file: the only lock in Node's standard library that the kernel
 * takes back when a process dies, so there are no stale locks and no race to take one over. The process id stands in a
 * second file, for people.
 */
import { rmSync } from 'node:fs'
import { chmod, mkdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { messageOf } from '../errors.ts'
import { DataFolderBusyError, DataFolderUnusableError } from './errors.ts'

export interface DataFolder {
  /** Absolute, links resolved. */
  readonly path: string
  /** Gives the folder free for another daemon. Safe to call again; also happens at the end of the process. */
  release(): void
}

const SQLITE_BUSY = 5

/**
 * Creates the folder when it is missing (only its owner may enter) and takes it for this process.
 * Throws DataFolderBusyError, which names the holder's process id, or DataFolderUnusableError.
 */
export async function openDataFolder(folder: string): Promise<DataFolder> {
  const { path, lock } = await createAndTake(folder)
  if (lock === null) throw await busy(path)
  await writeFile(pidFile(path), `${process.pid}\n`)
  return {
    path,
    release: () => {
      if (!lock.isOpen) return
      rmSync(pidFile(path), { force: true })
      lock.close()
    },
  }
}

const pidFile = (path: string): string => join(path, 'daemon.pid')

async function createAndTake(folder: string): Promise<{ path: string; lock: DatabaseSync | null }> {
  try {
    const made = await mkdir(folder, { recursive: true, mode: 0o700 })
    if (made !== undefined) await chmod(folder, 0o700)
    const path = await realpath(folder)
    return { path, lock: take(join(path, 'lock')) }
  } catch (error) {
    throw unusable(folder, error)
  }
}

function take(file: string): DatabaseSync | null {
  const database = new DatabaseSync(file)
  try {
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database.close()
    if ((error as { errcode?: number }).errcode === SQLITE_BUSY) return null // the shape node:sqlite documents
    throw error
  }
}

function unusable(folder: string, cause: unknown): DataFolderUnusableError {
  const message = `the data folder ${folder} cannot be used: ${messageOf(cause)}`
  return new DataFolderUnusableError(message, { cause, facts: { folder } })
}

async function busy(path: string): Promise<DataFolderBusyError> {
  const text = await readFile(pidFile(path), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  const holder = pid > 0 ? `process ${pid}` : 'another process'
  return new DataFolderBusyError(`the data folder ${path} is in use by ${holder}`, {
    facts: { folder: path, pid: pid > 0 ? pid : null },
  })
}
