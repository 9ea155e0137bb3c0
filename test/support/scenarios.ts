/** The acceptance scenarios of a predecessor are numbered; each is a test whose title begins with its number. */
import { globSync, readFileSync } from 'node:fs'

const TITLE = /test(?:\.\w+)*\(\s*['"`]scenarios? ([\d, ]+):/g

/** Those numbers from 1 to `count` that no title in these files begins with. */
export function scenariosMissing(count: number, files: readonly string[]): number[] {
  const titles = globSync(files).flatMap(file => [...readFileSync(file, 'utf8').matchAll(TITLE)])
  const named = new Set(titles.flatMap(([, numbers = '']) => numbers.split(',').map(Number)))
  return Array.from({ length: count }, (_, at) => at + 1).filter(number => !named.has(number))
}
