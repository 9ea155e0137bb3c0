/**
 * What a supervisor does when a child ends: OTP's strategies as pure functions from what is known to a plan.
 */
import type { AutoShutdown, Restart, Strategy } from './spec.ts'

/** A child as a strategy sees it. */
export interface ChildView {
  readonly id: string
  readonly restart: Restart
  readonly significant: boolean
  /** Whether an incarnation lives. */
  readonly alive: boolean
}

/** The strategies under which children fail together. */
export type GroupStrategy = 'one-for-all' | 'rest-for-one'

/** How children fail together; null where each is started again alone. */
export const groupStrategy = (strategy: Strategy): GroupStrategy | null =>
  strategy === 'one-for-all' || strategy === 'rest-for-one' ? strategy : null

/** Child ids, each list in the order to be carried out. */
export interface RestartPlan {
  readonly stop: readonly string[]
  /** Their specs go: temporary children are not started again. */
  readonly forget: readonly string[]
  readonly start: readonly string[]
}

/** Whether the end of a child of this restart type is followed by a restart. */
export const restartsAfter = (restart: Restart, orderly: boolean): boolean =>
  restart === 'permanent' || (restart === 'transient' && !orderly)

/**
 * Who is stopped and started again because `failed` needs a restart. `children` are in start order. As in OTP a group
 * restart also starts the kept children that were not running.
 */
export function planRestart(strategy: GroupStrategy, children: readonly ChildView[], failed: string): RestartPlan {
  const stop: string[] = []
  const forget: string[] = []
  const start: string[] = []
  for (const { id, alive, restart } of restartGroup(strategy, children, failed)) {
    if (alive && id !== failed) stop.unshift(id)
    if (restart === 'temporary') forget.push(id)
    else start.push(id)
  }
  return { stop, forget, start }
}

function restartGroup(strategy: GroupStrategy, children: readonly ChildView[], failed: string): readonly ChildView[] {
  switch (strategy) {
    case 'rest-for-one': {
      const at = children.findIndex(child => child.id === failed)
      return at < 0 ? [] : children.slice(at)
    }
    case 'one-for-all':
      return children
  }
}

/**
 * Whether the supervisor ends because this child ended by itself and is not restarted. `others` are the children
 * that are left.
 */
export function endsWith(
  auto: AutoShutdown,
  ended: { readonly significant: boolean },
  others: readonly ChildView[],
): boolean {
  if (!ended.significant) return false
  switch (auto) {
    case 'never':
      return false
    case 'any-significant':
      return true
    case 'all-significant':
      return !others.some(child => child.significant && child.alive)
  }
}
