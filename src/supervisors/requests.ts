/**
 * The calls an OTP supervisor answers: start, terminate, restart and delete a child, and who is there. Each runs as
 * one job of the supervisor, so no call ever sees a restart half done.
 */
import type { StartOutcome } from '../actors/kit/unit.ts'
import { type CallResult, type ChildCounts, type ChildRow, DONE, type NewChild, refused } from './calls.ts'
import type { Child } from './children.ts'
import type { ChildSpec } from './spec.ts'
import type { Supervisor } from './supervisor.ts'
import { badCombination, problemsOfChild } from './validate.ts'

/** Runs `ask` as a job of the supervisor; `noproc` when it does not run. */
export const call = <R>(to: Supervisor, noproc: R, ask: () => R | Promise<R>): Promise<R> =>
  new Promise((resolve, reject) =>
    to.post({
      refuse: () => resolve(noproc),
      run: async () => {
        try {
          resolve(await ask())
        } catch (error) {
          reject(error)
        }
      },
    }),
  )

/** A spec is added at the end of a static supervisor; a dynamic one makes a child of its template. */
export async function startChild(to: Supervisor, child: NewChild): Promise<CallResult> {
  const { id } = child
  const spec = to.dynamic ? to.spec.children[0] : (child as ChildSpec) // a malformed one is refused just below
  const wrong = to.dynamic ? refusedId(id) : refusedSpec(to, child as ChildSpec)
  if (spec === undefined || wrong !== null) return wrong ?? refused('invalid-spec')
  const old = to.children.get(id)
  if (old !== undefined) return refused(old.live === null ? 'already-present' : 'already-started')
  if ([id, ...idsBelow(spec)].some(used => to.runtime.units.has(used))) return refused('id-in-use')
  const added = to.add(spec, child)
  added.unit.expect(true)
  const outcome = await to.start(added)
  if (outcome.is === 'failed') to.drop(added)
  if (outcome.is === 'ignored') to.settle(added)
  return answer(added, outcome)
}

/** Whoever would get an address with this child, besides itself. A template has none. */
const idsBelow = (spec: ChildSpec): string[] =>
  spec.type === 'worker' || spec.strategy === 'simple-one-for-one'
    ? []
    : spec.children.flatMap(child => [child.id, ...idsBelow(child)])

/** A template was checked with the tree; only the id is new. */
function refusedId(id: unknown): CallResult | null {
  if (typeof id === 'string' && id !== '') return null
  const problems = [{ path: String(id), problem: 'the id must be a text that is not empty' }]
  return { ok: false, error: 'invalid-spec', problems }
}

function refusedSpec(to: Supervisor, spec: ChildSpec): CallResult | null {
  const { autoShutdown = 'never' } = to.spec
  if (badCombination(spec, autoShutdown)) return refused('bad-combination')
  const problems = problemsOfChild(spec, to.id, autoShutdown)
  return problems.length > 0 ? { ok: false, error: 'invalid-spec', problems } : null
}

export async function terminateChild(to: Supervisor, id: string): Promise<CallResult> {
  const child = to.children.get(id)
  if (child === undefined) return refused('not-found')
  child.unit.expect(false)
  const followers = child.clear()
  await to.stop(child)
  to.settle(child)
  if (followers.length > 0) await to.sequence(followers)
  return DONE
}

export async function restartChild(to: Supervisor, id: string): Promise<CallResult> {
  if (to.dynamic) return refused('simple-one-for-one')
  const child = to.children.get(id)
  if (child === undefined) return refused('not-found')
  if (child.restarting) return refused('restarting')
  if (child.live !== null) return refused('running')
  child.clear()
  child.unit.expect(true)
  const outcome = await to.start(child)
  if (outcome.is === 'failed' || outcome.is === 'ignored') child.unit.expect(false)
  return answer(child, outcome)
}

export function deleteChild(to: Supervisor, id: string): CallResult {
  if (to.dynamic) return refused('simple-one-for-one')
  const child = to.children.get(id)
  if (child === undefined) return refused('not-found')
  if (child.restarting) return refused('restarting')
  if (child.live !== null) return refused('running')
  to.drop(child)
  return DONE
}

/** In start order. */
export const whichChildren = (to: Supervisor): ChildRow[] =>
  [...to.children.values()].map(child => ({ id: child.id, type: child.spec.type, state: stateOf(child) }))

export function countChildren(to: Supervisor): ChildCounts {
  const counts = { specs: to.dynamic ? 1 : to.children.size, active: 0, supervisors: 0, workers: 0 }
  for (const child of to.children.values()) {
    if (child.live !== null) counts.active++
    if (child.spec.type === 'worker') counts.workers++
    else counts.supervisors++
  }
  return counts
}

const stateOf = (child: Child): ChildRow['state'] => {
  if (child.restarting) return 'restarting'
  return child.live === null ? 'stopped' : 'running'
}

function answer(child: Child, outcome: StartOutcome): CallResult {
  switch (outcome.is) {
    case 'running':
      return DONE
    case 'ignored':
      return { ok: true, is: 'ignored' }
    case 'waiting':
      child.waiting = true
      return { ok: true, is: 'waiting' }
    case 'failed':
      return refused('start-failed', outcome.error)
  }
}
