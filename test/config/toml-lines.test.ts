import test from 'ava'
import * as fc from 'fast-check'
import { parse, stringify } from 'smol-toml'
import { tomlLines } from '../../src/config/toml-lines.ts'

const TEXT = `# a comment = 1
top = "x # not a comment"

[chains.main] # header
rpc = [
  "a", # [chains.fake]
  '''
[chains.fake]
''',
]
"quoted key" = 1
nested.deep = { one = 1, two = [1, 2] }
text = """
[not.a.table]
key = 1
"""
after = true
[[list]]
x = 1
[[list]]
x = 2
`

test('every key, list item and table has the line it is written on', t => {
  const lines = tomlLines(TEXT)
  const expected = {
    top: 2,
    'chains.main': 4,
    'chains.main.rpc': 5,
    'chains.main.rpc.0': 6,
    'chains.main.rpc.1': 7,
    'chains.main.quoted key': 11,
    'chains.main.nested': 12,
    'chains.main.nested.deep': 12,
    'chains.main.nested.deep.one': 12,
    'chains.main.nested.deep.two': 12,
    'chains.main.nested.deep.two.0': 12,
    'chains.main.nested.deep.two.1': 12,
    'chains.main.text': 13,
    'chains.main.after': 17,
    list: 18,
    'list.0': 18,
    'list.0.x': 19,
    'list.1': 20,
    'list.1.x': 21,
  }
  t.deepEqual(Object.fromEntries(lines), expected)
  t.notThrows(() => parse(TEXT))
})

test('any text ends, also one that is not TOML', t => {
  fc.assert(
    fc.property(
      fc.string({
        maxLength: 200,
        unit: fc.constantFrom('[', ']', '{', '}', '=', '.', ',', "'", '"', '#', '\n', ' ', 'a', '1', '\\'),
      }),
      text => void tomlLines(text),
    ),
  )
  t.pass()
})

const key = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/)
const value = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }))
const table = fc.dictionary(key, value, { maxKeys: 4 })

test('in generated documents no key is without a line', t => {
  fc.assert(
    fc.property(fc.dictionary(key, fc.oneof(value, table), { maxKeys: 6 }), document => {
      const text = stringify(document)
      const lines = tomlLines(text)
      for (const [name, inner] of Object.entries(parse(text))) {
        if (!lines.has(name)) return false
        const nested = typeof inner === 'object' && !Array.isArray(inner) ? Object.keys(inner) : []
        if (nested.some(below => !lines.has(`${name}.${below}`))) return false
      }
      return true
    }),
  )
  t.pass()
})
