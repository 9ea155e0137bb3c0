/** The finalizer's predecessor was told everything by a `.env` file: the same file works, by flag, for every command. */
import { writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { parseEnv } from 'node:util'
import { findRoleSections } from '../../src/config/sections.ts'
import { loadConfig } from '../../src/config/load.ts'
import { resolveSecret } from '../../src/secrets.ts'
import { emptyFolder, run } from '../cli/support.ts'

const KEY = '0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d'
const ADDRESS = '0x70997970C51812dc3A010C7d01b50e0d17dc79C8'
const SPECIMEN = '0x4f2e285227d43d9eb52799d0a28299540452446e'
const RESULT = '0x254E3FA072324fa202577F24147066359947bC23'

/** Every name that the predecessor had, in the form of its sample file. */
const DOT_ENV = `
# observer chain
RPC_ENDPOINT="https://moonbeam.example/0f3c8a1be2d94c7795d1e0b6aa42f9c3"
BSP_PROOFCHAIN_ADDRESS="${SPECIMEN}"
BRP_PROOFCHAIN_ADDRESS="${RESULT}"
PROOFCHAIN_ADDRESS="0x30F220B44E937dd6A2A43D91D564E259f3574eb8"
FINALIZER_PRIVATE_KEY="${KEY}"
FINALIZER_ADDRESS="${ADDRESS}"
GAS_LIMIT=300000
GAS_PRICE=1
BLOCK_ID_START=-1
# database
DB_USER="reader"
DB_PASSWORD="not for everybody"
DB_HOST="warehouse.example"
DB_DATABASE="analytics"
CHAIN_TABLE_NAME="chain_moonbeam_mainnet"
`

const load = async (env: Readonly<Record<string, string | undefined>>) =>
  loadConfig({
    file: null,
    env,
    flags: [{ key: 'roles.enabled', text: 'finalizer', flag: '--roles' }],
    roles: await findRoleSections(),
    workingFolder: tmpdir(),
    demo: false,
  })

test('every name of the file says what it said, and secrets stay in the environment', async t => {
  const env = parseEnv(DOT_ENV)
  const { config, sections, warnings } = await load(env)
  t.like(config.chains['local'], { rpc: ['https://moonbeam.example/0f3c8a1be2d94c7795d1e0b6aa42f9c3'], chainId: 1284 })
  t.like(config.accounts['finalizer'], { chain: 'local', key: { kind: 'env', name: 'FINALIZER_PRIVATE_KEY' } })
  t.like(sections.get('finalizer'), {
    specimen: SPECIMEN,
    result: RESULT,
    address: ADDRESS,
    gasLimit: 300_000,
    gasPrice: 10n ** 9n,
    warehouse: {
      host: 'warehouse.example',
      user: 'reader',
      password: { kind: 'env', name: 'DB_PASSWORD' },
      database: 'analytics',
      schema: 'chain_moonbeam_mainnet',
      blockIdStart: '-1',
    },
  })
  t.is((await resolveSecret({ kind: 'env', name: 'FINALIZER_PRIVATE_KEY' }, { env })).reveal(), KEY)
  t.deepEqual(warnings, ['PROOFCHAIN_ADDRESS was never read by the predecessor: it is taken as BSP_PROOFCHAIN_ADDRESS'])
})

test('the test network is another chain id; an unknown one asks for it', async t => {
  const env = parseEnv(DOT_ENV)
  const alpha = await load({ ...env, CHAIN_TABLE_NAME: 'chain_moonbeam_moonbase_alpha' })
  t.is(alpha.config.chains['local']?.chainId, 1287)
  const error = await t.throwsAsync(load({ ...env, CHAIN_TABLE_NAME: 'chain_of_mine' }))
  t.regex(JSON.stringify(error), /chains\.local\.chain_id/)
})

test('the old name alone is the address of the specimens', async t => {
  const { BSP_PROOFCHAIN_ADDRESS: _, ...env } = parseEnv(DOT_ENV)
  const { sections } = await load(env)
  t.like(sections.get('finalizer'), { specimen: '0x30F220B44E937dd6A2A43D91D564E259f3574eb8' })
})

test('config print --origin names the variable of each value, and shows no secret', async t => {
  const folder = await emptyFolder(t)
  await writeFile(join(folder, '.env'), DOT_ENV)
  const flags = ['--origin', '--env-file', '.env', '--set', 'roles.enabled=finalizer']
  const { code, out } = await run(folder, ['config', 'print', ...flags])
  t.is(code, 0)
  const lines = out.split('\n')
  for (const [key, name] of [
    ['chains.local.rpc', 'RPC_ENDPOINT'],
    ['chains.local.chain_id', 'CHAIN_TABLE_NAME'],
    ['accounts.finalizer.key', 'FINALIZER_PRIVATE_KEY'],
    ['accounts.finalizer.chain', 'FINALIZER_PRIVATE_KEY'],
    ['finalizer.specimen', 'BSP_PROOFCHAIN_ADDRESS'],
    ['finalizer.result', 'BRP_PROOFCHAIN_ADDRESS'],
    ['finalizer.address', 'FINALIZER_ADDRESS'],
    ['finalizer.gas_limit', 'GAS_LIMIT'],
    ['finalizer.gas_price', 'GAS_PRICE'],
    ['finalizer.warehouse.host', 'DB_HOST'],
    ['finalizer.warehouse.user', 'DB_USER'],
    ['finalizer.warehouse.password', 'DB_PASSWORD'],
    ['finalizer.warehouse.database', 'DB_DATABASE'],
    ['finalizer.warehouse.schema', 'CHAIN_TABLE_NAME'],
    ['finalizer.warehouse.block_id_start', 'BLOCK_ID_START'],
  ] as const)
    t.true(lines.some(line => line.startsWith(key) && line.includes(`env ${name}`)), `${key} ${name}`) // prettier-ignore
  for (const secret of [KEY, KEY.slice(2), 'not for everybody', '0f3c8a1be2d94c7795d1e0b6aa42f9c3'])
    t.false(out.includes(secret))
})
