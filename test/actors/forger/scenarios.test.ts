import test from 'ava'
import { scenariosMissing } from '../../support/scenarios.ts'

test('every scenario from 1 to 90 is a test', t => {
  t.deepEqual(scenariosMissing(90, ['test/actors/{forger,lanes}/**/*.test.ts', 'test/daemon/*.test.ts']), [])
})
