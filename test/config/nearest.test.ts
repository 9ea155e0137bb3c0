import test from 'ava'
import { distance, nearest } from '../../src/config/nearest.ts'

test('distance counts inserts, deletes, replacements and swaps of neighbours', t => {
  t.deepEqual(
    [
      ['', 'abc'],
      ['port', 'prot'],
      ['http', 'htp'],
      ['same', 'same'],
      ['kitten', 'sitting'],
    ].map(([a = '', b = '']) => distance(a, b)),
    [3, 1, 1, 0, 3],
  )
})

test('the nearest word is found, and none when all are far', t => {
  t.is(nearest('prt', ['host', 'port', 'body_limit']), 'port')
  t.is(nearest('rpcs', ['rpc', 'ws']), 'rpc')
  t.is(nearest('zzzzzzzz', ['host', 'port']), null)
  t.is(nearest('x', []), null)
})
