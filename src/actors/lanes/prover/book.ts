/**
 * Where the prover pool keeps what it must not forget. A role implements it on its own tables; the pool knows batches
 * only by their keys and numbers.
 *
 * Every call is one transaction. Changes are guarded: `null` or `false` means that the row was not in the state it
 * had to be in, so somebody else was first. Outages are thrown as transient errors. Times are milliseconds since the
 * epoch.
 */
import type { WaitingBatch } from './assign.ts'
import type { Groth16Proof } from './proof.ts'

export interface OpenJob {
  readonly job: string
  readonly batch: string
  /** The batch's number, for people. */
  readonly num: number
  readonly prover: string
  /** Earlier tries at this batch that count. */
  readonly failures: number
  readonly publicInput: bigint
  readonly postedAt: number
  readonly deadlineAt: number
  /** False when nobody wants this proof any more: the batch was discarded. */
  readonly wanted: boolean
}

/** An open job together with what is to be posted. */
export interface Lease extends OpenJob {
  readonly input: string
}

export interface Claim {
  readonly batch: string
  readonly prover: string
  readonly at: number
  readonly deadlineAt: number
}

export type Outcome =
  | { readonly as: 'proven'; readonly proof: Groth16Proof }
  | {
      /** `cancelled` says nothing against the prover or the batch; the others count as tries. */
      readonly as: 'failed' | 'stale' | 'timeout' | 'lost' | 'cancelled'
      readonly because: string
      /** True when the batch has failed for good; otherwise it waits for another try. */
      readonly last: boolean
    }

/** What an outcome did to the batch; `unwanted`: it had been given up meanwhile. */
export type Settled = 'proven' | 'waiting' | 'failed' | 'unwanted'

export interface ProofBook {
  /** Batches without an open job, in batch order, `limit` at most; and all open jobs. */
  load(limit: number): Promise<{ readonly waiting: readonly WaitingBatch[]; readonly open: readonly OpenJob[] }>
  /** The open job of a prover. */
  open(prover: string): Promise<OpenJob | null>
  /** Opens a job: the batch is being proven from now on. Null when the batch is taken or the prover has an open job. */
  claim(claim: Claim): Promise<Lease | null>
  /** Gives an open job a new deadline, and its input again. Null when it is settled or not wanted. */
  renew(job: string, deadlineAt: number): Promise<Lease | null>
  /** Ends an open job and says what that means for its batch. Null when it had ended already. */
  settle(job: string, outcome: Outcome, at: number): Promise<Settled | null>
}

/** Tries that count against a batch. */
export const COUNTED_TRIES = ['failed', 'stale', 'timeout', 'lost'] as const
