import test from 'ava'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../../bench/conformance/otp-traces.ts'

const shared = process.env['FORGEKEEPER_SHARED'] ?? join(import.meta.dirname, '../../../shared')
const cases = join(shared, 'fixtures/otp-traces/cases')
const there = existsSync(cases)

test(`traces recorded from a real OTP supervisor are reproduced exactly${there ? '' : ' (skipped: no traces here)'}`, async t => {
  if (!there) {
    t.log(`${cases} is not there`)
    return t.pass()
  }
  const problems: string[] = []
  let replayed = 0
  for await (const { name, problem } of run(cases)) {
    replayed++
    if (problem !== null) problems.push(`${name}: ${problem}`)
  }
  t.deepEqual(problems, [])
  t.true(replayed > 0)
})
