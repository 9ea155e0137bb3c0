/**
 * `version`: which Forgekeeper this is, on which Node.
 */
import { readFile } from 'node:fs/promises'
import { command, runs, type Register } from '../command.ts'
import { show, type GlobalOptions } from '../context.ts'
import { isRecord } from '../render.ts'

/** The version in package.json. */
export async function ownVersion(): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'))
  return isRecord(manifest) && typeof manifest['version'] === 'string' ? manifest['version'] : 'unknown'
}

export const version: Register = (program, session) => {
  const { io } = session
  const own = command('version', 'print the version')
  runs<GlobalOptions>(session, own, async options => {
    const value = {
      forgekeeper: await ownVersion(),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
    }
    show(io, options, value, () => `forgekeeper ${value.forgekeeper} (node ${value.node}, ${value.platform})`)
    return 0
  })
  program.addCommand(own)
}
