/**
 * What an embedder may import; everything else is private. To write a role in a package of its own: `defineRole`, actors,
 * child specs and the errors that supervision understands. To run the daemon from a program: `loadConfig`, `runDaemon`.
 */
export { runDaemon, type DaemonOptions } from './daemon.ts'
export { loadConfig, type Loaded, type LoadOptions } from './config/load.ts'
export { findRoleSections } from './config/sections.ts'
export { defineRole, type Role, type RoleContext, type RoleDemo, type Subscription } from './role.ts'
export { defineActor, type ActorDefinition, type Context } from './actors/kit/actor.ts'
export { ref, type Ref } from './actors/kit/ref.ts'
export type { ChainNews, Reorg, SyncBlock } from './actors/chain/messages.ts'
export type { FactSource, Range, RawLog } from './actors/chain/source.ts'
export { acknowledge, cancel, untold, wish, type Wish } from './actors/lanes/wish.ts'
export { createSystem, type System, type SystemPorts } from './supervisors/system.ts'
export { supervisor, worker } from './supervisors/child.ts'
export type { ChildSpec, SupervisorSpec, WorkerSpec } from './supervisors/spec.ts'
export { OperatorError, type Severity } from './errors.ts'
export { systemClock, type Clock } from './clock.ts'
