/**
 * A server whose daemon was killed is told to end, but takes a moment. Its successor waits here until it is gone, and
 * does not take a stranger for it who got the same process id meanwhile.
 */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { alive } from './child.ts'

const LOOK_EVERY_MS = 25

/**
 * `gone` as soon as no process `pid` has `mark` in its command line, `busy` when one still has after `withinMs`.
 * `onWait` is called once when there is something to wait for. An id that is no number is gone.
 */
export async function goneWithin(
  pid: number,
  mark: string,
  withinMs: number,
  onWait: () => void,
): Promise<'gone' | 'busy'> {
  for (let waited = 0; ; waited += LOOK_EVERY_MS) {
    if (!(pid > 0) || !alive(pid) || !(await commandLine(pid)).includes(mark)) return 'gone'
    if (waited >= withinMs) return 'busy'
    if (waited === 0) onWait()
    await sleep(LOOK_EVERY_MS)
  }
}

/** Words joined by blanks; empty when the process is gone or a zombie. */
async function commandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    return text.replaceAll('\0', ' ')
  }
  return new Promise(resolve => {
    execFile('ps', ['-o', 'command=', '-p', String(pid)], (_error, stdout) => resolve(stdout))
  })
}
