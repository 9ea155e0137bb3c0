import test, { type ExecutionContext } from 'ava'
import { execFileSync, spawn, type ChildProcessByStdio } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import type { Readable } from 'node:stream'
import { createInterface } from 'node:readline'
import { waitFor } from '../support/patience.ts'

const launcher = join(import.meta.dirname, '../../bin/forgekeeper.js')

/** A Node on this machine that is too old, or null: then the launcher has nothing to do. */
function oldNode(): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(folder, 'node')
    if (!existsSync(file)) continue
    const [major = 0, minor = 0] = execFileSync(file, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      .split('.')
      .map(Number)
    if (major < 24 || (major === 24 && minor < 12)) return file
  }
  return null
}

const old = oldNode()
const needsOldNode = old === null ? test.skip : test

type Launched = ChildProcessByStdio<null, Readable, null>

async function launchProver(t: ExecutionContext): Promise<{ child: Launched; url: string }> {
  const child = spawn(old ?? 'node', [launcher, 'mock-prover', '--port', '0', '--json'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const { url } = JSON.parse(line) as { url: string }
    return { child, url }
  }
  throw new Error('the mock prover did not start')
}

const ended = (child: Launched): Promise<[number | null, string | null]> =>
  new Promise(resolve => void child.once('exit', (code, signal) => resolve([code, signal])))

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    () => true,
    () => false,
  )

const run = (args: string[]): Promise<[number | null, string]> =>
  new Promise(resolve => {
    const child = spawn(old ?? 'node', [launcher, ...args], { stdio: ['ignore', 'pipe', 'ignore'] })
    let out = ''
    child.stdout.on('data', (text: Buffer) => (out += text.toString()))
    child.once('close', code => resolve([code, out]))
  })

needsOldNode('under an old Node the launcher runs the pinned one and passes arguments and exit codes on', async t => {
  const [code, out] = await run(['version', '--json'])
  t.is(code, 0)
  t.regex(out, /"node":"v24\./)
  t.is((await run(['no-such-command']))[0], 64)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  needsOldNode(`${signal} to the launcher ends the command in an orderly way`, async t => {
    const { child, url } = await launchProver(t)
    t.true(await answers(url))
    const end = ended(child)
    child.kill(signal)
    child.kill(signal) // npm passes on what the terminal has sent already
    t.deepEqual(await end, [0, null])
    t.false(await answers(url))
  })
}

needsOldNode('when the launcher is killed the command ends by itself', async t => {
  const { child, url } = await launchProver(t)
  child.kill('SIGKILL')
  await ended(child)
  await t.notThrowsAsync(waitFor('it answers no more', async () => !(await answers(url))))
})

test('a start goes on as the same process with a bounded heap, and its exit code arrives', async t => {
  const shows = 'data:text/javascript,console.log(process.pid,process.execArgv.join())'
  const child = spawn(process.execPath, ['--import', shows, launcher, 'start', '--config', 'no-such-file.toml'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let out = ''
  child.stdout.on('data', (text: Buffer) => (out += text.toString()))
  const [code] = await new Promise<[number | null]>(resolve => child.once('close', code => resolve([code])))
  t.is(code, 78)
  const [before, after] = out.trim().split('\n')
  t.true(before?.startsWith(`${child.pid} `))
  if (process.platform === 'win32') return t.pass()
  t.true(after?.startsWith(`${child.pid} `), 'the same process id')
  t.regex(after ?? '', /--max-semi-space-size/)
})
