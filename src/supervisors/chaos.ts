/**
 * Kills random actors on purpose, to see that nothing is lost and nothing done twice. Never on by default.
 */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { TreeNode } from './snapshot.ts'
import type { ChildSpec, SupervisorSpec } from './spec.ts'
import type { System } from './system.ts'

export interface ChaosOptions {
  readonly clock: Clock
  /** Uniform in [0, 1); give it a seed and the same actors die in the same order. */
  readonly random: () => number
  readonly log: Log
  /** On average this long between two kills. */
  readonly everyMs: number
  /** Actors that are left alone, by id. */
  readonly spare?: (id: string) => boolean
}

/** Kills one running worker after the other until the answer is called. Budgets still count: see `withoutBudgets`. */
export function chaos(system: System, { clock, random, log, everyMs, spare = () => false }: ChaosOptions): () => void {
  let cancel: (() => void) | null = null
  const arm = (): void => {
    // Between nothing and twice the average, so that kills also come close together.
    cancel = clock.after(everyMs * 2 * random(), () => {
      const victims = runningWorkers(system.snapshot().root).filter(id => !spare(id))
      const victim = victims[Math.floor(random() * victims.length)]
      if (victim !== undefined && system.kill(victim)) log.warn('killed on purpose', { actor: victim })
      arm()
    })
  }
  arm()
  return () => cancel?.()
}

/** The same tree with budgets that kills do not use up, so that no supervisor gives up or parks because of them. */
export const withoutBudgets = (spec: SupervisorSpec): SupervisorSpec => ({
  ...spec,
  intensity: Number.MAX_SAFE_INTEGER,
  period: 1,
  children: spec.children.map((child: ChildSpec) => (child.type === 'supervisor' ? withoutBudgets(child) : child)),
})

/** In the order of the tree. */
function runningWorkers(node: TreeNode): string[] {
  const below = node.children.flatMap(runningWorkers)
  return node.type === 'worker' && node.state === 'running' ? [node.id, ...below] : below
}
