/**
 * Turns crashes and parkings into records for the port. A failing port is logged once and never stops a restart.
 */
import type { Log } from '../log.ts'
import { messageOf, OperatorError } from '../errors.ts'
import type { Clock } from '../clock.ts'
import type { SystemEvent } from '../actors/kit/events.ts'
import type { CrashPort, CrashRecord } from './snapshot.ts'

const STACK_BYTES = 8192

export interface CrashPorts {
  readonly clock: Clock
  readonly log: Log
  readonly crashes?: CrashPort | undefined
}

/** A listener for the event stream. */
export function crashRecorder({ clock, log, crashes }: CrashPorts): (event: SystemEvent) => void {
  let complained = false
  const complain = (error: unknown): void => {
    if (complained) return
    complained = true
    log.error('crash records cannot be kept; later failures are not logged', { reason: messageOf(error) })
  }
  const keep = (record: CrashRecord): void => {
    try {
      const kept = crashes?.record(record)
      if (kept instanceof Promise) kept.catch(complain)
    } catch (error) {
      complain(error)
    }
  }
  return event => {
    const record = recordOf(event, clock)
    if (record === null) return
    if (event.type === 'crashed') logCrash(log, record)
    keep(record)
  }
}

/** The text of a stack is costly to make, so it is made when somebody reads it. */
function recordOf(event: SystemEvent, clock: Clock): CrashRecord | null {
  if (event.type === 'crashed') {
    const { id: actor, kind, incarnation, error, message, at, sincePreviousMs } = event
    const base = { actor, kind, at: new Date(at), reason: messageOf(error), code: codeOf(error), message }
    return {
      ...base,
      incarnation,
      sincePreviousMs,
      get stack() {
        return stackOf(error)
      },
    }
  }
  if (event.type !== 'parked') return null
  const { id: actor, because: reason } = event
  const nothing = { code: null, stack: null, message: null, incarnation: 0, sincePreviousMs: null }
  return { actor, kind: 'parked', at: new Date(clock.now()), reason, ...nothing }
}

function codeOf(error: unknown): string | null {
  if (error instanceof OperatorError) return error.code
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

const stackOf = (error: unknown): string | null =>
  error instanceof Error ? (error.stack?.slice(0, STACK_BYTES) ?? null) : null

function logCrash(log: Log, record: CrashRecord): void {
  const { actor, reason, code, message, incarnation } = record
  log.error('actor crashed', {
    actor,
    reason,
    code,
    message,
    incarnation,
    get stack() {
      return record.stack
    },
  })
}
