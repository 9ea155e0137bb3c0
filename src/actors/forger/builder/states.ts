/**
 * The states of the newest batches, and the jobs done on them. Each state shares all but its changes with the one before.
 */
import { emptyState, rootOf, stateFrom, withoutHashes, type RollupState } from '../rollup/state.ts'
import type { Checkpoint, LoadedState } from '../state-store.ts'
import type { BuilderJob, BuilderResult } from './jobs.ts'
import { applyJob, buildJob } from './work.ts'

const KEPT_CHECKPOINTS = 256

/** The state of what is stored. Hashes that are stored are only to save time: should they be wrong, all are computed. */
function load({ accounts, lastIdx, root, batchNum }: LoadedState): RollupState {
  const state = stateFrom(accounts, lastIdx)
  if (rootOf(state) === root) return state
  const computed = stateFrom(withoutHashes(accounts), lastIdx)
  if (rootOf(computed) === root) return computed
  throw new Error(`the stored accounts do not have the root of batch ${batchNum}`)
}

const nameOf = ({ batchNum, root }: Checkpoint): string => `${batchNum}:${root}`

/** Does one job after the other. A state that is not held is asked for by `unknown-checkpoint`; genesis is always known first. */
export function openStates(): (job: BuilderJob) => BuilderResult {
  const states = new Map<string, RollupState>([[nameOf({ batchNum: 0, root: 0n }), emptyState()]])
  const keep = (at: Checkpoint, state: RollupState): void => {
    states.delete(nameOf(at))
    states.set(nameOf(at), state)
    for (const oldest of states.keys()) {
      if (states.size <= KEPT_CHECKPOINTS) break
      states.delete(oldest)
    }
  }
  return job => {
    if (job.do === 'load') {
      keep(job.state, load(job.state))
      return { kind: 'loaded' }
    }
    const state = states.get(nameOf(job.from))
    if (state === undefined) return { kind: 'unknown-checkpoint' }
    keep(job.from, state)
    const done = job.do === 'build' ? buildJob(state, job) : applyJob(state, job)
    if (done.state && done.result.kind === 'batch') {
      const { batchNum, newRoot } = done.result.batch
      keep({ batchNum, root: newRoot }, done.state)
    }
    return done.result
  }
}
