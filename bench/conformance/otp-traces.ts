/**
 * Replays traces recorded from a real Erlang/OTP supervisor on our own layer, the one the daemon runs on, and compares
 * order, results, states and the death of the root for equality. Time is virtual.
 */
import { isDeepStrictEqual } from 'node:util'
import type { CaseOutcome } from './index.ts'
import { replay } from './otp/replay.ts'
import type { Case, Expected } from './otp/case.ts'
import { replayFolder } from './shared/case-folder.ts'

/** Every `*.json` below the folder, in order of name. */
export const run = (dir: string): AsyncIterable<CaseOutcome> =>
  replayFolder(dir, async function* ({ name, data }) {
    yield await outcomeOf(name.replace(/\.json$/, ''), data)
  })

async function outcomeOf(name: string, data: unknown): Promise<CaseOutcome> {
  try {
    if (!isCase(data)) return { name, problem: 'it has no tree, events and expected outcome' }
    const given = data as Case // as the recorder wrote it: what else is different shows below
    return { name, problem: firstDifference(given.expected, await replay(given)) }
  } catch (error) {
    return { name, problem: `threw ${error instanceof Error ? error.message : String(error)}` }
  }
}

const isCase = (data: unknown): boolean =>
  typeof data === 'object' && data !== null && ['tree', 'events', 'expected'].every(field => field in data)

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
