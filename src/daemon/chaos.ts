/**
 * `--chaos-seed`: the running daemon with its actors killed at random, to prove that nothing is lost and nothing done
 * twice. Never on by default.
 */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import { seeded } from '../random.ts'
import { chaos, withoutBudgets } from '../supervisors/chaos.ts'
import type { SupervisorSpec } from '../supervisors/spec.ts'
import type { System } from '../supervisors/system.ts'

/** On average this long between two kills. */
const EVERY_MS = 2_000

export interface DaemonChaos {
  /** The tree to run instead: kills are no reason to give up. */
  readonly tree: (tree: SupervisorSpec) => SupervisorSpec
  /** Kills from now on; answers how to end it. */
  readonly begin: (system: System) => () => void
}

/** Null, unless a seed was given. */
export function daemonChaos(seed: number | null, clock: Clock, log: Log): DaemonChaos | null {
  if (seed === null) return null
  log.warn('CHAOS MODE: actors are killed at random; never use it where it matters', { seed, everyMs: EVERY_MS })
  return {
    tree: withoutBudgets,
    begin: system => chaos(system, { clock, random: seeded(seed), log, everyMs: EVERY_MS }),
  }
}
