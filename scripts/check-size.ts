/**
 * Fails when a source file is longer than 400 lines: a file fits in a head.
 *
 *   node scripts/check-size.ts
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const LIMIT = 400
const FOLDERS = ['src', 'test', 'bench', 'scripts', 'bin']

/** Every file over the limit with its length. */
export function tooLong(root: string): string[] {
  return FOLDERS.flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(ts|js)$/.test(name))
      .map(name => join(folder, name)),
  ).flatMap(file => {
    const lines = readFileSync(join(root, file), 'utf8').split('\n').length - 1
    return lines > LIMIT ? [`${file}: ${lines} lines, ${LIMIT} are allowed`] : []
  })
}

if (import.meta.main) {
  const found = tooLong(join(import.meta.dirname, '..'))
  for (const line of found) console.log(line)
  process.exitCode = found.length === 0 ? 0 : 1
}
