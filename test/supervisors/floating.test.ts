// Bug 13: a promise nobody awaits. The hooks are process-wide and the test runner has its own, so a process of its own
// shows what happens.
import test from 'ava'
import { spawn } from 'node:child_process'
import { join } from 'node:path'

const script = join(import.meta.dirname, 'floating-process.ts')

const run = (attribute: string): Promise<{ code: number | null; out: string; err: string }> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, attribute], { stdio: ['ignore', 'pipe', 'pipe'] })
    let out = ''
    let err = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
    child.on('error', reject)
    child.on('close', code => resolve({ code, out, err }))
  })

test('13: a floating rejection and a throw in a timer are crashes of the actor that caused them', async t => {
  const { code, out, err } = await run('attribute')
  t.is(code, 0, err)
  t.deepEqual(JSON.parse(out), {
    crashes: ['floating: nobody awaits this', 'timer: thrown in a timer'],
    restarts: [1, 1, 0],
  })
})

test('a floating failure that belongs to no actor still ends the process', async t => {
  const { code, err } = await run('foreign')
  t.is(code, 1)
  t.true(err.includes('nobody is to blame'), err)
})
