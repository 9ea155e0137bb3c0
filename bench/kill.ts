/**
 * `kill -9` of the daemon at random moments while it forges: nothing may be lost and nothing forged twice. Takes the
 * load test's options; 100 kills unless told otherwise.
 *
 *   npm run bench -- kill --kills 100 --seed 1
 */
import { load } from './load.ts'
import { readOptions } from './load/options.ts'

const defaults = {
  kills: '100',
  batches: '100',
  provers: '4',
  'proof-ms': '500',
  'txs-per-batch': '4',
  'fail-rate': '0.02',
  'limit-seconds': '1500',
} as const

process.exitCode = (await load(readOptions(process.argv.slice(2), defaults))) ? 0 : 1
