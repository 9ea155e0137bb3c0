/**
 * Writes decisions so that `explain` can answer, without a row for every look: the same decision in a row keeps one
 * row, and is touched at most every few seconds.
 */
import type { Clock } from '../../clock.ts'
import type { Em } from '../orm.ts'
import { Decision } from './decision.ts'

export interface NewDecision {
  readonly role: string
  readonly subject: string
  readonly choice: string
  /** The reason without anything that changes by itself from look to look, so that equal reasons are equal. */
  readonly because: string
  readonly details?: Record<string, unknown>
}

export interface DecisionBook {
  /** Writes in the caller's transaction, or not at all when nothing is new. */
  record(em: Em, decision: NewDecision): Promise<void>
}

const TOUCH_EVERY_MS = 10_000
const REMEMBERED_SUBJECTS = 1_000

interface Remembered {
  readonly id: bigint
  readonly said: string
  touchedAt: number
  unwritten: number
}

/** One book for one actor: it remembers what it wrote last for each subject. */
export function openDecisionBook(clock: Clock): DecisionBook {
  const last = new Map<string, Remembered>()
  return {
    async record(em, decision) {
      const name = `${decision.role} ${decision.subject}`
      const said = `${decision.choice} ${decision.because}`
      const known = last.get(name)
      if (known?.said === said && (await touch(em, known, clock.now()))) return
      const id = await insert(em, decision, new Date(clock.now()))
      last.delete(name)
      last.set(name, { id, said, touchedAt: clock.now(), unwritten: 0 })
      for (const oldest of last.keys()) {
        if (last.size <= REMEMBERED_SUBJECTS) break
        last.delete(oldest)
      }
    },
  }
}

/** Finds out as well when the row is not there, because the transaction it was written in did not commit. */
async function touch(em: Em, known: Remembered, now: number): Promise<boolean> {
  known.unwritten += 1
  if (now - known.touchedAt < TOUCH_EVERY_MS) return true
  const updated: { affectedRows: number } = await em.execute(
    'update kernel.decision set repeated_at = ?, times = times + ? where id = ?',
    [new Date(now), known.unwritten, known.id],
    'run',
  )
  known.touchedAt = now
  known.unwritten = 0
  return updated.affectedRows > 0
}

async function insert(em: Em, decision: NewDecision, at: Date): Promise<bigint> {
  const row = em.create(Decision, {
    ...decision,
    details: decision.details ?? null,
    times: 1,
    decidedAt: at,
    repeatedAt: at,
  })
  await em.flush()
  return row.id
}
