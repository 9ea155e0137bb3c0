/**
 * What became of a wish about a role, in one line.
 */
import { isRecord, renderAny } from './render.ts'

/** `forger is paused by operator: lunch`; an answer of another shape as it comes. */
export function roleWords(answer: unknown, now: number): string {
  if (!isRecord(answer)) return renderAny(answer, now)
  if (answer['asked'] === 'run-once') return `${String(answer['role'])} makes a pass now`
  const { after } = answer
  if (!isRecord(after)) return renderAny(answer, now)
  const { role, paused, by, reason } = after
  const name = String(role)
  const same = answer['changed'] === false
  if (paused !== true) return same ? `${name} was not paused` : `${name} goes on`
  const why = typeof reason === 'string' ? `: ${reason}` : ''
  return `${name} ${same ? 'was paused already' : 'is paused'} by ${String(by)}${why}`
}
