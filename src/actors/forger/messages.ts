/**
 * The forger's vocabulary and addresses. Messages carry news; what they are about is in the database.
 */
import type { ChainNews } from '../chain/messages.ts'
import { ref, type Ref } from '../kit/ref.ts'
import type { BuilderJob, BuilderResult } from './builder/jobs.ts'

export interface Look {
  readonly type: 'look'
}

/** The pipeline or a prover cannot go on with this batch: everything from it on is given up and built again. */
export interface StopPipeline {
  readonly type: 'StopPipeline'
  readonly reason: string
  /** The first batch that failed; null when none did. */
  readonly failedBatch: FailedBatch | null
}

/** One build of a number: by the time the message is read, another build of it may stand in its place. */
export interface FailedBatch {
  /** The key of its row. */
  readonly id: bigint
  readonly num: number
}

export type CoordinatorMessage = Look | ChainNews | StopPipeline

export type PipelineMessage =
  | Look
  /** Told by itself when the builder has answered. */
  | { readonly type: 'built'; readonly outcome: BuildOutcome }

export type BuildOutcome =
  | { readonly ok: true; readonly result: BuilderResult; readonly ticket: number }
  | { readonly ok: false; readonly error: unknown; readonly ticket: number }

export type BuilderMessage =
  | { readonly type: 'run'; readonly job: BuilderJob; readonly reply: (answer: BuilderAnswer) => void }
  /** Told by itself when its thread has ended. */
  | { readonly type: 'died'; readonly error: Error }

export type BuilderAnswer =
  | { readonly ok: true; readonly result: BuilderResult }
  | { readonly ok: false; readonly error: Error }

export const coordinator: Ref<CoordinatorMessage> = ref('forger/coordinator')
export const pipeline: Ref<PipelineMessage> = ref('forger/pipeline')
export const sender: Ref<Look> = ref('forger/sender')
export const builder: Ref<BuilderMessage> = ref('forger/builder')
export const purger: Ref<ChainNews | Look | { readonly type: 'purge' }> = ref('forger/purger')
