/**
 * What can go wrong between a wish and its effect, in words an operator can act on.
 */
import { OperatorError } from '../../errors.ts'

export class WishConflictError extends OperatorError {
  readonly code = 'TX_001'
  readonly severity = 'poison'
  readonly hint = 'The same effect was wished for with another content; report this with the key.'
}
