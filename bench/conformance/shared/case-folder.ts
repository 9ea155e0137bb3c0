/**
 * What every family of JSON cases shares: the files below a folder, and the promise that nothing in them is passed over. A file
 * that is no JSON, that has no case, or that breaks off is a problem with its name, and the files after it are replayed.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { CaseOutcome } from '../index.ts'

export interface JsonFile {
  /** Relative to the folder. */
  readonly name: string
  readonly data: unknown
}

type Outcomes = Iterable<CaseOutcome> | AsyncIterable<CaseOutcome>

/** Every outcome of every JSON file below a folder, in order of name. `replay` may throw at any time. */
export async function* replayFolder(dir: string, replay: (file: JsonFile) => Outcomes): AsyncIterable<CaseOutcome> {
  for (const path of jsonFiles(dir)) {
    const name = relative(dir, path)
    let cases = 0
    try {
      for await (const outcome of replay({ name, data: JSON.parse(readFileSync(path, 'utf8')) })) {
        cases += 1
        yield outcome
      }
      if (cases === 0) yield { name, problem: 'it has no case' }
    } catch (error) {
      yield {
        name,
        problem: `broke off after ${cases} cases: ${error instanceof Error ? error.message : String(error)}`,
      }
    }
  }
}

/** Every JSON file below a folder, in order of name. */
export function* jsonFiles(dir: string): Generator<string> {
  for (const entry of readdirSync(dir).toSorted()) {
    const path = join(dir, entry)
    if (statSync(path).isDirectory()) yield* jsonFiles(path)
    else if (entry.endsWith('.json')) yield path
  }
}
