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
  const keep = (port: CrashPort, record: CrashRecord): void => {
    try {
      const kept = port.record(record)
      if (kept instanceof Promise) kept.catch(complain)
    } catch (error) {
      complain(error)
    }
  }
  return event => {
    if (event.type !== 'crashed' && event.type !== 'parked') return
    if (event.type === 'crashed') logCrash(log, event)
    if (crashes !== undefined) keep(crashes, event.type === 'crashed' ? crashOf(event) : parkingOf(event, clock))
  }
}

type Crashed = SystemEvent & { readonly type: 'crashed' }
type Parked = SystemEvent & { readonly type: 'parked' }

function crashOf({ id: actor, kind, incarnation, error, message, at, sincePreviousMs }: Crashed): CrashRecord {
  return {
    actor,
    kind,
    at: new Date(at),
    reason: messageOf(error),
    code: codeOf(error),
    stack: stackOf(error),
    message,
    incarnation,
    sincePreviousMs,
  }
}

function parkingOf({ id: actor, because: reason }: Parked, clock: Clock): CrashRecord {
  const nothing = { code: null, stack: null, message: null, incarnation: 0, sincePreviousMs: null }
  return { actor, kind: 'parked', at: new Date(clock.now()), reason, ...nothing }
}

function codeOf(error: unknown): string | null {
  if (error instanceof OperatorError) return error.code
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

const stackOf = (error: unknown): string | null =>
  error instanceof Error ? (error.stack?.slice(0, STACK_BYTES) ?? null) : null

/** The text of a stack is costly to make: that is left to whoever writes the line. */
function logCrash(log: Log, { id: actor, error, message, incarnation }: Crashed): void {
  log.error('actor crashed', { actor, reason: messageOf(error), code: codeOf(error), message, incarnation, error })
}
