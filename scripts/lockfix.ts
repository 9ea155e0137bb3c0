/**
 * Keeps package-lock.json complete for every platform. A registry that lacks a native package for some platform makes
 * npm drop it from the lock, and `npm ci` then refuses the lock. Adds the missing entries (version, platform, optional;
 * no integrity, since nobody here has seen the package) and removes addresses of registries.
 *
 *   node scripts/lockfix.ts           writes package-lock.json
 *   node scripts/lockfix.ts --check   changes nothing, exits 1 when there is something to do
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename } from 'node:path'

interface Package {
  version?: string
  resolved?: string
  optional?: boolean
  dev?: boolean
  os?: string[]
  cpu?: string[]
  libc?: string[]
  optionalDependencies?: Record<string, string>
}

interface Lock {
  packages: Record<string, Package>
}

const OS = ['aix', 'android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'win32']
const CPU = ['arm', 'arm64', 'ia32', 'loong64', 'mips64el', 'mipsel', 'ppc64', 'riscv64', 's390x', 'wasm32', 'x64']
const SYNONYMS: Readonly<Record<string, string>> = {
  windows: 'win32',
  win: 'win32',
  freebsd64: 'freebsd',
  amd64: 'x64',
  x86_64: 'x64',
  ppc64le: 'ppc64',
  armv7: 'arm',
  armv6: 'arm',
}

/** Adds what is missing to `lock` and answers a line for each change. */
export function complete(lock: Lock): string[] {
  const changes: string[] = []
  for (const [path, parent] of Object.entries(lock.packages)) {
    if (parent.resolved !== undefined) {
      delete parent.resolved
      changes.push(`${path}: names a registry`)
    }
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      if (installed(lock, path, name)) continue
      const entry = platformEntry(name, version, parent.dev === true)
      if (entry === null) continue
      lock.packages[`node_modules/${name}`] = entry
      changes.push(`node_modules/${name}: missing`)
    }
  }
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) =>
    a === '' ? -1 : b === '' ? 1 : a.localeCompare(b, 'en'),
  )
  lock.packages = Object.fromEntries(sorted)
  return changes
}

/** True when `name`, asked for by the package at `path`, is in the lock where Node would find it. */
function installed(lock: Lock, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (`${folder === '' ? '' : `${folder}/`}node_modules/${name}` in lock.packages) return true
    if (folder === '') return false
    if (!folder.includes('/node_modules/')) folder = ''
  }
}

/** The entry of a platform package, its platform read from its name; null when the name tells none. */
function platformEntry(name: string, version: string, dev: boolean): Package | null {
  if (!/^\d+\.\d+\.\d+/.test(version)) return null
  const words = name.split(/[^a-z0-9_]+/i).map(word => SYNONYMS[word] ?? word)
  const os = OS.filter(word => words.includes(word))
  const cpu = /arm.*eabi/.test(name) ? ['arm'] : CPU.filter(word => words.includes(word))
  if (os.length === 0 && cpu.length === 0) return null
  const libc = words.some(word => word.startsWith('musl'))
    ? ['musl']
    : words.some(word => word.startsWith('gnu'))
      ? ['glibc']
      : []
  return {
    version,
    ...(cpu.length > 0 && { cpu }),
    ...(libc.length > 0 && os.includes('linux') && { libc }),
    ...(dev && { dev }),
    optional: true,
    ...(os.length > 0 && { os }),
  }
}

/** Fixes or checks one lock file; answers the exit code. */
function main(args: readonly string[]): number {
  const file = args.find(arg => !arg.startsWith('--')) ?? 'package-lock.json'
  const before = readFileSync(file, 'utf8')
  const lock: Lock = JSON.parse(before)
  const changes = complete(lock)
  if (args.includes('--check')) {
    for (const change of changes) console.error(change)
    return changes.length === 0 ? 0 : 1
  }
  const after = `${JSON.stringify(lock, null, 2)}\n`
  if (after !== before) writeFileSync(file, after)
  console.log(`${basename(file)}: ${changes.length} changes`)
  return 0
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2))
