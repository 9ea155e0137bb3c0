/** The acceptance scenarios of the predecessor are numbered 1 to 38; each is a test whose title begins with its number. */
import { globSync, readFileSync } from 'node:fs'
import test from 'ava'

const COUNT = 38
const TITLE = /test(?:\.\w+)*\(\s*['"`]scenarios? ([\d, ]+):/g

test('every scenario from 1 to 38 is a test', t => {
  const files = globSync(['test/actors/finalizer/*.test.ts', 'test/daemon/finalizer.test.ts'])
  const titles = files.flatMap(file => [...readFileSync(file, 'utf8').matchAll(TITLE)])
  const named = new Set(titles.flatMap(([, numbers = '']) => numbers.split(',').map(Number)))
  const missing = Array.from({ length: COUNT }, (_, at) => at + 1).filter(number => !named.has(number))
  t.deepEqual(missing, [])
})
