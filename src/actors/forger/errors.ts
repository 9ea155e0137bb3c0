/**
 * What can keep the forger from forging, in words an operator can act on.
 */
import { OperatorError } from '../../errors.ts'

export class NoContractError extends OperatorError {
  readonly code = 'FRG_001'
  readonly severity = 'fatal'
  readonly hint = 'Correct the addresses in [forger], or the chain they are meant for.'
}

export class ContractMismatchError extends OperatorError {
  readonly code = 'FRG_002'
  readonly severity = 'fatal'
  readonly hint = 'Set forger.auction to the auction contract that the rollup itself names.'
}

export class NoVerifierError extends OperatorError {
  readonly code = 'FRG_003'
  readonly severity = 'fatal'
  readonly hint = 'Set forger.circuit to a size the rollup has a verifier for, and use provers of that circuit.'
}
