/**
 * The thread that holds the rollup's state and does all hashing, so that the event loop never waits for it.
 */
import { parentPort } from 'node:worker_threads'
import type { BuilderJob } from './jobs.ts'
import { openStates } from './states.ts'

const run = openStates()

parentPort?.on('message', ({ ticket, job }: { ticket: number; job: BuilderJob }) => {
  try {
    parentPort?.postMessage({ ticket, ok: true, result: run(job) })
  } catch (error) {
    parentPort?.postMessage({ ticket, ok: false, error })
  }
})
