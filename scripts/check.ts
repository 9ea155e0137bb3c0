/**
 * Everything that can be checked without running the product: one line a check, the output of those that fail, and
 * `N passed, M failed` at the end.
 *
 *   node scripts/check.ts [NAME...]
 */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const SOURCES = ['src', 'test', 'bench', 'scripts'].filter(folder => existsSync(join(root, folder)))
const node = process.execPath

interface Check {
  readonly name: string
  readonly command: readonly string[]
}

const CHECKS: readonly Check[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings', ...SOURCES] },
  { name: 'types', command: ['tsc', '-p', '.'] },
  { name: 'imports', command: ['depcruise', '--config', '.dependency-cruiser.js', '--output-type', 'err', 'src'] },
  { name: 'contracts', command: [node, 'scripts/compile-contracts.ts', '--check'] },
  { name: 'documents', command: [node, 'scripts/docs.ts', '--check'] },
  { name: 'errors', command: [node, 'scripts/check-errors.ts'] },
  { name: 'sizes', command: [node, 'scripts/check-size.ts'] },
  { name: 'lockfile', command: [node, 'scripts/lockfix.ts', '--check'] },
  { name: 'changelog', command: [node, 'scripts/check-changelog.ts'] },
]

const env = { ...process.env, PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}` }

async function run({ command: [program = '', ...args] }: Check): Promise<{ ok: boolean; output: string }> {
  const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  child.stderr.on('data', (text: Buffer) => (output += text.toString()))
  const code = await new Promise<number>(resolve => {
    child.on('error', error => {
      output += error.message
      resolve(1)
    })
    child.on('close', status => resolve(status ?? 1))
  })
  return { ok: code === 0, output: output.trim() }
}

let failed = 0
const wanted = process.argv.slice(2)
const chosen = CHECKS.filter(check => wanted.length === 0 || wanted.includes(check.name))
for (const check of chosen) {
  const { ok, output } = await run(check)
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${check.name}`)
  if (ok) continue
  failed++
  console.log(output)
}
console.log(`${chosen.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 && chosen.length > 0 ? 0 : 1
