/** What the forger's own routes refuse. `status` is the HTTP status they are answered with. */
import { OperatorError } from '../../../errors.ts'

export class NoSuchBatchError extends OperatorError {
  readonly code = 'FRG_401'
  readonly severity = 'poison'
  readonly hint = 'GET /v1/forger/batches lists the batches that are known.'
  readonly status = 404
}
