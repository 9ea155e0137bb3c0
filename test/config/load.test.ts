import test from 'ava'
import { ConfigError, ConfigFileError, ConfigSyntaxError } from '../../src/config/errors.ts'
import { CANVAS, NO_ROLES, problemsOf, tryLoad, type Attempt } from './support.ts'

test('an empty configuration is the defaults, with units read', async t => {
  const { config } = await tryLoad({ toml: NO_ROLES })
  t.is(config.http.port, 8420)
  t.is(config.http.bodyLimit, 2 ** 20)
  t.is(config.tx.bumpAfter, 30_000)
  t.is(config.tx.maxFee, 500n * 10n ** 9n)
  t.is(config.database.url, undefined)
  t.deepEqual(config.chains, {})
})

test('flags beat environment, environment beats file, file beats the base, base beats defaults', async t => {
  const toml = `${NO_ROLES}[http]\nport = 3\nhost = "file"\nrate_limit = 30\nbody_limit = "3 kB"\n`
  const loaded = await tryLoad({
    toml,
    env: { FORGEKEEPER_HTTP_PORT: '4', FORGEKEEPER_HTTP_HOST: 'env' },
    flags: [{ key: 'http.port', text: '5', flag: '--port' }],
    base: new Map<string, unknown>([
      ['http.rate_limit', 20],
      ['tx.bump_percent', 20],
    ]),
  })
  const { http, tx } = loaded.config
  t.deepEqual([http.port, http.host, http.rateLimit, tx.bumpPercent, tx.maxInFlight], [5, 'env', 30, 20, 16])
})

const BROKEN = `data_folder = "data"
[htp]
port = 1
[http]
port = "x"
prt = 7
viewer_token = "hunter2-secret"
[chains.main]
rpc = [
  "https://user:hunter2@x.example",
  "ftp://z.example", "env:NOPE",
]
chain_id = 0
[chains.Bad_Name]
[tx]
max_fee = "20 gwe"
bump_after = 30
[log]
level = "inf"
[painter]
canvas = "0x1"
`

test('all problems are reported at once, each with its line and what was expected', async t => {
  const problems = await problemsOf({
    toml: BROKEN,
    env: { FORGEKEEPER_TX_BUMP_PERCENT: '5' },
    flags: [{ key: 'tx.max_infligt', text: '1', flag: '--set' }],
  })
  const found = problems.map(({ key, line, nearest }) => [key, line, nearest])
  t.deepEqual(found, [
    ['tx.max_infligt', null, 'tx.max_in_flight'],
    ['tx.bump_percent', null, null],
    ['roles.enabled.0', null, null],
    ['htp', 2, 'http'],
    ['http.port', 5, null],
    ['http.prt', 6, 'http.port'],
    ['http.viewer_token', 7, null],
    ['chains.main.rpc.0', 10, null],
    ['chains.main.rpc.1', 11, null],
    ['chains.main.rpc.2', 11, null],
    ['chains.main.chain_id', 13, null],
    ['chains.Bad_Name', 14, null],
    ['chains.Bad_Name.rpc', 14, null],
    ['chains.Bad_Name.chain_id', 14, null],
    ['tx.max_fee', 16, null],
    ['tx.bump_after', 17, null],
    ['log.level', 19, 'info'],
    ['painter.canvas', 21, null],
  ])
  t.true(problems.every(({ where, line }) => where !== '' || line === null))
  const text = new ConfigError(problems).message
  t.true(text.includes('config.toml:5: http.port: "x" is refused; expected a whole number from 0 to 65535'))
  t.false(text.includes('hunter2'), 'no secret in the text')
})

test('a file that is no TOML is refused with line and column', async t => {
  const error = await t.throwsAsync(tryLoad({ toml: 'a = 1\nb = = 2\n' }), { instanceOf: ConfigSyntaxError })
  t.regex(error.message, /config\.toml:2:\d+: /)
})

test('a file that is not there is refused by name', async t => {
  const error = await t.throwsAsync(tryLoad({ file: '/nowhere/at-all.toml' }), { instanceOf: ConfigFileError })
  t.true(error.message.startsWith('/nowhere/at-all.toml'))
})

