/**
 * Refuses a malformed tree before anything starts: all problems at once, each with the path of the offending node.
 */
import { InvalidTreeError, type SpecProblem } from './errors.ts'
import type { AutoShutdown, ChildSpec, SupervisorSpec } from './spec.ts'

const RESTARTS: readonly unknown[] = ['permanent', 'transient', 'temporary']
const STRATEGIES: readonly unknown[] = ['one-for-one', 'one-for-all', 'rest-for-one', 'simple-one-for-one']
const AUTO_SHUTDOWNS: readonly unknown[] = ['never', 'any-significant', 'all-significant']
const OVERFLOWS: readonly unknown[] = ['coalesce', 'drop-oldest', 'reject', 'block-sender']

/** Throws InvalidTreeError with everything that is wrong with the tree. */
export function validate(root: SupervisorSpec): void {
  const problems = problemsOf(root)
  if (problems.length > 0) throw new InvalidTreeError(problems)
}

/** Everything that is wrong with the tree; empty when it can be started. */
export function problemsOf(root: SupervisorSpec): SpecProblem[] {
  const problems: SpecProblem[] = []
  if (root.type !== 'supervisor') problems.push({ path: root.id, problem: 'the root must be a supervisor' })
  check(root, '', 'any-significant', new Map(), problems)
  return problems
}

/** Everything that is wrong with a child that is to be added under a supervisor with this `autoShutdown`. */
export function problemsOfChild(spec: ChildSpec, under: string, auto: AutoShutdown): SpecProblem[] {
  const problems: SpecProblem[] = []
  check(spec, under, auto, new Map(), problems)
  return problems
}

/** OTP's bad_combination: a significant child that could never be one. */
export const badCombination = (spec: ChildSpec, auto: AutoShutdown): boolean =>
  spec.significant === true && (auto === 'never' || (spec.restart ?? 'permanent') === 'permanent')

function check(
  spec: ChildSpec,
  above: string,
  auto: AutoShutdown,
  seen: Map<string, string>,
  out: SpecProblem[],
): void {
  const path = above === '' ? spec.id : `${above} > ${spec.id}`
  const say = (problem: string): void => {
    out.push({ path, problem })
  }
  checkId(spec, path, seen, say)
  checkChild(spec, auto, say)
  if (spec.type === 'supervisor') checkSupervisor(spec, path, seen, out, say)
  else if (spec.type === 'worker') checkWorker(spec, say)
  else say(`unknown type ${show((spec as { type?: unknown }).type)}, expected worker or supervisor`)
}

function checkId({ id }: ChildSpec, path: string, seen: Map<string, string>, say: (problem: string) => void): void {
  if (typeof id !== 'string' || id === '') return say('the id must be a text that is not empty')
  const first = seen.get(id)
  if (first === undefined) seen.set(id, path)
  else say(`duplicate id ${show(id)}, first used at ${first}`)
}

function checkChild(spec: ChildSpec, auto: AutoShutdown, say: (problem: string) => void): void {
  const { restart = 'permanent', shutdown, significant, backoff } = spec
  if (!RESTARTS.includes(restart)) say(`unknown restart ${show(restart)}, expected ${RESTARTS.join(', ')}`)
  if (shutdown !== undefined && shutdown !== 'brutal-kill' && shutdown !== 'infinity' && !count(shutdown)) {
    say(`shutdown ${show(shutdown)} is neither a number of milliseconds nor brutal-kill nor infinity`)
  }
  if (significant === true && restart === 'permanent') say('a permanent child cannot be significant')
  if (significant === true && auto === 'never') say('a significant child needs a supervisor with autoShutdown')
  if (backoff !== undefined && !(count(backoff.minMs) && count(backoff.maxMs) && backoff.minMs <= backoff.maxMs)) {
    say(`backoff ${show(backoff)} needs 0 <= minMs <= maxMs`)
  }
}

function checkWorker(spec: ChildSpec & { type: 'worker' }, say: (problem: string) => void): void {
  const { actor, args } = spec
  if (typeof actor?.start !== 'function' || typeof actor.receive !== 'function') {
    return say('the actor must have start and receive functions')
  }
  if (typeof args !== 'function') say('args must be a function')
  const { mailbox, deadlineMs } = actor
  if (deadlineMs !== undefined && !(count(deadlineMs) && deadlineMs > 0))
    say(`deadlineMs ${show(deadlineMs)} must be positive`)
  if (mailbox === undefined) return
  if (!Number.isInteger(mailbox.capacity) || mailbox.capacity < 1) {
    say(`mailbox capacity ${show(mailbox.capacity)} must be a whole number of at least 1`)
  }
  if (!OVERFLOWS.includes(mailbox.overflow)) {
    say(`unknown mailbox overflow ${show(mailbox.overflow)}, expected ${OVERFLOWS.join(', ')}`)
  }
}

function checkSupervisor(
  spec: SupervisorSpec,
  path: string,
  seen: Map<string, string>,
  out: SpecProblem[],
  say: (problem: string) => void,
): void {
  const { strategy, intensity = 1, period = 5, autoShutdown = 'never', whenExceeded = 'die', parkMs = 1 } = spec
  if (!STRATEGIES.includes(strategy)) say(`unknown strategy ${show(strategy)}, expected ${STRATEGIES.join(', ')}`)
  if (!Number.isInteger(intensity) || intensity < 0)
    say(`intensity ${show(intensity)} must be a whole number of at least 0`)
  if (!Number.isInteger(period) || period < 1)
    say(`period ${show(period)} must be a whole number of seconds, at least 1`)
  if (!AUTO_SHUTDOWNS.includes(autoShutdown)) {
    say(`unknown autoShutdown ${show(autoShutdown)}, expected ${AUTO_SHUTDOWNS.join(', ')}`)
  }
  if (whenExceeded !== 'die' && whenExceeded !== 'park')
    say(`unknown whenExceeded ${show(whenExceeded)}, expected die, park`)
  if (!count(parkMs) || parkMs <= 0) say(`parkMs ${show(parkMs)} must be positive`)
  const { children } = spec
  const list: unknown = children // from plain JavaScript it can be anything
  if (!Array.isArray(list)) return say('children must be a list')
  if (strategy === 'simple-one-for-one' && children.length !== 1) {
    say('a simple-one-for-one supervisor has exactly one child, the template of its dynamic children')
  }
  for (const child of children) check(child, path, autoShutdown, seen, out)
}

const count = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0

const show = (value: unknown): string => JSON.stringify(value) ?? String(value)
