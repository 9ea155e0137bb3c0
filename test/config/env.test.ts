import test from 'ava'
import { findRoleSections } from '../../src/config/sections.ts'
import { environmentNames } from '../../scripts/reference/config.ts'
import { CANVAS, NO_ROLES, problemsOf, tryLoad } from './support.ts'

const painting = { FORGEKEEPER_ROLES_ENABLED: 'painter', FORGEKEEPER_PAINTER_CANVAS: CANVAS }

test('numbers, booleans and lists are read from text', async t => {
  const env = {
    ...painting,
    FORGEKEEPER_HTTP_PORT: '0',
    FORGEKEEPER_CHAINS_MY_CHAIN_RPC: 'http://a.example, http://b.example',
    FORGEKEEPER_CHAINS_MY_CHAIN_CHAIN_ID: '5',
    FORGEKEEPER_ACCOUNTS_ONE_CHAIN: 'my-chain',
    FORGEKEEPER_ACCOUNTS_ONE_KEY: 'env:THE_KEY',
    FORGEKEEPER_ACCOUNTS_ONE_ALLOW_RAW_KEYS: 'true',
    FORGEKEEPER_PAINTER_COLOURS: '["a,b", "c"]',
  }
  const { config, sections } = await tryLoad({ env })
  t.is(config.http.port, 0)
  t.deepEqual(config.chains['my-chain']?.rpc, ['http://a.example', 'http://b.example'])
  t.is(config.chains['my-chain']?.chainId, 5)
  t.true(config.accounts['one']?.allowRawKeys)
  t.like(sections.get('painter'), { colours: ['a,b', 'c'] })
})

test('names of a predecessor work, bare numbers get the unit they had there, and our own name wins', async t => {
  const old = { OLD_DRY_SECONDS: '90', OLD_PRICE: '1.5', OLD_LICENCE: 'the-secret-itself' }
  const { sections } = await tryLoad({ env: { ...painting, ...old } })
  t.like(sections.get('painter'), {
    dryTime: 90_000,
    budget: 1_500_000_000n,
    licence: { kind: 'env', name: 'OLD_LICENCE' },
  })
  const both = await tryLoad({ env: { ...painting, ...old, FORGEKEEPER_PAINTER_DRY_TIME: '2s' } })
  t.like(both.sections.get('painter'), { dryTime: 2000 })
})

test('a variable with our prefix that is no key is a warning with the nearest', async t => {
  const env = { FORGEKEEPER_HTTPP: '1', FORGEKEEPER_CONFIG: 'x', FORGEKEEPER_HTTP_PORT: '' }
  const { warnings } = await tryLoad({ toml: NO_ROLES, env })
  t.deepEqual(warnings, [
    'FORGEKEEPER_HTTPP is not a configuration key and is ignored; did you mean FORGEKEEPER_HTTP_PORT?',
  ])
})

test('a wrong value in the environment is named by its variable', async t => {
  const [problem] = await problemsOf({ toml: NO_ROLES, env: { FORGEKEEPER_HTTP_PORT: 'eighty' } })
  t.deepEqual([problem?.where, problem?.key], ['env FORGEKEEPER_HTTP_PORT', 'http.port'])
})

test('no two keys of the core and the real roles share an environment name', async t => {
  const names = environmentNames(await findRoleSections())
  t.is(new Set(names).size, names.length)
})
