/**
 * The health of one endpoint and the order in which endpoints are asked. Pure: states in, states out.
 */

/**
 * `new`: not yet asked for its chain id. `down`, `limited`: left alone until `until` (ms since the epoch).
 * `quarantined`: it shows an older chain than others. `refused`: it is on another chain.
 */
export type Health =
  | { readonly state: 'new' }
  | { readonly state: 'up' }
  | { readonly state: 'down'; readonly because: string; readonly until: number; readonly failures: number }
  | { readonly state: 'limited'; readonly because: string; readonly until: number }
  | { readonly state: 'quarantined'; readonly because: string }
  | { readonly state: 'refused'; readonly because: string }

/** Milliseconds: the first pause after a failure, the longest one, and the pause when a server does not say. */
export const PAUSES = { min: 500, max: 30_000, limited: 2_000 } as const

/** After a failed request: the pause doubles with each failure in a row; a random half of it is jitter. */
export function afterFailure(health: Health, because: string, now: number, random: number): Health {
  const failures = health.state === 'down' ? health.failures + 1 : 1
  const pause = Math.min(PAUSES.max, PAUSES.min * 2 ** Math.min(failures - 1, 20))
  return { state: 'down', because, failures, until: now + (pause + pause * random) / 2 }
}

/** After "too many requests": as long as the server said. */
export const afterLimit = (because: string, now: number, retryAfterMs: number | null): Health => ({
  state: 'limited',
  because,
  until: now + Math.min(retryAfterMs ?? PAUSES.limited, PAUSES.max),
})

/** Why it is not in use; null when it is. */
export const becauseOf = (health: Health): string | null => ('because' in health ? health.because : null)

interface Known {
  readonly health: Health
  readonly head: bigint | null
}

/**
 * Whom to ask, in this order. Endpoints that are up or new in the order of the configuration; only when there are none,
 * those in quarantine (newest chain first) and those that are down. Never one that is refused, and none that asked for
 * a pause before it is over.
 */
export function inOrder<E extends Known>(endpoints: readonly E[], now: number): E[] {
  const free = endpoints.filter(({ health }) => health.state !== 'limited' || health.until <= now)
  const is = (...states: Health['state'][]): E[] => free.filter(({ health }) => states.includes(health.state))
  const good = is('up', 'limited')
  if (good.length > 0) return [...good, ...is('new')]
  const late = is('quarantined').sort((a, b) => Number((b.head ?? -1n) - (a.head ?? -1n)))
  return [...is('new'), ...late, ...is('down')]
}

/** Whether it should be looked at again in the background. */
export const dueForProbe = (health: Health, now: number): boolean =>
  (health.state === 'down' || health.state === 'limited') && health.until <= now

/** The endpoints that lag more than `maxLag` blocks behind the newest head, with that head. */
export function laggards<E extends { readonly head: bigint | null }>(
  seen: readonly E[],
  maxLag: number,
): { readonly best: bigint; readonly late: readonly E[] } {
  const best = seen.reduce((max, { head }) => (head !== null && head > max ? head : max), 0n)
  return { best, late: seen.filter(({ head }) => head !== null && best - head > BigInt(maxLag)) }
}
