/**
 * Builds the tree of a case out of real children: actors that start, fail, ignore, end and hang as the case says.
 */
import { defineActor } from '../../../src/actors/kit/actor.ts'
import { exit, ignoreStart } from '../../../src/actors/kit/exit.ts'
import { supervisor, worker } from '../../../src/supervisors/child.ts'
import type { AutoShutdown, ChildSpec, Shutdown, Strategy, SupervisorSpec } from '../../../src/supervisors/spec.ts'
import type { ExitReason, Node, SupervisorNode, WorkerNode } from './case.ts'

/** Tells an actor of a case to end by itself. */
export interface Die {
  readonly type: 'die'
  readonly reason: Exclude<ExitReason, 'kill'>
}

interface State {
  /** It ends by itself, so its clean-up does not hang. */
  readonly self: { yes: boolean }
}

/** Counts start attempts by id over a whole case. */
export type NextAttempt = (id: string) => number

export const specOf = (node: Node, next: NextAttempt): ChildSpec =>
  node.type === 'worker' ? workerOf(node, next) : supervisorOf(node, next)

export function supervisorOf(node: SupervisorNode, next: NextAttempt): SupervisorSpec {
  const nodes = node.strategy === 'simple_one_for_one' ? [node.template] : (node.children ?? [])
  return supervisor({
    ...common(node),
    strategy: dashed(node.strategy) as Strategy, // the same words with dashes
    intensity: node.intensity,
    period: node.period,
    autoShutdown: dashed(node.autoShutdown ?? 'never') as AutoShutdown, // as above
    children: nodes.filter(child => child !== undefined).map(child => specOf(child, next)),
  })
}

/** The actor goes by the id it is started with, so that it also serves as a template. */
function workerOf(node: WorkerNode, next: NextAttempt): ChildSpec {
  const actor = defineActor<null, Die, State>({
    kind: 'trace-worker',
    start: (_args, { id }) => {
      const attempt = next(id)
      if (node.failStarts?.includes(attempt)) throw new Error('start failed')
      if (node.ignoreStarts?.includes(attempt)) ignoreStart()
      return { self: { yes: false } }
    },
    receive: (state, { reason }) => {
      state.self.yes = true
      if (reason === 'crash') throw new Error('crash')
      return exit(reason === 'shutdown_term' ? 'shutdown:term' : reason)
    },
    stop: ({ self }) => (node.onShutdown === 'hang' && !self.yes ? new Promise<void>(() => {}) : undefined),
  })
  return worker({ ...common(node), actor, args: () => null })
}

const common = ({ id, restart, shutdown, significant = false }: Node) => ({
  id,
  restart,
  shutdown: typeof shutdown === 'number' ? shutdown : (dashed(shutdown) as Shutdown), // the same words with dashes
  significant,
})

const dashed = (word: string): string => word.replaceAll('_', '-')
