import test from 'ava'
import { scenariosMissing } from '../../support/scenarios.ts'

test('every scenario from 1 to 38 is a test', t => {
  t.deepEqual(scenariosMissing(38, ['test/actors/finalizer/*.test.ts', 'test/daemon/finalizer.test.ts']), [])
})
