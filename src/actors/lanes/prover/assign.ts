/**
 * Which idle prover gets which waiting batch. Pure.
 *
 * Batches go in order, each to the idle prover whose last failure is the longest ago (never is longest), then to the
 * one idle longest. A batch is not given again to a prover that could not prove it while another living prover has not
 * tried; it waits for that one, and later batches do not wait with it.
 */

export interface IdleProver {
  readonly name: string
  /** Milliseconds since the epoch; null when it never failed. */
  readonly lastFailedAt: number | null
  /** Since when it is idle, milliseconds since the epoch. */
  readonly since: number
}

export const TRY_STATES = ['posted', 'proven', 'failed', 'stale', 'timeout', 'lost', 'cancelled'] as const
export type TryState = (typeof TRY_STATES)[number]

export interface PastTry {
  readonly prover: string
  readonly state: TryState
}

export interface WaitingBatch {
  /** The key of its row. */
  readonly batch: string
  readonly tries: readonly PastTry[]
}

export interface Assignment {
  readonly prover: string
  readonly batch: string
}

export interface AssignView {
  readonly idle: readonly IdleProver[]
  /** Names of provers that are not down, idle ones included. */
  readonly alive: readonly string[]
  /** In batch order. */
  readonly waiting: readonly WaitingBatch[]
}

/** At most one batch a prover and one prover a batch. */
export function assign({ idle, alive, waiting }: AssignView): Assignment[] {
  const left = [...idle].sort(byMerit)
  const assignments: Assignment[] = []
  for (const { batch, tries } of waiting) {
    if (left.length === 0) break
    const chosen = choose(left, alive, tries)
    if (chosen === null) continue
    left.splice(left.indexOf(chosen), 1)
    assignments.push({ prover: chosen.name, batch })
  }
  return assignments
}

function choose(left: readonly IdleProver[], alive: readonly string[], tries: readonly PastTry[]): IdleProver | null {
  const strikes = strikesOf(tries)
  const untried = left.find(prover => !strikes.has(prover.name))
  if (untried !== undefined) return untried
  if (alive.some(name => !strikes.has(name))) return null
  const fewest = Math.min(...left.map(prover => strikes.get(prover.name) ?? 0))
  return left.find(prover => strikes.get(prover.name) === fewest) ?? null
}

/** What speaks against a prover for one batch: a failure or timeout at once, a stale or lost proof from the second on. */
function strikesOf(tries: readonly PastTry[]): Map<string, number> {
  const strikes = new Map<string, number>()
  const excused = new Set<string>()
  for (const { prover, state } of tries) {
    if (state === 'posted' || state === 'proven' || state === 'cancelled') continue
    if ((state === 'stale' || state === 'lost') && !excused.has(prover)) excused.add(prover)
    else strikes.set(prover, (strikes.get(prover) ?? 0) + 1)
  }
  return strikes
}

const byMerit = (a: IdleProver, b: IdleProver): number =>
  (a.lastFailedAt ?? -1) - (b.lastFailedAt ?? -1) || a.since - b.since || (a.name < b.name ? -1 : 1)
