/**
 * What can be wrong with the configuration of a signer, and with a signer's answers.
 */
import { OperatorError } from '../errors.ts'

export class KeyMalformedError extends OperatorError {
  readonly code = 'CFG_008'
  readonly severity = 'fatal'
  readonly hint = 'A private key is 0x and 64 hex digits; correct what the reference names.'
}

/** The optional package that talks to AWS is not there. */
export class KmsClientMissingError extends OperatorError {
  readonly code = 'CFG_010'
  readonly severity = 'fatal'
  readonly hint = 'Install the optional package beside Forgekeeper: npm install @aws-sdk/client-kms'
}

/** The signer holds another key than the configuration says, or a key of another kind. */
export class SignerKeyError extends OperatorError {
  readonly code = 'CFG_011'
  readonly severity = 'fatal'
  readonly hint = 'Correct `address` of the account, or the key that its signer names.'
}

/** Two accounts of the configuration are one on the chain: two lanes would give out the same nonces. */
export class SharedAccountError extends OperatorError {
  readonly code = 'CFG_012'
  readonly severity = 'fatal'
  readonly hint = 'Keep one of the two accounts, and name it wherever the other is named; roles may share an account.'
}

/** The remote signer answered something that is no signed transaction, or refused. */
export class SignerAnswerError extends OperatorError {
  readonly code = 'TX_105'
  readonly severity = 'transient'
  readonly hint = 'Look into the log of the remote signer; signing goes on by itself when it answers properly.'
}
