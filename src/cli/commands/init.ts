/**
 * `init`: writes a commented config.toml and the two tokens, and touches nothing that is there already.
 */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { command, runs, type Register } from '../command.ts'
import { show, type GlobalOptions } from '../context.ts'
import { ExistsError } from '../errors.ts'

interface Options extends GlobalOptions {
  readonly yes?: boolean
}

export const init: Register = (program, session) => {
  const { io } = session
  const own = command('init', 'write a commented config.toml and the tokens').option('--yes', 'overwrite what is there')
  runs<Options>(session, own, async options => {
    const file = resolve(io.cwd, options.config ?? 'config.toml')
    const tokens = resolve(io.cwd, options.dataFolder ?? '.forgekeeper', 'tokens')
    const files = [file, join(tokens, 'viewer'), join(tokens, 'operator')]
    const there = files.filter(path => existsSync(path))
    if (there.length > 0 && options.yes !== true) throw new ExistsError(`${there.join(', ')}: there already`)
    await writeAll(file, tokens)
    show(io, options, { written: files }, () =>
      [
        ...files.map(path => `written ${path}`),
        '',
        'Next: edit config.toml, then `forgekeeper check`, then `forgekeeper start`.',
      ].join('\n'),
    )
    return 0
  })
  program.addCommand(own)
}

async function writeAll(file: string, tokens: string): Promise<void> {
  const { exampleToml } = await import('../../config/example.ts')
  const { findRoleSections } = await import('../../config/sections.ts')
  await writeFile(file, exampleToml(await findRoleSections()))
  await mkdir(tokens, { recursive: true, mode: 0o700 })
  for (const level of ['viewer', 'operator']) {
    const path = join(tokens, level)
    await writeFile(path, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 })
    await chmod(path, 0o600) // an older file keeps its mode when it is overwritten
  }
}
