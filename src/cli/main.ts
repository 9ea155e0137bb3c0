/**
 * The process behind the `forgekeeper` command: hands the real world to the command line and sets the exit code.
 */
import { systemClock } from '../clock.ts'
import { runCli } from './program.ts'

if (process.connected) {
  // The launcher (bin/forgekeeper.js) holds the other end: when it dies, however it dies, this process is asked to stop.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}

process.exitCode = await runCli(process.argv.slice(2), {
  out: text => void process.stdout.write(`${text}\n`),
  err: text => void process.stderr.write(`${text}\n`),
  env: process.env,
  cwd: process.cwd(),
  clock: systemClock,
  terminal: process.stdout.isTTY,
  stopAsked: () =>
    new Promise(resolve => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve())
    }),
})
