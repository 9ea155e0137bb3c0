/** `kill -9` of the daemon at random moments under load: every accepted transfer is forged once, judged from the chain. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import test from 'ava'

const LOAD = fileURLToPath(new URL('../../bench/load.ts', import.meta.url))

interface Outcome {
  readonly reached: boolean
  readonly lost: number
  readonly twice: number
  readonly transfers: number
  readonly kills: number
}

test('scenario 90: nothing is lost and nothing forged twice when the daemon is killed again and again', async t => {
  t.timeout(900_000)
  const flags = ['--provers', '3', '--proof-ms', '500', '--batches', '10', '--kills', '3', '--users', '6']
  const args = [LOAD, ...flags, '--fail-rate', '0.1', '--seed', '7', '--limit-seconds', '700']
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 24 })
  const { reached, lost, twice, transfers, kills } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as Outcome // load.ts
  t.deepEqual({ reached, lost, twice, kills }, { reached: true, lost: 0, twice: 0, kills: 3 })
  t.true(transfers > 0)
})
