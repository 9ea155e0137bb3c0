/**
 * What can go wrong between a wish and its effect, in words an operator can act on.
 */
import { OperatorError } from '../../errors.ts'

export class WishConflictError extends OperatorError {
  readonly code = 'TX_001'
  readonly severity = 'poison'
  readonly hint = 'The same effect was wished for with another content; report this with the key.'
}

export class WishMalformedError extends OperatorError {
  readonly code = 'TX_002'
  readonly severity = 'poison'
  readonly hint = 'The wish names a field that does not fit; nothing was stored. Report this with the key.'
}

export class FencedOffError extends OperatorError {
  readonly code = 'TX_101'
  readonly severity = 'transient'
  readonly hint = 'Another daemon sends for this account now; give each daemon its own account, or stop one of them.'
}

export class SignerMismatchError extends OperatorError {
  readonly code = 'TX_102'
  readonly severity = 'fatal'
  readonly hint = 'The signer answered with another transaction than it was asked to sign; nothing was sent. Check it.'
}

export class SignerDownError extends OperatorError {
  readonly code = 'TX_103'
  readonly severity = 'transient'
  readonly hint = 'The signer of the account does not answer; signing goes on by itself when it does.'
}

export class WrongChainError extends OperatorError {
  readonly code = 'TX_104'
  readonly severity = 'fatal'
  readonly hint = 'The RPC endpoint serves another chain than the configuration says; correct [chains.NAME].'
}
