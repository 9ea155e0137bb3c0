/** One daemon at a time in a data folder. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import { openDataFolder } from '../../src/embedded/data-folder.ts'
import { useFolder } from '../support/anvil.ts'

const folder = useFolder(test)
const module = fileURLToPath(new URL('../../src/embedded/data-folder.ts', import.meta.url))
const script = `const { openDataFolder } = await import(process.argv[1])
try { await openDataFolder(process.argv[2]); console.log('held') } catch (error) { console.log(error.code) }
setInterval(() => {}, 1000)`

function another(path: string): { child: ReturnType<typeof spawn>; says: Promise<string> } {
  const args = ['--input-type=module', '-e', script, module, path]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const says = once(child.stdout ?? child, 'data').then(([text]) => String(text).trim())
  return { child, says }
}

async function killed(child: ReturnType<typeof spawn>): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

test('a data folder is made for its owner only', async t => {
  const data = await openDataFolder(join(folder, 'new', 'deep'))
  t.is((await stat(data.path)).mode & 0o777, 0o700)
  data.release()
  data.release()
})

test('a second daemon is refused with the process id of the first, and gets the folder when that was killed', async t => {
  const path = join(folder, 'held')
  const { child, says } = another(path)
  t.is(await says, 'held')
  const error = await t.throwsAsync(openDataFolder(path), { code: 'CFG_020', message: new RegExp(`${child.pid}`) })
  t.like(error, { severity: 'fatal', facts: { pid: child.pid } })
  await killed(child)
  const data = await openDataFolder(path)
  data.release()
})

test('of many daemons that start at once on the folder of a dead one exactly one gets it', async t => {
  const path = join(folder, 'race')
  const dead = another(path)
  await dead.says
  await killed(dead.child)
  const all = Array.from({ length: 6 }, () => another(path))
  const said = await Promise.all(all.map(one => one.says))
  t.deepEqual(said.sort(), ['CFG_020', 'CFG_020', 'CFG_020', 'CFG_020', 'CFG_020', 'held'])
  await Promise.all(all.map(one => killed(one.child)))
})

test('a folder that cannot be made is refused', async t => {
  const file = join(folder, 'file')
  await writeFile(file, '')
  await t.throwsAsync(openDataFolder(join(file, 'data')), { code: 'CFG_021' })
})
