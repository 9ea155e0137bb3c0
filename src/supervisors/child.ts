/**
 * How a tree is written down: `worker` for an actor, `supervisor` for those who only start, stop and restart others.
 */
import type { ActorDefinition, Tagged } from '../actors/kit/actor.ts'
import type { Backoff, Restart, Shutdown, SupervisorSpec, WorkerSpec } from './spec.ts'

export interface WorkerOptions<Args, M extends Tagged, S> {
  /** Unique in the system; the address of the actor. */
  readonly id: string
  readonly actor: ActorDefinition<Args, M, S>
  /** Read anew for every incarnation. */
  readonly args: () => NoInfer<Args>
  /** Default `permanent`. */
  readonly restart?: Restart
  /** Default 5000 ms, as in OTP. */
  readonly shutdown?: Shutdown
  readonly significant?: boolean
  readonly backoff?: Backoff
}

/** A child that runs this actor. */
export const worker = <Args, M extends Tagged, S>(options: WorkerOptions<Args, M, S>): WorkerSpec => ({
  ...options,
  type: 'worker',
  // The runtime only ever gives an actor its own args, state and messages, so forgetting their types here is safe.
  actor: options.actor as unknown as ActorDefinition<unknown, Tagged, unknown>,
})

/** A child that supervises others. `shutdown` is `infinity` unless told otherwise, as in OTP. */
export const supervisor = (options: Omit<SupervisorSpec, 'type'>): SupervisorSpec => ({
  ...options,
  type: 'supervisor',
})
