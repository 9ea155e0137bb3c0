/**
 * Replays traces recorded from a real Erlang/OTP supervisor on our own layer, the one the daemon runs on, and compares
 * order, results, states and the death of the root for equality. Time is virtual.
 */
import { isDeepStrictEqual } from 'node:util'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { CaseOutcome } from './index.ts'
import { replay } from './otp/replay.ts'
import type { Case, Expected } from './otp/case.ts'

/** Every `*.json` of the folder, in order of name. */
export async function* run(dir: string): AsyncIterable<CaseOutcome> {
  const files = (await readdir(dir)).filter(file => file.endsWith('.json')).toSorted()
  for (const file of files) yield await runFile(join(dir, file))
}

async function runFile(path: string): Promise<CaseOutcome> {
  const name = basename(path, '.json')
  try {
    // Cases are written by the recorder; one that is not shaped so fails below like any other difference.
    const given = JSON.parse(await readFile(path, 'utf8')) as Case
    return { name, problem: firstDifference(given.expected, await replay(given)) }
  } catch (error) {
    return { name, problem: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
}

function firstDifference(want: Expected, got: Expected): string | null {
  const pairs: [string, unknown, unknown][] = [
    ['start', want.start, got.start],
    ...want.steps.map((step, at): [string, unknown, unknown] => [`step ${at}`, step, got.steps[at]]),
    ['number of steps', want.steps.length, got.steps.length],
    ['rootDiedAt', want.rootDiedAt, got.rootDiedAt],
    ['end', want.end, got.end],
    ['everything', want, got],
  ]
  for (const [what, expected, actual] of pairs) {
    if (!isDeepStrictEqual(expected, actual)) return `${what}: expected ${show(expected)} but got ${show(actual)}`
  }
  return null
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'nothing'
