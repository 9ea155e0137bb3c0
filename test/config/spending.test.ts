/** Who signs, who agrees, and what may be spent, as a configuration says it. */
import test from 'ava'
import { CANVAS, NO_ROLES, problemsOf, tryLoad } from './support.ts'

const chain = (more = ''): string => `${NO_ROLES}[chains.main]\nrpc = ["http://127.0.0.1:1"]\nchain_id = 1\n${more}`
const account = (keys: string): string => `${chain()}[accounts.main]\nchain = "main"\n${keys}\n`
const told = async (toml: string): Promise<string[]> =>
  (await problemsOf({ toml })).map(({ key, text }) => `${key} ${text}`)

for (const [what, keys] of [
  ['a key', 'key = "env:KEY"'],
  ['a remote signer with its address', `remote_signer = "http://127.0.0.1:9000"\naddress = "${CANVAS}"`],
  ['a key of a KMS with its address', `kms_key = "alias/x"\naddress = "${CANVAS}"`],
] as const) {
  test(`an account with ${what} is accepted`, async t => t.deepEqual(await told(account(keys)), []))
}

for (const [what, keys, problem] of [
  ['without any signer', '', 'accounts.main.key missing'],
  [
    'with two signers',
    `key = "env:KEY"\nkms_key = "x"\naddress = "${CANVAS}"`,
    'accounts.main.key there is more than one signer',
  ],
  ['with a KMS and no address', 'kms_key = "x"', 'accounts.main.address missing'],
  ['with a remote signer and no address', 'remote_signer = "http://127.0.0.1:1"', 'accounts.main.address missing'],
] as const) {
  test(`an account ${what} is refused`, async t => t.deepEqual(await told(account(keys)), [problem]))
}

test('a quorum of more endpoints than there are is refused', async t => {
  t.deepEqual(await told(chain('quorum = 2\n')), ['chains.main.quorum 2 cannot agree'])
})

test('modes and budgets are read for all, for an account and for a role', async t => {
  const tx =
    '[tx]\nmode = "oversight"\ndaily_budget = "1 ether"\n[tx.roles.painter]\nmode = "live"\ndaily_budget = "0.5 ether"\n'
  const { config } = await tryLoad({ toml: `${account('key = "env:KEY"\ndaily_budget = "2 ether"')}${tx}` })
  t.like(config.tx, { mode: 'oversight', dailyBudget: 10n ** 18n })
  t.deepEqual(config.tx.roles['painter'], { mode: 'live', dailyBudget: 5n * 10n ** 17n })
  t.is(config.accounts['main']?.dailyBudget, 2n * 10n ** 18n)
})

test('an unknown mode is refused with the ones there are', async t => {
  const [problem] = await problemsOf({ toml: `${NO_ROLES}[tx]\nmode = "dryrun"\n` })
  t.like(problem, { key: 'tx.mode', nearest: 'dry-run' })
})

test('tables of a file and of the demo become one', async t => {
  const base = new Map<string, unknown>([
    ['chains.local.rpc', ['http://127.0.0.1:2']],
    ['chains.local.chain_id', 31_337],
  ])
  const { config } = await tryLoad({ toml: chain(), demo: true, base })
  t.deepEqual(Object.keys(config.chains).toSorted(), ['local', 'main'])
})
