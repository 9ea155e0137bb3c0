import test from 'ava'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { entriesOf } from '../../src/config/print.ts'
import { maskUrl, parseSecretRef, resolveSecret, Secret, SecretError } from '../../src/secrets.ts'
import { CANVAS, NO_ROLES, problemsOf, tryLoad } from './support.ts'

const KEY = `0x${'ab'.repeat(32)}`

test('a secret shows itself to nobody who does not ask', t => {
  const secret = new Secret('hunter2')
  const shown = [String(secret), JSON.stringify({ secret }), inspect({ secret }), secret.toString()]
  t.false(shown.join().includes('hunter2'))
  t.is(secret.reveal(), 'hunter2')
})

test('references name a variable, a file or a keystore, and nothing else', t => {
  t.deepEqual(parseSecretRef('env:THE_KEY'), { kind: 'env', name: 'THE_KEY' })
  t.deepEqual(parseSecretRef('file:/a:b'), { kind: 'file', path: '/a:b' })
  t.deepEqual(['env:', 'env:A B', 'kms:x', KEY, ''].map(parseSecretRef), [null, null, null, null, null])
})

test('a secret comes from the environment or a file, without its line break', async t => {
  const folder = await mkdtemp(join(tmpdir(), 'forgekeeper-secret-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const path = join(folder, 'token')
  await writeFile(path, 'from file\n')
  const env = { NAME: 'from env' }
  t.is((await resolveSecret({ kind: 'env', name: 'NAME' }, { env })).reveal(), 'from env')
  t.is((await resolveSecret({ kind: 'file', path }, { env })).reveal(), 'from file')
  await t.throwsAsync(resolveSecret({ kind: 'env', name: 'OTHER' }, { env }), { instanceOf: SecretError })
  await t.throwsAsync(resolveSecret({ kind: 'file', path: `${path}x` }, { env }), { instanceOf: SecretError })
})

test('a URL is shown without user, password, query values and long words', t => {
  t.is(
    maskUrl('https://u:p@h.example:1/v3/0123456789abcdef0123456789abcdef?key=1#x'),
    'https://***@h.example:1/v3/***?key=***',
  )
  t.is(maskUrl('http://127.0.0.1:8545'), 'http://127.0.0.1:8545')
  t.is(maskUrl('postgres://u:p@h/db'), 'postgres://***@h/db')
  t.is(maskUrl('not a url: hunter2'), '***')
})

const account = (key: string, more = '', chainId = 31_337): string =>
  `[roles]\nenabled = []\n[chains.dev]\nrpc = ["http://x.example"]\nchain_id = ${chainId}\n[accounts.a]\nchain = "dev"\nkey = "${key}"\n${more}`

const texts = async (toml: string): Promise<string[]> => (await problemsOf({ toml })).map(problem => problem.key)

test('a literal key passes only on a development chain and only when it is allowed', async t => {
  t.deepEqual(await texts(account(KEY)), ['accounts.a.key'])
  t.deepEqual(await texts(account(KEY, 'allow_raw_keys = true', 1)), ['accounts.a.key'])
  t.deepEqual(await texts(account('hunter2', 'allow_raw_keys = true')), ['accounts.a.key'])
  t.deepEqual(await texts(account(KEY, 'allow_raw_keys = true')), [])
  const error = await t.throwsAsync(tryLoad({ toml: account(KEY) }))
  t.false(error.message.includes('abab'))
})

test('a keystore needs a password, an account needs its chain', async t => {
  const keystore = await problemsOf({ toml: account('keystore:key.json') })
  t.deepEqual(
    keystore.map(problem => problem.key),
    ['accounts.a.password'],
  )
  const [problem] = await problemsOf({ toml: account('env:K').replace('chain = "dev"', 'chain = "dve"') })
  t.deepEqual([problem?.key, problem?.nearest], ['accounts.a.chain', 'dev'])
})

test('URLs may be references, and must be when they carry a password', async t => {
  const toml = '[roles]\nenabled = []\n[database]\nurl = "env:DB"\n'
  const { config } = await tryLoad({ toml, env: { DB: 'postgres://u:p@h/db' } })
  t.is(config.database.url, 'postgres://u:p@h/db')
  const [missing] = await problemsOf({ toml })
  t.is(missing?.text, 'the environment variable DB is not set')
  const [inline] = await problemsOf({ toml: toml.replace('env:DB', 'postgres://u:p@h/db') })
  t.is(inline?.text, 'a URL with a password must be named by a reference')
})

test('every secret that is not there is reported with all the rest, at its line', async t => {
  const toml = `${account('env:NOT_SET')}\n[http]\nprot = 1\nviewer_token = "file:not-there"\n`
  const found = (await problemsOf({ toml, needSecrets: true })).map(({ key, line }) => [key, line])
  t.deepEqual(found, [
    ['accounts.a.key', toml.split('\n').findIndex(text => text.includes('NOT_SET')) + 1],
    ['http.prot', toml.split('\n').indexOf('prot = 1') + 1],
    ['http.viewer_token', toml.split('\n').indexOf('viewer_token = "file:not-there"') + 1],
  ])
  t.deepEqual(await problemsOf({ toml: account('env:NOT_SET') }), [])
})

test('a URL in a wrong place is told without its password and its API key', async t => {
  const [problem] = await problemsOf({
    toml: `${NO_ROLES}[chains.a]\nchain_id = 1\nrpc = "https://u:hunter2@h/k?key=abab"\n`,
  })
  t.is(problem?.text, '"https://***@h/k?key=***" is refused')
})

test('what is printed has no secret in it, whatever its source', async t => {
  const loaded = await tryLoad({
    toml: account(KEY, 'allow_raw_keys = true'),
    env: {
      FORGEKEEPER_DATABASE_URL: 'postgres://u:hunter2@h/db',
      FORGEKEEPER_HTTP_VIEWER_TOKEN: 'hunter2',
      OLD_LICENCE: 'hunter2',
      FORGEKEEPER_PAINTER_SHOP: 'https://shop.example/?key=hunter2',
      FORGEKEEPER_PAINTER_CANVAS: CANVAS,
    },
  })
  const entries = entriesOf(loaded)
  t.false(JSON.stringify(entries).includes('hunter2'))
  t.false(JSON.stringify(entries).includes('abab'))
  const shown = Object.fromEntries(entries.map(({ key, value, origin }) => [key, `${value} from ${origin}`]))
  t.is(shown['http.viewer_token'], '"***" from env FORGEKEEPER_HTTP_VIEWER_TOKEN')
  t.is(shown['painter.licence'], '"***" from env OLD_LICENCE')
  t.is(shown['accounts.a.chain'], '"dev" from config.toml:7')
  t.is(shown['http.port'], '8420 from default')
  t.false(inspect(loaded.config, { depth: 10 }).includes('abab'))
})
