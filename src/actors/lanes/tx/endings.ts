/**
 * What becomes of wishes that get no nonce: they wait and say why, they are parked for a person, or they end.
 */
import { sql } from 'kysely'
import type { ParkedFor, StoredSimulation } from '../../../entities/kernel/intent.ts'
import { fenced } from './commit.ts'
import type { Head, Lane } from './lane.ts'
import { tell } from './outcomes.ts'
import type { QueuedIntent } from './queued.ts'

export interface Ending {
  readonly intent: QueuedIntent
  readonly state: 'cancelled' | 'reverted'
  readonly because: string
}

export const tooLate = (intent: QueuedIntent, head: Head): boolean =>
  intent.notAfterBlock !== null && head.number + 1n > intent.notAfterBlock

/** The end of one that cannot land in time any more. */
export const lateEnding = (intent: QueuedIntent, head: Head): Ending => ({
  intent,
  state: 'cancelled',
  because: `too late: the next block is ${head.number + 1n}, it had to land by ${intent.notAfterBlock}`,
})

/** Settles wishes that never had a nonce, and tells their roles. */
export async function endWithoutNonce(lane: Lane, endings: readonly Ending[]): Promise<void> {
  const now = new Date(lane.clock.now())
  await fenced(lane, em =>
    sql`update kernel.intent i set state = n.state, because = n.because, parked_for = null, settled_at = ${now},
        updated_at = ${now}
      from unnest(${endings.map(end => end.intent.id)}::bigint[], ${endings.map(end => end.state)}::text[],
        ${endings.map(end => end.because)}::text[]) as n(id, state, because)
      where i.id = n.id and i.state in ('queued', 'parked')`.execute(em.getKysely()),
  )
  const { chain, account, metrics } = lane.args
  for (const { intent, state, because } of endings) {
    metrics?.settled.add(1, { chain, account, outcome: state })
    lane.log.info('a wish ended without a transaction', { intent: intent.key, state, because })
  }
  tell(lane, new Set(endings.map(end => end.intent.role)))
}

export interface Parking {
  readonly intent: QueuedIntent
  readonly for: ParkedFor
  readonly because: string
  readonly simulation: StoredSimulation | null
}

/** Parks wishes until somebody acts. */
export async function park(lane: Lane, parkings: readonly Parking[]): Promise<void> {
  if (parkings.length === 0) return
  const now = new Date(lane.clock.now())
  await fenced(lane, em =>
    sql`update kernel.intent i set state = 'parked', parked_for = n.parked_for, because = n.because,
        simulation = n.simulation, updated_at = ${now}
      from unnest(${parkings.map(({ intent }) => intent.id)}::bigint[], ${parkings.map(one => one.for)}::text[],
        ${parkings.map(one => one.because)}::text[],
        ${parkings.map(one => (one.simulation ? JSON.stringify(one.simulation) : null))}::jsonb[])
        as n(id, parked_for, because, simulation)
      where i.id = n.id and i.state in ('queued', 'parked')`.execute(em.getKysely()),
  )
  const { chain, account, metrics } = lane.args
  for (const one of parkings) {
    metrics?.parked.add(1, { chain, account, for: one.for })
    lane.log.warn('a wish is parked and waits for a person', { intent: one.intent.key, because: one.because })
  }
}

/** Stores the reason with every wish that waits, once. */
export async function waits(lane: Lane, queued: readonly QueuedIntent[], because: string): Promise<'done'> {
  await fenced(lane, em =>
    sql`update kernel.intent set because = ${because}, updated_at = ${new Date(lane.clock.now())}
      where id = any(${queued.map(intent => intent.id)}::bigint[]) and state = 'queued'
        and because is distinct from ${because}`.execute(em.getKysely()),
  )
  return 'done'
}
