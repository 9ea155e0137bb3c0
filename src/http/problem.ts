/**
 * Every error becomes an `application/problem+json` (RFC 9457) with the stable code. What is not an OperatorError and no
 * mistake of the caller is a bug: logged with its stack, answered without it.
 */
import type { Socket } from 'node:net'
import type { ConnectionError, FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { DatabaseDownError } from '../entities/errors.ts'
import { isOutage } from '../entities/outage.ts'
import { messageOf, OperatorError, type Facts, type Severity } from '../errors.ts'
import type { Log } from '../log.ts'
import {
  BadRequestError,
  BodyTooLargeError,
  InternalError,
  MethodNotAllowedError,
  TooManyRequestsError,
  TooSlowError,
  UnsupportedMediaError,
} from './errors.ts'

/** The body of every error answer. */
export interface Problem {
  /** `urn:forgekeeper:error:CODE`. */
  readonly type: string
  /** The code's name in words. */
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint: string
  readonly facts: Facts
  /** The request, as in `x-request-id` and the log. */
  readonly requestId: string
}

const STATUS: Readonly<Record<Severity, number>> = { transient: 503, poison: 422, fatal: 500 }
const RETRY_AFTER_SECONDS = 2

/** The error's own `status` when it has one (roles have such errors as well), else one for its severity. */
export const statusOf = (error: OperatorError): number =>
  'status' in error && typeof error.status === 'number' ? error.status : STATUS[error.severity]

export const problemOf = (error: OperatorError, requestId: string): Problem => ({
  type: `urn:forgekeeper:error:${error.code}`,
  title: titleOf(error.name),
  status: statusOf(error),
  detail: error.message,
  code: error.code,
  hint: error.hint,
  facts: error.facts,
  requestId,
})

/** `DatabaseDownError` is `Database down`. */
const titleOf = (name: string): string => {
  const words = name.replace(/Error$/, '').replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, ' ')
  return words.charAt(0) + words.slice(1).toLowerCase()
}

/** The error as an operator may see it; anything unknown is an InternalError with the cause kept. */
export function asOperatorError(error: unknown): OperatorError {
  if (error instanceof OperatorError) return error
  const known = fromFastify(error as Partial<FastifyError>)
  if (known) return known
  if (isOutage(error)) return new DatabaseDownError('the database does not answer', { cause: error })
  return new InternalError('something went wrong here', { cause: error })
}

function fromFastify(error: Partial<FastifyError>): OperatorError | null {
  const message = messageOf(error)
  if (error.validation) return new BadRequestError(message, { facts: { part: error.validationContext ?? null } })
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new BodyTooLargeError(message)
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') return new UnsupportedMediaError(message)
  if (error.code === 'FST_ERR_HANDLER_TIMEOUT') return new TooSlowError('there was no answer in time')
  const ofCaller = error.statusCode !== undefined && error.statusCode >= 400 && error.statusCode < 500
  return ofCaller ? new BadRequestError(message, { facts: { code: error.code ?? null } }) : null
}

/** Answers the problem and logs what is ours. */
export function sendProblem(log: Log, thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const error = asOperatorError(thrown)
  const fields = { request: request.id, method: request.method, url: pathOf(request.url), code: error.code }
  if (error instanceof InternalError) log.error('a request failed', { ...fields, err: error.cause })
  else if (statusOf(error) >= 500) log.debug('a request was refused', { ...fields, because: error.message })
  if (error instanceof TooManyRequestsError) reply.header('retry-after', error.retryAfterSeconds)
  else if (error instanceof MethodNotAllowedError) reply.header('allow', error.allow.join(', '))
  else if (error.severity === 'transient') reply.header('retry-after', RETRY_AFTER_SECONDS)
  return reply.code(statusOf(error)).type('application/problem+json').send(problemOf(error, request.id))
}

/**
 * Answers what is no HTTP request at all: there is no route, no reply and no token then, only the connection, which ends.
 */
export function refuseConnection(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const [status, words] = MALFORMED[error.code] ?? [400, 'Bad Request']
  const refusal = new BadRequestError(`this is no HTTP request that can be read: ${words.toLowerCase()}`)
  const body = JSON.stringify({ ...problemOf(refusal, 'none'), status })
  socket.end(
    `HTTP/1.1 ${status} ${words}\r\nconnection: close\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  )
}

const MALFORMED: Readonly<Record<string, readonly [status: number, words: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
}

/** Without the query: a token may have been typed there. */
const pathOf = (url: string): string => url.split('?', 1)[0] ?? url
