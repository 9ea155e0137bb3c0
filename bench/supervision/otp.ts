/**
 * Erlang/OTP as a peer, where `erl` and `erlc` (Debian: erlang-base) are installed: compiled once, one scheduler.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

export interface Otp {
  /** Takes one measure in a fresh process; answers what it printed. */
  take(measure: string): Promise<string>
  close(): Promise<void>
}

/** Null where Erlang is not installed. */
export async function findOtp(): Promise<Otp | null> {
  const folder = await mkdtemp(join(tmpdir(), 'otp-bench-'))
  const close = (): Promise<void> => rm(folder, { recursive: true, force: true })
  try {
    await run('erlc', ['-o', folder, join(import.meta.dirname, 'otp.erl')])
  } catch (error) {
    await close()
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
  const take = async (measure: string): Promise<string> => {
    const { stdout } = await run('erl', ['+S', '1', '-noshell', '-pa', folder, '-run', 'otp', 'main', measure])
    return stdout
  }
  return { take, close }
}
