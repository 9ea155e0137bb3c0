/**
 * Runs one of the measurements of this folder: `npm run bench -- NAME [options]`. Every file beside this one is one; there
 * is no list. Without a name it says which there are.
 */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const FOLDER = fileURLToPath(new URL('.', import.meta.url))
const USAGE = 64

const names = (await readdir(FOLDER))
  .filter(file => file.endsWith('.ts') && file !== basename(fileURLToPath(import.meta.url)))
  .map(file => basename(file, '.ts'))
  .toSorted()
const [name, ...options] = process.argv.slice(2)

if (name === undefined || !names.includes(name)) {
  process.stderr.write(`${name === undefined ? 'Name a measurement' : `There is no "${name}"`}: ${names.join(', ')}\n`)
  process.exitCode = USAGE
} else {
  const child = spawn(process.execPath, [...process.execArgv, join(FOLDER, `${name}.ts`), ...options], {
    stdio: 'inherit',
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  child.on('exit', code => (process.exitCode = code ?? 1))
}
