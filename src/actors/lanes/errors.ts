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

export class UnknownAccountError extends OperatorError {
  readonly code = 'TX_003'
  readonly severity = 'poison'
  readonly hint = 'Add [accounts.NAME] for it, or name one that is there (`forgekeeper accounts`); nothing was stored.'
}

export class OverBudgetError extends OperatorError {
  readonly code = 'TX_004'
  readonly severity = 'poison'
  readonly hint = 'It could never be sent: raise daily_budget of the account, or wish for less; nothing was stored.'
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

/** Said at the start, and while it lasts: with this ceiling nothing can be sent. */
export class CeilingTooLowError extends OperatorError {
  readonly code = 'TX_106'
  readonly severity = 'transient'
  readonly hint =
    'Raise max_fee of [tx] or of the account, or wait: everything is sent by itself when gas is cheap enough.'
}

export class BlobsImpossibleError extends OperatorError {
  readonly code = 'TX_107'
  readonly severity = 'transient'
  readonly hint =
    'Blobs are proven by the optional package @crate-crypto/node-eth-kzg: install it for this platform; the wish waits.'
}
