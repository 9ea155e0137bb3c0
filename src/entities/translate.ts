/**
 * Tells an outage of the database from a bug: what PostgreSQL, `pg` or the operating system say when the server is
 * away becomes DatabaseDownError; everything else is left as it is.
 */
import { DatabaseDownError } from './errors.ts'

/** SQLSTATE classes of a server that is away or going away: connection (08), shutdown (57P), too many clients (53). */
const AWAY = /^(08|57P0[1-5]|53)/
const NO_SOCKET = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
])
const WORDS =
  /Connection terminated|Client has encountered a connection error|timeout exceeded when trying to connect|the database system is (starting up|shutting down)/

/** DatabaseDownError with the cause, or the error itself. */
export function translateDatabaseError(error: unknown): unknown {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth += 1) {
    const code = 'code' in at ? String(at.code) : ''
    const syscall = 'syscall' in at ? String(at.syscall) : ''
    const fromSocket = NO_SOCKET.has(code) && ['connect', 'read', 'write'].includes(syscall) && isDatabaseError(error)
    if (AWAY.test(code) || fromSocket || WORDS.test(at.message)) {
      return new DatabaseDownError('the database does not answer', { cause: error })
    }
  }
  return error
}

/** Socket errors of other clients (RPC, provers) look alike; MikroORM's and pg's own wrap or carry a query. */
const isDatabaseError = (error: unknown): boolean =>
  error instanceof Error && (/Exception$/.test(error.constructor.name) || (error.stack ?? '').includes('/pg'))
