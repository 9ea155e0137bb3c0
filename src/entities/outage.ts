/**
 * Tells an outage of the database from a mistake of ours: what a caller waits out arrives as a DatabaseDownError.
 */
import { DatabaseDownError } from './errors.ts'
import { isNotAsPrepared } from './prepared.ts'

/** SQLSTATEs and socket errors that pass by themselves: connection lost, server going down, starting or a standby, lock conflicts. */
const PASSING =
  /^(08...|25006|57P0[1-5]|53...|40001|40P01|55P03|ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|ENOENT|EHOSTUNREACH|ENOTFOUND|EAI_AGAIN)$/
const LOST =
  /connection terminated|connection ended|client has encountered a connection error|timeout exceeded when|driver has already been destroyed/i

/** Runs work on the database. Outages come out as DatabaseDownError (transient), anything else as it was thrown. */
export async function onDatabase<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    if (isOutage(cause)) throw new DatabaseDownError('the database does not answer', { cause })
    throw cause
  }
}

/** True for an error, or one with a cause, that says the database is away for now or that another try may succeed. */
export function isOutage(error: unknown): boolean {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = inner(at), depth += 1) {
    const code = 'code' in at ? String(at.code) : ''
    if (PASSING.test(code) || LOST.test(at.message) || isNotAsPrepared(at)) return true
  }
  return false
}

/** Several addresses were tried (AggregateError), the driver's own error (previous), or the ordinary cause. */
function inner(error: Error): unknown {
  if (error instanceof AggregateError) return error.errors[0]
  return error.cause ?? ('previous' in error ? error.previous : undefined)
}
