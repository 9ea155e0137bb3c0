/**
 * Why the engine refuses: each refusal leaves the state as it was.
 */
import { OperatorError, type OperatorErrorOptions } from '../../../errors.ts'

/** What a batch must not contain; the texts are stable data (stored, compared, branched on). */
export type RefusalReason =
  | 'insufficient balance'
  | 'invalid nonce'
  | 'maxNumBatch expired'
  | 'unknown sender'
  | 'unknown receiver'
  | 'wrong token'
  | 'too many transactions'
  | 'too many L1 transactions'
  | 'too many fee accounts'
  | 'amount not encodable'
  | 'fee overflow'
  | 'broken link'
  | 'invalid index'

/** A transaction or a batch that the circuit would not accept. The state it was tried on is unchanged. */
export class RefusedTransaction extends OperatorError {
  readonly code = 'FRG_201'
  readonly severity = 'poison'
  readonly hint = 'Leave the transaction out of the batch; selecting again does so.'
  readonly reason: RefusalReason

  constructor(reason: RefusalReason, options: OperatorErrorOptions = {}) {
    super(reason, options)
    this.reason = reason
  }
}

/** Bytes that are not what the contract accepts: a wrong length, or a number above its width. */
export class MalformedEncoding extends OperatorError {
  readonly code = 'FRG_220'
  readonly severity = 'poison'
  readonly hint = 'The data does not come from the rollup contract, or for a circuit with other levels.'
}

/** A forged batch whose replay gives other roots than the chain stored: the local state is not the state of that chain. */
export class ReplayMismatch extends OperatorError {
  readonly code = 'FRG_221'
  readonly severity = 'fatal'
  readonly hint = 'Rebuild the rollup state from the chain; if it happens again, the rollup is not a Hermez 1 rollup.'
}
