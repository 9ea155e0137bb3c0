/**
 * Fails when an error code is used twice, has no section in docs/reference/errors.md, or is an operator's matter (has a severity) without a hint.
 *
 *   node scripts/check-errors.ts
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { collectErrors } from './reference/errors.ts'

const root = join(import.meta.dirname, '..')

/** One line for each fault. */
export function faults(): string[] {
  const page = readFileSync(join(root, 'docs/reference/errors.md'), 'utf8')
  const errors = collectErrors(root)
  const unexplained = errors.filter(({ code }) => !page.includes(`### ${code} `))
  const hintless = errors.filter(({ hint, severity }) => hint === null && severity !== null)
  return [
    ...unexplained.map(({ code, file }) => `${code} (${file}) has no section in docs/reference/errors.md`),
    ...hintless.map(({ code, file }) => `${code} (${file}) has no hint that can be read from the source`),
  ]
}

if (import.meta.main) {
  const found = faults()
  for (const fault of found) console.log(fault)
  process.exitCode = found.length === 0 ? 0 : 1
}
