/**
 * A whole copy of anvil's state beside the file that anvil writes.
 *
 * anvil truncates its file and writes it anew every second; killed in between, it leaves half a file and refuses it at
 * the next start. A copy that was made while nobody wrote is at most some seconds older.
 */
import { copyFile, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { messageOf } from '../errors.ts'
import type { Log } from '../log.ts'

const COPY_EVERY_MS = 5000
const TRIES = 20
const TRY_EVERY_MS = 53

const copyOf = (stateFile: string): string => `${stateFile}.copy`

/** Before a start: takes the copy when the file is there but was cut off, and keeps that one as `FILE.damaged`. */
export async function restoreState(stateFile: string, log: Log): Promise<void> {
  if (await readable(stateFile)) return
  await rename(stateFile, `${stateFile}.damaged`).catch(() => {})
  if (!(await readable(copyOf(stateFile)))) return
  await copyFile(copyOf(stateFile), stateFile)
  log.warn('the chain state was cut off; a copy some seconds older is used', { stateFile })
}

async function readable(file: string): Promise<boolean> {
  try {
    JSON.parse(await readFile(file, 'utf8'))
    return true
  } catch {
    return false
  }
}

/** Copies the file now and then, only when it is whole; the returned function ends that. */
export function keepCopies(stateFile: string, log: Log): () => void {
  let timer: NodeJS.Timeout
  const again = (ms: number, tries: number): void => {
    timer = setTimeout(() => void look(tries), ms)
    timer.unref()
  }
  let ended = false
  const look = async (tries: number): Promise<void> => {
    const copied = await copyWhole(stateFile).catch((error: unknown) => {
      log.debug('the chain state could not be copied', { because: messageOf(error) })
      return true
    })
    if (!ended) again(copied || tries <= 1 ? COPY_EVERY_MS : TRY_EVERY_MS, copied || tries <= 1 ? TRIES : tries - 1)
  }
  again(COPY_EVERY_MS, TRIES)
  return () => {
    ended = true
    clearTimeout(timer)
  }
}

/** False when anvil wrote meanwhile. */
async function copyWhole(stateFile: string): Promise<boolean> {
  const before = await stat(stateFile)
  if (!(await endsWhole(stateFile, before.size))) return false
  const fresh = `${copyOf(stateFile)}.new`
  await copyFile(stateFile, fresh)
  const after = await stat(stateFile)
  const whole = after.mtimeMs === before.mtimeMs && after.size === before.size
  await (whole ? rename(fresh, copyOf(stateFile)) : rm(fresh, { force: true }))
  return whole
}

async function endsWhole(file: string, size: number): Promise<boolean> {
  if (size === 0) return false
  const handle = await open(file)
  try {
    const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
    return buffer.toString() === '}'
  } finally {
    await handle.close()
  }
}
