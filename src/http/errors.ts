/**
 * What HTTP itself answers when it does not answer what was asked. Each carries the status it is sent with.
 */
import { OperatorError, type OperatorErrorOptions, type Severity } from '../errors.ts'

/** An error that belongs to one request; sent as a problem with its own status. */
export abstract class HttpError extends OperatorError {
  readonly severity: Severity = 'poison'
  abstract readonly status: number
}

export class UnauthorizedError extends HttpError {
  readonly code = 'HTTP_001'
  readonly status = 401
  readonly hint = 'Send `Authorization: Bearer TOKEN`; the tokens are in the folder `tokens` of the data folder.'
}

export class ForbiddenError extends HttpError {
  readonly code = 'HTTP_002'
  readonly status = 403
  readonly hint = 'Changing needs the operator token; the viewer token and the browser session only read.'
}

export class UnknownRouteError extends HttpError {
  readonly code = 'HTTP_003'
  readonly status = 404
  readonly hint = 'The routes are listed at /docs and in /openapi.json; a role that is not enabled has none.'
}

export class NotThereError extends HttpError {
  readonly code = 'HTTP_004'
  readonly status = 404
  readonly hint = 'Nothing is stored under this name; the list next to it shows what is.'
}

export class BadRequestError extends HttpError {
  readonly code = 'HTTP_005'
  readonly status = 400
  readonly hint = 'Correct the field that is named; /docs has the schema of every request.'
}

export class BodyTooLargeError extends HttpError {
  readonly code = 'HTTP_006'
  readonly status = 413
  readonly hint = 'Send less, or raise [http] body_limit.'
}

export class TooManyRequestsError extends HttpError {
  readonly code = 'HTTP_007'
  readonly status = 429
  readonly hint = 'Wait for the time in Retry-After, or raise [http] rate_limit.'
  readonly retryAfterSeconds: number

  constructor(message: string, retryAfterSeconds: number, options: OperatorErrorOptions = {}) {
    super(message, options)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export class InternalError extends HttpError {
  readonly code = 'HTTP_008'
  readonly status = 500
  readonly hint = 'This is a bug: the log has its stack under the same request id.'
}

export class UnsupportedMediaError extends HttpError {
  readonly code = 'HTTP_009'
  readonly status = 415
  readonly hint = 'Send JSON with `Content-Type: application/json`.'
}

export class MethodNotAllowedError extends HttpError {
  readonly code = 'HTTP_011'
  readonly status = 405
  readonly hint = 'The address is right: use one of the methods in the header `Allow`.'
  readonly allow: readonly string[]

  constructor(message: string, allow: readonly string[]) {
    super(message, { facts: { allow: allow.join(', ') } })
    this.allow = allow
  }
}

/** What the answer needs did not answer in time; most likely the database hangs. */
export class TooSlowError extends HttpError {
  override readonly severity = 'transient'
  readonly code = 'HTTP_012'
  readonly status = 503
  readonly hint = '`/readyz?verbose` says what does not answer; ask again when it does.'
}

/** The address cannot be listened on: taken, or not allowed. */
export class CannotListenError extends OperatorError {
  readonly code = 'HTTP_010'
  readonly severity = 'fatal'
  readonly hint = 'Another program listens there, or it is not allowed: choose another [http] port or host.'
}
