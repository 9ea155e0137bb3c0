/**
 * Writes the generated documents, or with --check says which are not current and exits 1.
 *
 *   node scripts/docs.ts [--check]
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exampleToml } from '../src/config/example.ts'
import { published } from '../src/config/schema.ts'
import { findRoleSections } from '../src/config/sections.ts'
import { renderCli } from './reference/cli.ts'
import { renderConfig } from './reference/config.ts'
import { collectErrors, renderErrors } from './reference/errors.ts'

const root = join(import.meta.dirname, '..')

/** Every generated document, by path from the root. */
export async function documents(): Promise<ReadonlyMap<string, string>> {
  const roles = await findRoleSections()
  return new Map([
    ['docs/reference/config.md', renderConfig(roles)],
    ['docs/reference/config.schema.json', `${JSON.stringify(published(roles), null, 2)}\n`],
    ['docs/reference/cli.md', renderCli()],
    ['docs/reference/errors.md', renderErrors(collectErrors(root))],
    ['config.example.toml', exampleToml(roles)],
  ])
}

async function main(check: boolean): Promise<number> {
  const stale: string[] = []
  for (const [path, text] of await documents()) {
    const file = join(root, path)
    if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
    stale.push(path)
    if (!check) writeFileSync(file, text)
  }
  for (const path of stale) console.log(check ? `${path} is not current; run \`npm run docs\`` : `written ${path}`)
  return check && stale.length > 0 ? 1 : 0
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'))
