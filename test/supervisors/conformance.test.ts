import test from 'ava'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Case } from '../../bench/conformance/otp/case.ts'

const dispatcher = join(import.meta.dirname, '../../bench/conformance/index.ts')

const conformance = (...args: string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise(resolve => {
    execFile(process.execPath, [dispatcher, ...args], (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err })
    })
  })

async function folder(t: { teardown(undo: () => Promise<void>): void }): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'conformance-'))
  t.teardown(() => rm(dir, { recursive: true }))
  return dir
}

const given: Case = {
  name: 'one',
  tree: {
    id: 'root',
    type: 'supervisor',
    strategy: 'one_for_one',
    intensity: 1,
    period: 5,
    restart: 'permanent',
    shutdown: 'infinity',
    children: [{ id: 'w1', type: 'worker', restart: 'permanent', shutdown: 1000 }],
  },
  events: [{ op: 'exit', id: 'w1', reason: 'kill' }],
  expected: {
    start: {
      result: 'ok',
      trace: [
        ['init', 'root', 1],
        ['start', 'w1', 1],
        ['start', 'root', 1],
      ],
      state: { root: [['w1', 'running']] },
    },
    steps: [
      {
        result: 'ok',
        trace: [
          ['terminate', 'w1', 'killed'],
          ['start', 'w1', 2],
        ],
        state: { root: [['w1', 'running']] },
      },
    ],
    rootDiedAt: null,
    end: {
      trace: [
        ['terminate', 'w1', 'shutdown'],
        ['terminate', 'root', 'shutdown'],
      ],
    },
  },
}

test('a command without its arguments exits with 64, one that names no family or folder with 1; both say how to call it', async t => {
  const wrong = [
    { args: [], exit: 64 },
    { args: ['otp-traces'], exit: 64 },
    { args: ['nothing', '.'], exit: 1 },
    { args: ['../index', '.'], exit: 1 },
    { args: ['otp-traces', '/no/such/folder'], exit: 1 },
  ]
  for (const { args, exit } of wrong) {
    const { code, err } = await conformance(...args)
    t.is(code, exit, args.join(' '))
    t.regex(err, /usage: conformance FAMILY DIR {3}families: .*otp-traces/)
  }
})

test('a folder without cases is a failure, not a success', async t => {
  const { code, out } = await conformance('otp-traces', await folder(t))
  t.is(code, 1)
  t.is(out, '0 passed, 0 failed\n')
})

test('a case that differs is named with its first difference, one that is no case with its error', async t => {
  const dir = await folder(t)
  const wrong = { ...given, expected: { ...given.expected, rootDiedAt: 0 } }
  await writeFile(join(dir, 'a.json'), JSON.stringify(given))
  await writeFile(join(dir, 'b.json'), JSON.stringify(wrong))
  await writeFile(join(dir, 'c.json'), '{')
  const { code, out } = await conformance('otp-traces', dir)
  t.is(code, 1)
  t.true(out.includes('FAIL b: rootDiedAt: expected 0 but got null\n'), out)
  t.true(out.includes('FAIL c.json: broke off after 0 cases: '), out)
  t.true(out.endsWith('1 passed, 2 failed\n'), out)
})
