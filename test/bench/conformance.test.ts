/**
 * The conformance runner on folders made here: nothing in them may be passed over, and what is wrong is said by name.
 */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { run as finalizer } from '../../bench/conformance/finalizer.ts'
import { run as hermez } from '../../bench/conformance/hermez.ts'
import { run as otpTraces } from '../../bench/conformance/otp-traces.ts'
import type { Family } from '../../bench/conformance/index.ts'

const runner = join(import.meta.dirname, '../../bench/conformance/index.ts')

async function folderOf(t: ExecutionContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'fk-conformance-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

async function outcomes(family: Family, folder: string): Promise<Record<string, string | null>> {
  const found: Record<string, string | null> = {}
  for await (const { name, problem } of family(folder)) found[name] = problem
  return found
}

const command = (...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise(resolve => {
    const child = execFile(process.execPath, [runner, ...args], (_error, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr }),
    )
  })

const VALUE = '34359738368'

test('a file that is no JSON, of no family or without a case is a problem, and the others are replayed', async t => {
  const folder = await folderOf(t, {
    'a.json': '{',
    'b.json': '{"anything":1}',
    'c.json': '{"encode":[]}',
    'd.json': '{"batches":null}',
    'e.json': `{"encode":[{"value":"${VALUE}","float40":null,"error":"not enough precision"}]}`,
  })
  const { 'e.json encode 0': good, ...bad } = await outcomes(hermez, folder)
  t.is(good, null)
  t.deepEqual(Object.keys(bad), ['a.json', 'b.json', 'c.json', 'd.json'])
  t.true(Object.values(bad).every(problem => problem !== null))
})

test('a case of another shape is a problem of its own', async t => {
  const right = { id: 'right', deadline: '1', observerHeight: '2', ready: true }
  const file = { family: 'readiness', cases: [{ id: 'bare' }, right, { ...right, id: 'wrong', ready: false }] }
  const folder = await folderOf(t, {
    'cases.json': JSON.stringify(file),
    'none.json': '{"family":"readiness","cases":[]}',
    'odd.json': '{"family":"constructor","cases":[]}',
  })
  const found = await outcomes(finalizer, folder)
  t.regex(found['cases.json bare'] ?? '', /not of the format/)
  t.is(found['cases.json right'], null)
  t.regex(found['cases.json wrong'] ?? '', /expected false/)
  t.regex(found['none.json'] ?? '', /fewer than 1/)
  t.regex(found['odd.json'] ?? '', /not a family/)
})

test('a trace without a tree is a problem', async t => {
  const folder = await folderOf(t, { 'trace.json': '{"name":"trace"}' })
  t.deepEqual(await outcomes(otpTraces, folder), { trace: 'it has no tree, events and expected outcome' })
})

test('a requirement that nobody can check is not counted as passed', async t => {
  const one = { id: 'odd', rpc: ['ok'], chainNonces: [7], required: { session: 'as the moon pleases', nonceAfter: 8 } }
  const folder = await folderOf(t, { 'send.json': JSON.stringify({ family: 'send-outcomes', cases: [one] }) })
  t.regex((await outcomes(finalizer, folder))['send.json odd'] ?? '', /not one that can be checked/)
})

test('an unknown family, a folder that is not there and an empty one end with exit code 1 and say so', async t => {
  const folder = await folderOf(t, {})
  const [family, missing, empty, bare] = await Promise.all([
    command('nothing', folder),
    command('hermez', join(folder, 'missing')),
    command('hermez', folder),
    command(),
  ])
  t.deepEqual([family.code, missing.code, empty.code, bare.code], [1, 1, 1, 64])
  t.regex(family.stderr, /Unknown family 'nothing'.*families: finalizer, hermez, otp-traces/s)
  t.regex(missing.stderr, /is not a folder/)
  t.regex(empty.stderr, /No case of hermez/)
  t.regex(empty.stdout, /^0 passed, 0 failed$/m)
})