const missing = async (attempt: Attempt): Promise<string[]> =>
  (await problemsOf(attempt)).map(({ key, text }) => `${key} ${text}`)

test('what a role needs is asked for only when it runs, and in the demo only after it is set up', async t => {
  const enabled = '[roles]\nenabled = ["painter"]\n'
  t.deepEqual(await missing({ toml: NO_ROLES }), [])
  t.deepEqual(await missing({ toml: enabled }), ['painter.canvas missing'])
  t.deepEqual(await missing({ toml: enabled, demo: true }), [])
  t.deepEqual(await missing({ toml: enabled, demo: true, base: new Map() }), ['painter.canvas missing'])
  const loaded = await tryLoad({ toml: enabled, demo: true, base: new Map([['painter.canvas', CANVAS]]) })
  t.deepEqual(loaded.sections.get('painter'), { canvas: CANVAS, dryTime: 3_600_000, colours: ['red'] })
})

test('the section of a role that does not run is still checked for mistakes', async t => {
  const [problem] = await problemsOf({ toml: `${NO_ROLES}[painter]\ncanvass = 1\n` })
  t.is(problem?.nearest, 'painter.canvas')
})

test('an unknown role is refused with the nearest', async t => {
  const [problem] = await problemsOf({ toml: '[roles]\nenabled = ["paintr"]\n' })
  t.deepEqual([problem?.key, problem?.line, problem?.nearest], ['roles.enabled.0', 2, 'painter'])
})

const onCanvas = (address: string): Attempt => ({
  toml: `[roles]\nenabled = ["painter"]\n[painter]\ncanvas = "${address}"\n`,
})

test('an address in mixed case must have a right checksum', async t => {
  const good = '0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed'
  t.is((await problemsOf(onCanvas(good))).length, 0)
  t.is((await problemsOf(onCanvas(good.toLowerCase()))).length, 0)
  t.is((await problemsOf(onCanvas(good.replace('aA', 'Aa')))).length, 1)
})

test('paths in the file start at its folder', async t => {
  const { config, file } = await tryLoad({ toml: `data_folder = "data"\n${NO_ROLES}` })
  t.is(config.dataFolder, file?.replace('config.toml', 'data') ?? '')
})

test('keys that are words of JavaScript are keys like any other', async t => {
  const flags = [{ key: '__proto__.polluted', text: '1', flag: '--set' }]
  const problems = await problemsOf({ toml: `constructor = 1\n${NO_ROLES}`, flags })
  t.deepEqual(problems.map(problem => problem.key).toSorted(), ['__proto__.polluted', 'constructor'])
  t.false('polluted' in {})
})

const hanging = (wall: string): string =>
  `[chains.main]\nrpc = ["http://x.example"]\nchain_id = 1\n[roles]\nenabled = ["painter"]\n[painter]\ncanvas = "${CANVAS}"\nwall = "${wall}"\n`

test('a role that names a chain which is not there is refused with the nearest', async t => {
  t.deepEqual(await problemsOf({ toml: hanging('main') }), [])
  const [problem] = await problemsOf({ toml: hanging('mian') })
  t.deepEqual([problem?.key, problem?.line, problem?.nearest], ['painter.wall', 8, 'main'])
  t.deepEqual(await problemsOf({ toml: hanging('mian'), demo: true }), [], 'the demo brings its chain later')
})

test('an empty folder is told all that a role needs, tables included', async t => {
  const roles = '[roles]\nenabled = ["painter"]\n[painter]\nwall = "main"\n[accounts.a]\nchain = "man"\n'
  const keys = (await problemsOf({ toml: roles })).map(problem => problem.key)
  t.deepEqual(keys.toSorted(), ['accounts.a.chain', 'accounts.a.key', 'painter.canvas', 'painter.wall'])
  t.deepEqual(
    (await problemsOf({ toml: 'chains = 1\naccounts = "x"\nroles = []\n' })).map(problem => problem.key),
    ['chains', 'accounts', 'roles'],
  )
})
