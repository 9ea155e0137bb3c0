/**
 * Replays every case of a fixture family from any folder: `node bench/conformance/index.ts FAMILY DIR`.
 *
 * A family is a file beside this one that exports `run(dir)`; families are found, never listed. Ends with
 * `N passed, M failed`; exit code 1 when M > 0 or N is 0, or when there is no such family or folder; 64 without arguments.
 */
import { existsSync, readdirSync, statSync } from 'node:fs'

/** The outcome of one case; `problem` is the first difference, null when there is none. */
export interface CaseOutcome {
  readonly name: string
  readonly problem: string | null
}

export type Family = (dir: string) => AsyncIterable<CaseOutcome>

const FAILED = 1
const USAGE = 64
const here = import.meta.dirname

const families = (): string[] =>
  readdirSync(here)
    .filter(file => file.endsWith('.ts') && file !== 'index.ts')
    .map(file => file.slice(0, -'.ts'.length))

function misuse(text: string, exitCode = FAILED): number {
  process.stderr.write(`${text}\nusage: conformance FAMILY DIR   families: ${families().join(', ')}\n`)
  return exitCode
}

async function load(family: string): Promise<Family | null> {
  const module: unknown = await import(`./${family}.ts`)
  if (typeof module !== 'object' || module === null || !('run' in module) || typeof module.run !== 'function')
    return null
  return module.run as Family // the one thing a family file promises
}

async function main([family, dir]: readonly string[]): Promise<number> {
  if (family === undefined || dir === undefined) return misuse('FAMILY and DIR are needed.', USAGE)
  if (!families().includes(family)) return misuse(`Unknown family '${family}'.`)
  if (!existsSync(dir) || !statSync(dir).isDirectory()) return misuse(`'${dir}' is not a folder.`)
  const run = await load(family)
  if (run === null) return misuse(`The family '${family}' has no run function.`)
  const { passed, failed } = await report(run(dir))
  if (passed + failed === 0) process.stderr.write(`No case of ${family} is below '${dir}'.\n`)
  return failed > 0 || passed === 0 ? FAILED : 0
}

async function report(outcomes: AsyncIterable<CaseOutcome>): Promise<{ passed: number; failed: number }> {
  const terminal = process.stderr.isTTY
  let passed = 0
  let failed = 0
  for await (const { name, problem } of outcomes) {
    if (problem === null) passed++
    else {
      failed++
      process.stdout.write(`FAIL ${name}: ${problem}\n`)
    }
    if (terminal) process.stderr.write(`\r${passed + failed} cases, ${failed} failed `)
  }
  if (terminal) process.stderr.write('\r\u001b[K')
  process.stdout.write(`${passed} passed, ${failed} failed\n`)
  return { passed, failed }
}

process.exitCode = await main(process.argv.slice(2))
