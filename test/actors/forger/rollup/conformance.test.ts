/**
 * The case files made with the reference implementation, when they are there.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { run } from '../../../../bench/conformance/hermez.ts'

const shared = process.env['FORGEKEEPER_SHARED'] ?? join(import.meta.dirname, '../../../../../shared')
const dir = join(shared, 'fixtures', 'hermez')

if (existsSync(dir)) {
  test('every case of the reference implementation comes out the same', async t => {
    const problems: string[] = []
    let count = 0
    for await (const { name, problem } of run(dir)) {
      count++
      if (problem !== null) problems.push(`${name}: ${problem}`)
    }
    t.deepEqual(problems, [])
    t.true(count > 0)
  })
} else {
  test('skipped: every case of the reference implementation comes out the same', t => {
    t.log(`no case files in ${dir}`)
    t.pass()
  })
}
