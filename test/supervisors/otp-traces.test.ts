import test from 'ava'
import { run } from '../../bench/conformance/otp-traces.ts'
import { fixturesOf } from '../support/fixtures.ts'

const { folder: cases, there } = fixturesOf('otp-traces', 'cases')

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
