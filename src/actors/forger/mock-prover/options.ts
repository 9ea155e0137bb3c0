/**
 * How a mock prover behaves, and what it counts.
 */
import type { Clock } from '../../../clock.ts'
import type { Log } from '../../../log.ts'

export interface MockBehaviour {
  /** How long a proof takes. */
  readonly delayMs: number
  /** Parts of the inputs, 0 to 1: ends as `failed`. */
  readonly failRate: number
  /** Stays busy until it is cancelled. */
  readonly hangRate: number
  /** Answers a proof that is none. */
  readonly garbageRate?: number
  /** Answers the proof of another input. */
  readonly staleRate?: number
  /** The n-th input of equal seeds has the same fate. */
  readonly seed: number
  /** Answers `initializing` for this long after the start. */
  readonly bootMs?: number
  /** Stays busy for this long after a cancel, as real provers do. */
  readonly cancelMs?: number
  readonly clock?: Clock
}

export interface MockProverOptions extends MockBehaviour {
  /** 0 takes a free one. */
  readonly port: number
  /** Loopback unless told otherwise. */
  readonly host?: string
  readonly log: Log
}

export interface MockStats {
  /** Inputs taken. */
  readonly inputs: number
  /** Right proofs finished. */
  readonly proofs: number
  readonly failed: number
  readonly hung: number
  readonly garbage: number
  readonly stale: number
  /** Cancels that ended something. */
  readonly cancelled: number
  /** Every cancel that was asked for. */
  readonly cancels: number
  /** Inputs refused because it was not ready, or that were no input. */
  readonly refused: number
  readonly statusReads: number
  /** Milliseconds spent on proofs that were finished. */
  readonly provingMs: number
}
