/**
 * What can go wrong with a proof server, in words an operator can act on.
 */
import { OperatorError } from '../../../errors.ts'

/** Nobody answers. The fact `sent` is false when the request cannot have arrived. */
export class ProverUnreachableError extends OperatorError {
  readonly code = 'PRV_001'
  readonly severity = 'transient'
  readonly hint = 'Start the proof server or correct its URL; it is tried again with growing pauses.'
}

/** It answered, but with an error of its own: `{ status, msg }`. */
export class ProverRefusedError extends OperatorError {
  readonly code = 'PRV_002'
  readonly severity = 'transient'
  readonly hint = 'The proof server did not take the request; its message says why. Another prover is tried.'
}

export class ProverAnswerError extends OperatorError {
  readonly code = 'PRV_003'
  readonly severity = 'poison'
  readonly hint = 'What answers at this URL does not speak the proof server API; check the URL and the input path.'
}

export class ProverUrlError extends OperatorError {
  readonly code = 'PRV_004'
  readonly severity = 'fatal'
  readonly hint = 'Give every proof server an http or https URL of its own.'
}
