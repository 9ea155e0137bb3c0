/**
 * The case files made with the reference implementation, when they are there.
 */
import test from 'ava'
import { run } from '../../../../bench/conformance/hermez.ts'
import { fixturesOf } from '../../../support/fixtures.ts'

const { folder: dir, there } = fixturesOf('hermez')

if (there) {
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
