import test from 'ava'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Check } from 'typebox/value'
import { parse } from 'smol-toml'
import { exampleToml } from '../../src/config/example.ts'
import { loadConfig } from '../../src/config/load.ts'
import { fieldsOf, published, view, compose } from '../../src/config/schema.ts'
import { findRoleSections } from '../../src/config/sections.ts'

const root = join(import.meta.dirname, '..', '..')

test('config.example.toml loads without problems', async t => {
  const roles = await findRoleSections()
  const file = join(root, 'config.example.toml')
  const env = { RPC_URL: 'http://127.0.0.1:8545' }
  const loaded = await loadConfig({ file, env, flags: [], roles, workingFolder: root, demo: false })
  t.deepEqual(loaded.warnings, [])
  t.deepEqual(Object.keys(loaded.config.chains), ['local'])
})

test('the example names every key', async t => {
  const roles = await findRoleSections()
  const text = exampleToml(roles)
  // With the comment marks of keys taken away, the whole example is TOML again.
  const all = parse(text.replaceAll(/^# ([a-z0-9_]+ = )/gm, '$1'))
  for (const { path } of fieldsOf(view(compose(roles)))) {
    const value = path.reduce<unknown>((inner, key) => {
      const table = inner as Record<string, unknown> // every step but the last is a table
      return key === '*' ? Object.values(table)[0] : table[key]
    }, all)
    t.not(value, undefined, path.join('.'))
  }
})

test('every key has a description', async t => {
  const roles = await findRoleSections()
  const bare = fieldsOf(view(compose(roles))).filter(({ schema }) => (schema.description ?? '') === '')
  t.deepEqual(
    bare.map(field => field.path.join('.')),
    [],
  )
})

test('the published schema accepts what the loader accepts', async t => {
  const roles = await findRoleSections()
  const schema = published(roles)
  t.true(Check(schema, parse(await readFile(join(root, 'config.example.toml'), 'utf8'))))
  t.false(Check(schema, { htp: {} }))
  t.false(Check(schema, { tx: { max_fee: '20' } }))
})

test('every default passes its own schema', async t => {
  const roles = await findRoleSections()
  const wrong = fieldsOf(view(compose(roles))).filter(
    ({ schema }) => schema.default !== undefined && !Check(schema, schema.default),
  )
  t.deepEqual(
    wrong.map(field => field.path.join('.')),
    [],
  )
})
