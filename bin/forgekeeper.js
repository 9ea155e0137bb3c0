#!/usr/bin/env node
/**
 * Runs src/cli/main.ts under a Node that can: this one, or the one that came with the dependencies. Plain JavaScript,
 * so that an older Node gets this far.
 *
 * In between, this process only passes things on. The child has a process group of its own, so that a Ctrl-C reaches it
 * once, from here, and not a second time from the terminal; npm passes signals on as well, which doubles them, so that
 * the same signal within a third of a second is one. When this process dies, even by `kill -9`, the IPC channel closes,
 * and the child takes that as SIGTERM.
 *
 * A daemon's heap is bounded by flags that V8 reads only as it starts, so this process becomes one that has them.
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/cli/main.ts', import.meta.url))
const pinned = fileURLToPath(
  new URL(`../node_modules/node-${process.platform}-${process.arch}/bin/node`, import.meta.url),
)
/** Where Node keeps what it has compiled, so that the next start takes half the time; harmless when it cannot be written. */
const cache = fileURLToPath(new URL('../node_modules/.cache/forgekeeper/compiled', import.meta.url))
/**
 * On a large machine V8 and malloc by default keep several times what the daemon needs: a young generation of 128 MB, an
 * old one that may double, an arena for each thread. With these the load test's peak was halved at the same speed.
 */
const HEAP = ['--max-semi-space-size=8', '--heap-growing-percent=50']
const ARENAS = { MALLOC_ARENA_MAX: '2' }
const isDaemon = process.argv[2] === 'start'
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 24 || (major === 24 && minor >= 12)) {
  if (isDaemon && !HEAP.every(flag => process.execArgv.includes(flag))) becomeDaemon()
  module.enableCompileCache?.(cache)
  await import(main)
} else if (existsSync(pinned)) runUnder(pinned)
else {
  console.error(`Node 24.12 or later is needed; this is ${process.version}. Install it, or run \`npm ci\` first.`)
  process.exitCode = 69
}

/** Goes on as the same process with the heap's flags; where the system cannot do that, without them. */
function becomeDaemon() {
  if (process.platform === 'win32' || process.execve === undefined || process.connected) return
  const flags = [...process.execArgv, ...HEAP]
  process.execve(process.execPath, [process.execPath, ...flags, ...process.argv.slice(1)], {
    ...ARENAS,
    ...process.env,
  })
}

/** @param {string} node */
function runUnder(node) {
  const args = [...(isDaemon ? HEAP : []), main, ...process.argv.slice(2)]
  const env = { NODE_COMPILE_CACHE: cache, ...(isDaemon ? ARENAS : {}), ...process.env }
  const child = spawn(node, args, { env, stdio: ['inherit', 'inherit', 'inherit', 'ipc'], detached: true })
  const passed = { SIGINT: 0, SIGTERM: 0, SIGHUP: 0 }
  for (const signal of Object.keys(passed)) {
    process.on(signal, () => {
      const now = Date.now()
      if (now - passed[signal] > 300) child.kill(signal === 'SIGHUP' && process.stdin.isTTY ? 'SIGTERM' : signal)
      passed[signal] = now
    })
  }
  child.on('error', error => {
    console.error(`${node} cannot be run: ${error.message}`)
    process.exit(69)
  })
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 70)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}
