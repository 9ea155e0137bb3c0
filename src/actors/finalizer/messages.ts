/**
 * The finalizer's vocabulary and addresses. Messages carry news; what they are about is in the database.
 */
import type { ChainNews } from '../chain/messages.ts'
import { ref, type Ref } from '../kit/ref.ts'

export interface Look {
  readonly type: 'look'
}

/** One pass now, also while the role is paused; what was given up is tried once more. Asked for by a person. */
export interface RunOnce {
  readonly type: 'run-once'
}

export type CoordinatorMessage = Look | RunOnce | ChainNews

/** Decides; who has new facts for it pokes it. */
export const coordinator: Ref<CoordinatorMessage> = ref('finalizer/coordinator')
/** Reads the predecessor's warehouse. */
export const warehouseReader: Ref<Look> = ref('finalizer/warehouse')
