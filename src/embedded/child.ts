/**
 * Server processes that never outlive the daemon, however the daemon ends.
 *
 * The server is started by a shell that also reads its own standard input: the daemon holds the other end, so any end
 * of the daemon (also kill -9) closes it, and the shell then stops the server. The server runs in a session of its own,
 * so that Ctrl-C in a terminal reaches the daemon only, which stops its servers in order.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'

/** How a server ended. `tail` is the end of what it printed, at most 4 KiB. */
export interface ServerExit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly tail: string
}

export interface ServerProcess {
  /** Of the server itself, not of the shell around it. */
  readonly pid: number
  /** Resolves when the server and all that hold its output are gone; never rejects. */
  readonly exited: Promise<ServerExit>
  /** Asks the server to end, and kills it when it has not after `deadlineMs`. Safe to call again. */
  stop(deadlineMs: number): Promise<ServerExit>
}

export interface ServerCommand<Ready> {
  readonly command: string
  readonly args: readonly string[]
  /** What the server takes as a request to end in order. */
  readonly stopSignal: 'INT' | 'TERM'
  /** Looks at everything printed so far; anything but undefined means the server is ready. */
  readonly ready: (printed: string) => Ready | undefined
  readonly readyWithinMs: number
  /** After the daemon's end: how long the server may take to stop by itself before it is killed. */
  readonly orphanGraceMs: number
  readonly env?: NodeJS.ProcessEnv
  readonly user?: { readonly uid: number; readonly gid: number }
}

/** The server ended, or said nothing in time, before it was ready. The starter of a particular server gives it a code. */
export class ServerNotReady extends Error {
  readonly exit: ServerExit

  constructor(exit: ServerExit, reason: string) {
    super(`${reason}: ${exit.tail.trim() || 'it printed nothing'}`)
    this.name = 'ServerNotReady'
    this.exit = exit
  }
}

const TAIL_BYTES = 4096

// $1 signal, $2 tenths of a second of grace, then the command. `read` ends when standard input does.
const SHELL = `s=$1; n=$2; shift 2
"$@" 4>&- </dev/null & p=$!
exec 3<&0; echo $p >&4; exec 4>&-
( read x <&3; kill -$s $p; i=0
  while [ $i -lt $n ] && kill -0 $p; do sleep 0.1 || sleep 1; i=$((i+1)); done
  kill -KILL $p ) >/dev/null 2>&1 & w=$!
exec 3<&-
wait $p; c=$?; kill $w 2>/dev/null; exit $c`

/** Starts a server and waits until it is ready. Rejects with ServerNotReady; nothing is left running then. */
export async function startServer<Ready>(
  server: ServerCommand<Ready>,
): Promise<ServerProcess & { readonly ready: Ready }> {
  const shell = launch(server)
  const output = collect(shell)
  const exited = exitOf(shell, output)
  const pid = await pidOf(shell, exited)
  const stop = stopper(shell, pid, exited)
  const ready = await firstReady(server, output, exited, stop)
  output.forget()
  return { pid, exited, stop, ready }
}

function launch(server: ServerCommand<unknown>): ChildProcess {
  const grace = String(Math.ceil(server.orphanGraceMs / 100))
  return spawn('/bin/sh', ['-c', SHELL, 'server', server.stopSignal, grace, server.command, ...server.args], {
    stdio: ['pipe', 'pipe', 'pipe', 'ignore', 'pipe'],
    cwd: '/',
    detached: true,
    env: server.env ?? process.env,
    ...server.user,
  })
}

interface Output {
  text: string
  onText: () => void
  /** Drops what was printed so far; from now on only the tail is kept. */
  forget(): void
}

function collect(shell: ChildProcess): Output {
  let limit = 64 * TAIL_BYTES
  const output: Output = { text: '', onText: () => {}, forget: () => ((limit = TAIL_BYTES), (output.text = '')) }
  const take = (chunk: string): void => {
    output.text = (output.text + chunk).slice(-limit)
    output.onText()
  }
  shell.stdout?.setEncoding('utf8').on('data', take)
  shell.stderr?.setEncoding('utf8').on('data', take)
  return output
}

function exitOf(shell: ChildProcess, output: Output): Promise<ServerExit> {
  return new Promise(resolve => {
    const end = (code: number | null, signal: NodeJS.Signals | null): void =>
      resolve({ ...meaningOf(code, signal), tail: output.text.slice(-TAIL_BYTES) })
    shell.once('close', end)
    shell.once('error', error => {
      output.text += error.message
      end(127, null)
    })
    // writing to a server that is gone is no error: its end is told by `close`
    shell.stdin?.on('error', () => {})
  })
}

/** A shell tells a death by signal as 128 + number. */
function meaningOf(code: number | null, signal: NodeJS.Signals | null): Pick<ServerExit, 'code' | 'signal'> {
  if (code === null || code <= 128) return { code, signal }
  const found = Object.entries(constants.signals).find(([, value]) => value === code - 128)
  return found === undefined ? { code, signal } : { code: null, signal: found[0] as NodeJS.Signals } // its keys are these
}

async function pidOf(shell: ChildProcess, exited: Promise<ServerExit>): Promise<number> {
  let text = ''
  const stream = shell.stdio[4] as Readable | undefined // opened as 'pipe' and only ever read
  if (stream !== undefined && shell.pid !== undefined) for await (const chunk of stream) text += String(chunk)
  const pid = Number(text)
  if (pid > 0) return pid
  throw new ServerNotReady(await exited, 'the server could not be started')
}

function stopper(shell: ChildProcess, pid: number, exited: Promise<ServerExit>): ServerProcess['stop'] {
  // a shell that was killed alone leaves its server behind
  shell.once('exit', (_code, signal) => signal !== null && kill(pid))
  return async deadlineMs => {
    shell.stdin?.end()
    // the server first, so that the shell sees its end; then whatever is left of the group
    const timers = [setTimeout(kill, deadlineMs, pid), setTimeout(kill, deadlineMs + 500, -(shell.pid ?? pid))]
    try {
      return await exited
    } finally {
      timers.forEach(clearTimeout)
    }
  }
}

function kill(target: number): void {
  try {
    process.kill(target, 'SIGKILL')
  } catch {
    // already gone
  }
}

async function firstReady<Ready>(
  server: ServerCommand<Ready>,
  output: Output,
  exited: Promise<ServerExit>,
  stop: ServerProcess['stop'],
): Promise<Ready> {
  let timer: NodeJS.Timeout | undefined
  const ready = new Promise<Ready | undefined>(resolve => {
    output.onText = () => {
      const found = server.ready(output.text)
      if (found !== undefined) resolve(found)
    }
    output.onText()
    timer = setTimeout(resolve, server.readyWithinMs, undefined)
  })
  const first = await Promise.race([ready, exited.then(() => undefined)])
  clearTimeout(timer)
  output.onText = () => {}
  if (first !== undefined) return first
  const exit = await stop(1000)
  throw new ServerNotReady(exit, `the server ended or was not ready after ${server.readyWithinMs} ms`)
}

/** True while there is a process of that id, be it one that ended and that nobody asked for yet. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM' // thrown by process.kill, which gives these
  }
}
