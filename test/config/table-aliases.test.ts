import test from 'ava'
import { NameOf, Section } from '../../src/config/fields.ts'
import { entriesOf } from '../../src/config/print.ts'
import { CANVAS, tryLoad, painter } from './support.ts'

/** A role with a predecessor whose names are for tables that it only names. */
const dealer = Section(
  {
    town: NameOf('chains', {
      default: 'paris',
      description: 'Where it sells.',
      'x-env-tables': {
        rpc: ['OLD_GALLERY'],
        chain_id: [{ name: 'OLD_DEPARTMENT', values: { seine: '75', rhone: '69' } }],
      },
    }),
    hand: NameOf('accounts', {
      default: 'left',
      description: 'Who signs.',
      'x-env-tables': { key: ['OLD_HAND'], chain: [{ name: 'OLD_HAND', sameAs: 'town' }] },
    }),
  },
  { description: 'Deals.' },
)

const roles = [
  { name: 'painter', schema: painter },
  { name: 'dealer', schema: dealer },
]
const HAND = `0x${'1'.repeat(64)}`
const old = { OLD_GALLERY: 'http://a.example', OLD_DEPARTMENT: 'rhone', OLD_HAND: HAND }
const enabled = { key: 'roles.enabled', text: 'dealer', flag: '--roles' }

test('names of a predecessor make the tables that a role names, and a key stays where it is', async t => {
  const { config } = await tryLoad({ roles, env: old, flags: [enabled] })
  t.like(config.chains['paris'], { rpc: ['http://a.example'], chainId: 69 })
  t.like(config.accounts['left'], { chain: 'paris', key: { kind: 'env', name: 'OLD_HAND' } })
})

test('the table is the one that file, environment or flag names', async t => {
  const env = { ...old, FORGEKEEPER_DEALER_HAND: 'right' }
  const flags = [enabled, { key: 'dealer.town', text: 'lyon', flag: '--set' }]
  const { config } = await tryLoad({ roles, env, flags })
  t.deepEqual([Object.keys(config.chains), Object.keys(config.accounts)], [['lyon'], ['right']])
  t.is(config.accounts['right']?.chain, 'lyon')
})

test('our own name and a flag win, and what is only concluded gives way to the file', async t => {
  const toml = '[chains.paris]\nrpc = ["http://file.example"]\nchain_id = 5\n'
  const { config } = await tryLoad({ roles, toml, env: old, flags: [enabled] })
  t.like(config.chains['paris'], { rpc: ['http://a.example'], chainId: 5 })
  const named = { ...old, FORGEKEEPER_CHAINS_PARIS_RPC: 'http://own.example' }
  t.deepEqual((await tryLoad({ roles, env: named, flags: [enabled] })).config.chains['paris']?.rpc, [
    'http://own.example',
  ])
  const flags = [enabled, { key: 'chains.paris.rpc', text: 'http://flag.example', flag: '--set' }]
  t.deepEqual((await tryLoad({ roles, env: old, flags })).config.chains['paris']?.rpc, ['http://flag.example'])
})

test('names for a role that does not run mean nothing, nor do they in the demo', async t => {
  const flags = [{ key: 'roles.enabled', text: 'painter', flag: '--roles' }]
  const env = { ...old, FORGEKEEPER_PAINTER_CANVAS: CANVAS, OLD_DRY_SECONDS: '90' }
  const { config, sections } = await tryLoad({ roles, env, flags })
  t.deepEqual([config.chains, config.accounts], [{}, {}])
  t.like(sections.get('painter'), { dryTime: 90_000 })
  const demo = await tryLoad({ roles, env, flags: [enabled], demo: true })
  t.deepEqual([demo.config.chains, demo.config.accounts], [{}, {}])
  t.like(demo.sections.get('painter'), { dryTime: 3_600_000 })
})

test('where each value came from is shown, and no key', async t => {
  const loaded = await tryLoad({ roles, env: old, flags: [enabled] })
  const shown = Object.fromEntries(entriesOf(loaded).map(({ key, value, origin }) => [key, `${value} ${origin}`]))
  t.is(shown['chains.paris.rpc'], '["http://a.example"] env OLD_GALLERY')
  t.is(shown['chains.paris.chain_id'], '69 env OLD_DEPARTMENT')
  t.is(shown['accounts.left.key'], '"***" env OLD_HAND')
  t.is(shown['accounts.left.chain'], '"paris" env OLD_HAND')
  t.false(JSON.stringify(shown).includes(HAND))
})
