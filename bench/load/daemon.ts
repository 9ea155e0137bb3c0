/**
 * The real daemon as a child process, which can be killed and started again, and whose memory is watched.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { constants } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a user runs; under this Node it is the daemon's own process. */
const PROGRAM = fileURLToPath(new URL('../../bin/forgekeeper.js', import.meta.url))
const READY_MS = 300_000
const STOP_MS = 15_000

export interface LoadDaemon {
  /** Base URL of its HTTP interface. */
  readonly url: string
  /** Largest resident set seen, in bytes. */
  peakMemory(): number
  /** Resident set now, in bytes. */
  memory(): number
  /** Processor time it has used, in milliseconds. */
  cpuMs(): number
  /** Milliseconds from the start until HTTP answered. */
  readonly httpMs: number
  kill(): Promise<void>
  stop(): Promise<number | null>
}

/** The process, as soon as there is one: nothing is waited for. It writes to `daemon.log` in the folder. */
export function launchDaemon(folder: string, config: string, flags: readonly string[] = []): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, 'start', '--config', config, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithUs(child)
  const log = createWriteStream(join(folder, 'daemon.log'), { flags: 'a' })
  child.stdout?.pipe(log)
  child.stderr?.pipe(log)
  return child
}

const running = new Set<ChildProcess>()
const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** Whoever ends a measurement before its time ends its daemons as well. */
function endWithUs(child: ChildProcess): void {
  if (running.size === 0) for (const signal of SIGNALS) process.on(signal, endAll)
  running.add(child)
  child.once('exit', () => {
    running.delete(child)
    if (running.size === 0) for (const signal of SIGNALS) process.off(signal, endAll)
  })
}

function endAll(signal: NodeJS.Signals): void {
  for (const child of running) child.kill('SIGTERM')
  process.exit(128 + constants.signals[signal])
}

/** Starts it, with these flags besides, and waits until HTTP answers. */
export async function startDaemon(folder: string, config: string, flags: readonly string[] = []): Promise<LoadDaemon> {
  const started = performance.now()
  const child = launchDaemon(folder, config, flags)
  const url = await addressOf(folder, child)
  await answering(url)
  const httpMs = performance.now() - started
  const usage = watchUsage(child)
  return {
    url,
    httpMs,
    peakMemory: () => usage.peak,
    memory: () => usage.now,
    cpuMs: () => usage.cpuMs,
    kill: () => ended(child, 'SIGKILL'),
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended(child, 'SIGTERM')
      clearTimeout(timer)
      return child.exitCode
    },
  }
}

/** Sends the signal and resolves when the process is gone. */
export const ended = (child: ChildProcess, signal: NodeJS.Signals): Promise<void> =>
  new Promise(resolve => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    child.once('exit', () => resolve())
    child.kill(signal)
  })

/** The daemon notes its address, with its process id, in the data folder. */
async function addressOf(folder: string, child: ChildProcess): Promise<string> {
  const file = join(folder, 'data', 'daemon.json')
  for (let waited = 0; waited < READY_MS; waited += 20) {
    const text = await readFile(file, 'utf8').catch(() => '{}')
    const note = safeJson(text)
    if (note.pid === child.pid && note.url !== undefined) return note.url
    if (child.exitCode !== null) throw new Error(`the daemon ended with ${child.exitCode}; see ${folder}/daemon.log`)
    await pause(20)
  }
  throw new Error('the daemon did not listen in time')
}

function safeJson(text: string): { pid?: number; url?: string } {
  try {
    return JSON.parse(text) as { pid?: number; url?: string } // written by the daemon
  } catch {
    return {} // half written
  }
}

async function answering(url: string): Promise<void> {
  while (
    !(await fetch(`${url}/livez`).then(
      answer => answer.ok,
      () => false,
    ))
  )
    await pause(10)
}

export const pause = (ms: number): Promise<void> => new Promise(resolve => setTimeout(resolve, ms))

/** Clock ticks a second, as Linux counts processor time. */
const TICKS = 100

function watchUsage(child: ChildProcess): { peak: number; now: number; cpuMs: number } {
  const usage = { peak: 0, now: 0, cpuMs: 0 }
  const look = async (): Promise<void> => {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    usage.peak = Math.max(usage.peak, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024)
    usage.now = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024
    // after the name in brackets: state is field 3, user and system time are 14 and 15
    const fields = (await readFile(`/proc/${child.pid}/stat`, 'utf8').catch(() => '')).split(') ')[1]?.split(' ')
    if (fields) usage.cpuMs = ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS
  }
  const timer = setInterval(() => void look(), 500)
  child.once('exit', () => clearInterval(timer))
  return usage
}
