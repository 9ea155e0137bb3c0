/**
 * Runs the tests with ava and ends with the plain line `N passed, M failed`. A run that breaks without a failing test
 * (a crash, a timeout, no test at all) counts as one failed.
 *
 * The tests start databases, chains and daemons, and share the machine with whatever else runs on it. So a few files
 * that fail are run once more, alone: what fails twice has failed, and what passes alone is named as unstable, for it
 * still depends on something it should not.
 *
 *   node scripts/test.ts [ava arguments]
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const ROOT = join(import.meta.dirname, '..')
const AVA = join(ROOT, 'node_modules', 'ava', 'entrypoints', 'cli.js')
/** More failing files than these are no accident. */
const FEW = 3

interface Run {
  readonly passed: number
  /** What failed, by ava's titles. */
  readonly failures: readonly string[]
  readonly code: number
}

let child: ChildProcess | undefined
const passOn = (signal: NodeJS.Signals): void => void child?.kill(signal)
process.on('SIGTERM', passOn)
process.on('SIGINT', passOn)

async function run(args: readonly string[]): Promise<Run> {
  const ava = spawn(process.execPath, [AVA, '--tap', ...args], { stdio: ['ignore', 'pipe', 'inherit'], cwd: ROOT })
  child = ava
  let passed = 0
  const failures: string[] = []
  let quiet = true
  for await (const line of createInterface({ input: ava.stdout })) {
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
    else failures.push(title)
  }
  const code = ava.exitCode ?? (await new Promise<number>(resolve => ava.once('exit', status => resolve(status ?? 1))))
  return { passed, failures, code }
}

/** The test file of a title, `actors › lanes › tx › it sends` being of test/actors/lanes/tx.test.ts; null when it names none. */
function fileOf(title: string): string | null {
  const exited = /^(test\/\S+\.test\.ts) exited/.exec(title)?.[1]
  if (exited !== undefined) return exited
  const parts = title.split(' › ')
  const paths = parts.map((_, at) => `${['test', ...parts.slice(0, at + 1)].join('/')}.test.ts`)
  return paths.find(path => existsSync(join(ROOT, path))) ?? null
}

const first = await run(process.argv.slice(2))
let { passed, code } = first
let failed = first.failures.length
const files = [...new Set(first.failures.map(fileOf))].filter(file => file !== null)
const accountedFor = first.failures.every(title => fileOf(title) !== null)
if (failed > 0 && accountedFor && files.length <= FEW) {
  console.log(`== once more, alone: ${files.join(' ')}`)
  const second = await run(['--concurrency', '1', ...files])
  const stillFailing = second.code === 0 ? 0 : Math.max(1, second.failures.length)
  if (stillFailing === 0)
    for (const title of first.failures) console.log(`UNSTABLE ${title}: it failed, and passes alone`)
  passed += Math.max(0, failed - stillFailing)
  failed = stillFailing
  code = second.code
}
if (failed === 0 && (code !== 0 || passed === 0)) {
  failed = 1
  console.log(`FAIL the run itself: ava ended with code ${code} after ${passed} passing tests`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
