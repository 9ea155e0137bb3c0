/**
 * Writes docs/reference/openapi.json from the routes themselves, of the daemon and of every role; with --check it only says
 * whether the file is current and exits 1 when it is not.
 *
 *   node scripts/write-openapi.ts [--check]
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../src/clock.ts'
import type { HttpDeps } from '../src/http/ports.ts'
import { buildServer } from '../src/http/server.ts'
import { silentLog } from '../src/log.ts'
import { loadRoles, type RoleContext } from '../src/role.ts'
import { Secret } from '../src/secrets.ts'

const root = join(import.meta.dirname, '..')
const file = 'docs/reference/openapi.json'

/** Routes are only declared here, never called: whatever they ask of their context is there and does nothing. */
const anything: unknown = new Proxy(() => anything, { get: () => anything, apply: () => anything })

/** The document as it is written. */
export async function renderOpenApi(): Promise<string> {
  const folder = join(root, 'src/actors')
  const names = readdirSync(folder).filter(name => existsSync(join(folder, name, 'index.ts')))
  const roles = await loadRoles(names.toSorted())
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  const app = await buildServer({
    ...(Object.fromEntries(PORTS.map(port => [port, anything])) as unknown as HttpDeps), // see `anything`
    tokens: { viewer: new Secret('viewer'), operator: new Secret('operator') },
    roles: roles.map(role => ({ role, context: anything as RoleContext<unknown> })),
    clock: systemClock,
    log: silentLog,
    limits: { bodyLimit: 1, rateLimit: 1 },
    version,
  })
  const text = `${JSON.stringify(app.swagger(), null, 2)}\n`
  await app.close()
  return text
}

const PORTS: readonly (keyof HttpDeps)[] = ['snapshot', 'orm', 'readiness', 'metrics', 'poke']

async function main(check: boolean): Promise<number> {
  const path = join(root, file)
  const text = await renderOpenApi()
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return 0
  if (!check) writeFileSync(path, text)
  console.log(check ? `${file} is not current; run \`node scripts/write-openapi.ts\`` : `written ${file}`)
  return check ? 1 : 0
}

if (import.meta.main) process.exitCode = await main(process.argv.includes('--check'))
