/**
 * Runs the tests with ava and ends with the plain line `N passed, M failed`. A run that breaks without a failing test
 * (a crash, a timeout, no test at all) counts as one failed.
 *
 *   node scripts/test.ts [ava arguments]
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ava = join(import.meta.dirname, '..', 'node_modules', 'ava', 'entrypoints', 'cli.js')
const child = spawn(process.execPath, [ava, '--tap', ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
  cwd: join(import.meta.dirname, '..'),
})
const passedOn = (signal: NodeJS.Signals): void => void child.kill(signal)
process.on('SIGTERM', passedOn)
process.on('SIGINT', passedOn)

let passed = 0
let failed = 0
let quiet = true
for await (const line of createInterface({ input: child.stdout })) {
  const result = /^(not )?ok \d+ - (.*)$/.exec(line)
  if (result === null) {
    // Details of a failure are kept; the plan and the totals are said again below.
    if (!quiet && !/^(#|1\.\.|TAP )/.test(line)) console.log(line)
    continue
  }
  const [, not, title = ''] = result
  const skipped = / # (SKIP|TODO)/i.test(title)
  quiet = not === undefined || skipped
  if (skipped) console.log(`–   ${title}`)
  else console.log(`${not === undefined ? 'ok  ' : 'FAIL'} ${title}`)
  if (skipped) continue
  if (not === undefined) passed++
  else failed++
}
const code =
  child.exitCode ?? (await new Promise<number>(resolve => child.once('exit', status => resolve(status ?? 1))))
if (failed === 0 && (code !== 0 || passed === 0)) {
  failed = 1
  console.log(`FAIL the run itself: ava ended with code ${code} after ${passed} passing tests`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
