/**
 * What the prover pool and its provers say, and where they are. Batches and proofs are rows; messages only tell that
 * they changed.
 */
import { ref, type Ref } from '../kit/ref.ts'

export type ProverState = 'ready' | 'busy' | 'down' | 'draining'

/** What people see of a prover. Times are milliseconds since the epoch. */
export interface ProverStatus {
  readonly name: string
  /** Without credentials. */
  readonly url: string
  /** `draining`: it still works on something nobody wants, and has been told to stop. */
  readonly state: ProverState
  /** The number of the batch it proves. */
  readonly batch: number | null
  /** Since when it is in this state. */
  readonly since: number
  readonly proofs: number
  readonly failures: number
  readonly lastError: string | null
  readonly lastFailedAt: number | null
  /** When a prover that is down is tried again. */
  readonly nextTryAt: number | null
  readonly medianProofMs: number | null
}

export type ProverPoolMessage =
  /** Batches were built or discarded. */
  | { readonly type: 'look' }
  /** Answers what every prover does. */
  | { readonly type: 'status'; readonly reply: (provers: readonly ProverStatus[]) => void }
  /** Sends one cancel to every prover, whatever it does; batches still wanted wait for another try. */
  | { readonly type: 'cancel-all'; readonly because: string }
  /** From a prover, whenever it changes. */
  | { readonly type: 'report'; readonly status: ProverStatus }

export type ProverMessage =
  /** Find out where we are: from the book, then from the prover. */
  | { readonly type: 'attach' }
  | { readonly type: 'prove'; readonly batch: string }
  /** Drop this job; with null, whatever it is. */
  | { readonly type: 'cancel'; readonly job: string | null; readonly because: string }
  /** Told by itself: time to look at the prover. Older turns are void. */
  | { readonly type: 'poll'; readonly turn: number }
  /** Tell the pool again how things are. */
  | { readonly type: 'report' }

export const proverPoolOf = (role: string): Ref<ProverPoolMessage> => ref(`${role}/prover-pool`)
export const proverOf = (role: string, name: string): Ref<ProverMessage> => ref(`${role}/prover:${name}`)
