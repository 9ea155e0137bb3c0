import test from 'ava'
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { emptyFolder, run } from './support.ts'

test('a mistyped command is refused with the nearest', async t => {
  const { code, err } = await run('.', ['statsu'])
  t.is(code, 64)
  t.regex(err, /Did you mean status\?/)
})

test('unknown options, missing and extra arguments and bad numbers are refused', async t => {
  const wrong = [
    ['tree', '--jsn'],
    ['explain'],
    ['tree', 'extra'],
    ['batches', 'x'],
    ['batches', '--limit', '0'],
    ['mock-prover', '--fail-rate', '2'],
    ['mock-prover', '--delay', 'soon'],
    ['start', '--set', 'novalue'],
    ['start', '--chaos-seed', 'x'],
  ]
  for (const args of wrong) {
    const { code, err } = await run('.', args)
    t.is(code, 64, args.join(' '))
    t.not(err, '')
  }
})

test('help is no error', async t => {
  const { code, out } = await run('.', ['config', 'print', '--help'])
  t.is(code, 0)
  t.regex(out, /--origin/)
})

test('--version is the command version', async t => {
  t.is((await run('.', ['--version'])).out, (await run('.', ['version'])).out)
})

test('version is the one of the package', async t => {
  const { out } = await run('.', ['version', '--json'])
  const manifest = JSON.parse(await readFile(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string
  }
  t.like(JSON.parse(out), { forgekeeper: manifest.version, node: process.version })
})

test('init writes a file that check understands, and overwrites nothing unasked', async t => {
  const folder = await emptyFolder(t)
  t.is((await run(folder, ['init'])).code, 0)
  const token = await readFile(join(folder, '.forgekeeper/tokens/operator'), 'utf8')
  t.regex(token, /^[\w-]{43}\n$/)
  t.is((await stat(join(folder, '.forgekeeper/tokens/viewer'))).mode & 0o777, 0o600)
  const again = await run(folder, ['init'])
  t.is(again.code, 64)
  t.regex(again.err, /config\.toml/)
  t.is((await run(folder, ['init', '--yes'])).code, 0)
  t.not(await readFile(join(folder, '.forgekeeper/tokens/operator'), 'utf8'), token)
})

test('a wrong configuration ends every command that needs it with 78 and the whole list', async t => {
  const folder = await emptyFolder(t)
  await writeFile(join(folder, 'config.toml'), '[http]\nprt = 1\nhost = 2\n')
  for (const args of [['start'], ['status'], ['config', 'print'], ['check']]) {
    const { code, out, err } = await run(folder, args)
    t.is(code, 78, args.join(' '))
    t.regex(out + err, /config\.toml:2: http\.prt: unknown key; did you mean "http\.port"\?/)
    t.regex(out + err, /config\.toml:3: http\.host/)
  }
})

test('with --json the refusal is JSON with every problem', async t => {
  const folder = await emptyFolder(t)
  await writeFile(join(folder, 'c.toml'), '[htp]\n')
  const { code, err } = await run(folder, ['config', 'print', '--json', '--config', 'c.toml'])
  t.is(code, 78)
  t.like(JSON.parse(err), { error: { code: 'CFG_001', problems: [{ key: 'htp', line: 1, nearest: 'http' }] } })
})

test('config print shows the origin of each value', async t => {
  const folder = await emptyFolder(t)
  await writeFile(join(folder, 'config.toml'), '[http]\nport = 9000\n')
  await writeFile(join(folder, '.env'), 'FORGEKEEPER_LOG_LEVEL=debug\n')
  const { out } = await run(folder, [
    'config',
    'print',
    '--origin',
    '--env-file',
    '.env',
    '--set',
    'tx.bump_percent=15',
  ])
  t.regex(out, /http\.port +9000 +config\.toml:2/)
  t.regex(out, /log\.level +"debug" +env FORGEKEEPER_LOG_LEVEL/)
  t.regex(out, /tx\.bump_percent +15 +flag --set/)
  t.regex(out, /http\.host +"127\.0\.0\.1" +default/)
})

test('config schema is JSON Schema', async t => {
  const { out } = await run('.', ['config', 'schema'])
  t.like(JSON.parse(out), { type: 'object', additionalProperties: false })
})

test('check names what is down, what is wrong and what is missing', async t => {
  const folder = await emptyFolder(t)
  await mkdir(join(folder, 'x'))
  const toml = `[roles]
enabled = []
[database]
url = "postgres://nobody@127.0.0.1:1/none"
[chains.main]
rpc = ["http://127.0.0.1:1/"]
chain_id = 1
[accounts.one]
chain = "main"
key = "env:NO_SUCH_KEY"
[accounts.two]
chain = "main"
key = "env:BAD_KEY"
`
  await writeFile(join(folder, 'config.toml'), toml)
  const { code, out } = await run(folder, ['check', '--json'], { BAD_KEY: `0x${'00'.repeat(32)}` })
  t.is(code, 78)
  const { checks } = JSON.parse(out) as { checks: { name: string; ok: boolean; down: boolean }[] }
  const found = checks.map(({ name, ok, down }) => `${name} ${ok ? 'ok' : down ? 'down' : 'wrong'}`)
  t.deepEqual(found, [
    'configuration ok',
    'database down',
    'chain main down',
    'account one wrong',
    'account two wrong',
    'fee ceiling one down',
    'fee ceiling two down',
  ])
  const outside = await run(folder, ['check', '--set', 'accounts={}'])
  t.is(outside.code, 69, 'nothing is wrong, something is down')
})

test('check of nothing but defaults says that a chain is missing, and the demo needs none', async t => {
  const folder = await emptyFolder(t)
  const { code, out } = await run(folder, ['check', '--set', 'roles.enabled='])
  t.is(code, 78)
  t.regex(out, /FAIL +chains/)
  t.is((await run(folder, ['check', '--demo'])).code, 0)
})
